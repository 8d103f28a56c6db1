"""The pictures of all pages leave none out: what is behind the door is looked at."""

from __future__ import annotations

import re

from setten.console.routes import PAGES
from tests.pictures.pages import NEEDS, NOT_PICTURED, SHOTS

_NO_PAGE = re.compile(r"\.\w+$|/live$")  # a table to take away, what goes on by itself


def _addresses() -> set[str]:
    return {
        path
        for page in PAGES
        if "GET" in page.http_methods
        for path in page.paths
        if not _NO_PAGE.search(path)
    }


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", path)
    return re.compile("[^/?]+".join(map(re.escape, parts)) + r"(\?.*)?")


def test_every_page_is_in_the_pictures_or_named_as_none() -> None:
    shown = [shot.path for shot in SHOTS.values()]
    missing = {
        path
        for path in _addresses() - NOT_PICTURED
        if not any(_pattern(path).fullmatch(one) for one in shown)
    }
    assert not missing


def test_every_address_knows_what_it_needs() -> None:
    needed = {name for shot in SHOTS.values() for name in re.findall(r"{(\w+)}", shot.path)}
    assert needed == set(NEEDS) | {"saeki", "file"}
