"""Every page, in both languages, light and dark, wide, on a phone and at 320 px: open to everybody.

The pages are those of the pictures, of which none may be left out, in a demo that has lived for
some days: so each has something to show. At 320 px a page shows what 1280 px show at 400 %, and 720
px what 1440 px show at 200 %.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.pictures import town as towns
from tests.pictures.pages import SHOTS
from tests.pictures.town import Town

pytestmark = pytest.mark.page

AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS = (720, 390, 320)
DAYS = 12  # enough for one of everything
ANSWERS = {"no-right": 403, "not-found": 404}
Lived = tuple[Town, dict[str, str]]


@pytest.fixture(scope="module")
def lived() -> Iterator[Lived]:
    """A demo, and what of it the addresses need; asked before a browser holds this thread."""
    with tempfile.TemporaryDirectory(prefix="setten-open-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        with towns.started(Path(name), DAYS) as town:
            towns.settled(town)
            yield town, towns.needs(town)


@pytest.fixture(scope="module", params=["ja", "en"])
def windows(request: pytest.FixtureRequest, lived: Lived, chromium: Any) -> Iterator[Any]:
    """One window for each who looks, all in one language."""
    if not AXE.exists():
        pytest.skip("axe-core is not here: run npm install in tests/node")
    town, opened = lived[0], {}
    for login in sorted({shot.login for shot in SHOTS.values()}, key=str):
        if login:
            town.speak(login, request.param)
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900}, base_url=town.url, reduced_motion="reduce",
            locale={"ja": "ja-JP", "en": "en-GB"}[request.param],
        )  # fmt: skip
        context.add_cookies(town.cookies(login) if login else [])
        window = context.new_page()
        window.faults = []
        window.on("pageerror", lambda error, kept=window.faults: kept.append(str(error)))
        opened[login] = window
    yield request.param, opened
    for window in opened.values():
        window.context.close()


def _violations(window: Any, rules: list[str]) -> list[str]:
    if window.evaluate("typeof axe") == "undefined":
        window.evaluate(AXE.read_text("utf-8"))
    found: list[str] = window.evaluate(
        "async (only) => (await axe.run(document, {runOnly: only, resultTypes: ['violations']}))"
        ".violations.map(v => v.id + ': ' + v.nodes.slice(0, 3)"
        ".map(n => n.target.join(' ') + ' ' + n.any.map(a => a.message).join()).join(' | '))",
        rules,
    )
    return found


def _sideways(window: Any) -> int:
    """By how many pixels the sheet is wider than what it is seen through."""
    return int(
        window.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
    )


@pytest.mark.parametrize("name", SHOTS)
def test_a_page_is_open_to_everybody(lived: Lived, windows: Any, name: str) -> None:
    language, opened = windows
    shot, (_, ids) = SHOTS[name], lived
    window = opened[shot.login]
    window.faults.clear()
    # Colours are tokens, shared by all pages: half of the pages are weighed in the dark.
    window.emulate_media(color_scheme=("light", "dark")[len(name) % 2])
    window.set_viewport_size({"width": 1440, "height": 900})
    if missing := [one for one in re.findall(r"{(\w+)}", shot.path) if one not in ids]:
        pytest.skip(f"this demo has no {', '.join(missing)}")
    answer = window.goto(shot.path.format(**ids))
    assert answer.status == ANSWERS.get(name, 200), answer.status
    assert window.locator("html").get_attribute("lang") == language
    assert window.locator("h1").count() == 1
    if language == "ja":  # what axe finds lies in the markup, which both languages share
        assert _violations(window, RULES) == []
    for width in (1440, *WIDTHS):
        window.set_viewport_size({"width": width, "height": 844})
        assert _sideways(window) <= 0, f"wider than {width} px"
    assert window.faults == []
