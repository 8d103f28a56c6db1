"""Every page and every call, tried by everybody: who is let in stands in the reference, by name.

A new page or call that is not in docs/reference/rights.md fails here, so that somebody looks at who
may open it before it is there. `SETTEN_WRITE_RIGHTS=1` writes the page anew.
"""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from setten.console.page import ANYONE
from setten.console.routes import PAGES
from setten.platform.auth import ROLES, SCOPES
from tests.console.conftest import opened
from tests.console.house import Browser, House

PAGE = Path(__file__).parents[2] / "docs/reference/rights.md"
INTRODUCTION = """# Rights
Who may open which page, and which key may make which call. Whatever is not named here is refused.
Made by trying every one as everybody (`tests/console/test_doors.py`); a role that works for one
shop is kept to its rows below the page. A page may show some roles less than others.

"""
ENDS_THE_SESSION = "/sign-out"
NOWHERE = {"uuid": str(uuid.UUID(int=7)), "int": "999999999", "str": "nothing", "path": "nothing"}

Answers = dict[str, frozenset[str]]


@pytest.fixture(scope="module")
def fort(postgres: str, template: str) -> Iterator[House]:
    """A house of its own: every form is sent here, empty, by everybody."""
    with opened(postgres, template) as running:
        yield running


def _doors() -> list[tuple[str, str]]:
    """(method, address with its parameters' kinds) of every page behind the door."""
    found = {
        (method, path)
        for page in PAGES
        for method in page.http_methods & {"GET", "POST"}
        for path in page.paths
        if page.opt.get("right") != ANYONE and path != ENDS_THE_SESSION
    }
    return sorted(found, key=lambda door: (door[1], door[0]))


def _filled(path: str) -> str:
    return re.sub(r"\{\w+:(\w+)\}", lambda found: NOWHERE[found[1]], path)


def _knock(browser: Browser, method: str, path: str) -> httpx.Response:
    """Ask; a page that is let in and never ends is not read."""
    if method == "POST":
        return browser.post(_filled(path))
    with browser.http.stream("GET", _filled(path)) as answer:
        if answer.status_code == 403:
            answer.read()
        return answer


def _entered(house: House, login: str) -> set[tuple[str, str]]:
    doors = set()
    with house.person(login) as browser:
        for method, path in _doors():
            answer = _knock(browser, method, path)
            assert answer.status_code < 500, (login, method, path)
            assert answer.status_code != 401, (login, method, path)
            if answer.status_code != 403 or "no_right" not in answer.text:
                doors.add((method, path))
    return doors


def _pages(house: House) -> Answers:
    rights: dict[str, set[str]] = {f"{method} {path}": set() for method, path in _doors()}
    for role in ROLES:
        house.hire(f"door-{role}", role)
        for method, path in _entered(house, f"door-{role}"):
            rights[f"{method} {path}"].add(role)
    return {door: frozenset(roles) for door, roles in rights.items()}


def _operations(house: House) -> list[tuple[str, str]]:
    published = httpx.get(f"{house.url}/api/openapi.json", timeout=30).json()["paths"]
    return sorted(
        ((method.upper(), path) for path, verbs in published.items() for method in verbs),
        key=lambda operation: (operation[1], operation[0]),
    )


def _call(house: House, method: str, path: str, key: str | None) -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    filled = re.sub(r"\{\w+\}", NOWHERE["uuid"], path)
    body: dict[str, Any] = {} if method == "GET" else {"json": {}}
    answer = httpx.request(method, house.url + filled, headers=headers, timeout=30, **body)
    assert answer.status_code < 500, (method, path)
    return answer.status_code


def _calls(house: House, keys: Mapping[str, str]) -> Answers:
    rights: Answers = {}
    for method, path in _operations(house):
        codes = {scope: _call(house, method, path, key) for scope, key in keys.items()}
        assert 401 not in codes.values(), (method, path)
        rights[f"{method} {path}"] = frozenset(
            scope for scope, code in codes.items() if code != 403
        )
    return rights


def _table(kinds: tuple[str, ...], rights: Answers) -> str:
    lines = [f"| | {' | '.join(kinds)} |", "|---|" + "---|" * len(kinds)]
    for door, let_in in rights.items():
        marks = " | ".join("●" if kind in let_in else "" for kind in kinds)
        lines.append(f"| `{re.sub(r':[a-z]+}', '}', door)}` | {marks} |")
    return "\n".join(lines) + "\n"


def test_every_page_and_call_opens_to_whom_the_reference_names_and_to_nobody_else(
    fort: House,
) -> None:
    keys = {scope: fort.key(scope) for scope in SCOPES}
    told = (
        f"{INTRODUCTION}## Pages\n{_table(ROLES, _pages(fort))}\n"
        f"## Calls\n{_table(SCOPES, _calls(fort, keys))}"
    )
    if os.environ.get("SETTEN_WRITE_RIGHTS"):
        PAGE.write_text(told, encoding="utf-8")
    assert told == PAGE.read_text(encoding="utf-8")


def test_every_page_names_whom_it_opens_to() -> None:
    closed = [page.paths for page in PAGES if not page.opt.get("right")]
    assert closed == []


def test_a_stranger_is_led_to_the_door_from_every_page(fort: House) -> None:
    with fort.stranger() as browser:
        for method, path in _doors():
            answer = _knock(browser, method, path)
            assert answer.status_code in (303, 403), (method, path)
            if answer.status_code == 303:
                assert answer.headers["location"].startswith("/sign-in"), (method, path)


def test_no_call_is_made_without_a_key_or_with_one_of_another_kind(fort: House) -> None:
    write_key = str(fort.asked("select write_key from ingest.write_keys limit 1"))
    for method, path in _operations(fort):
        for key in (None, write_key):
            assert _call(fort, method, path, key) == 401, (method, path, key)


def test_a_form_without_the_token_of_its_page_changes_nothing(fort: House) -> None:
    with fort.person("page-admin") as admin:
        for method, path in _doors():
            if method == "POST":
                answer = admin.http.post(_filled(path), data={"_csrf": "of another page"})
                assert (answer.status_code, "stale_page" in answer.text) == (403, True), path
