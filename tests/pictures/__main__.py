"""Take the pictures."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.console.conftest import CHROMIUM, FLAGS
from tests.pictures.pages import SHOTS, Shot
from tests.pictures.town import Town, needs, settled, started

WIDTHS, LOCALES, THEMES = (1440, 390), ("ja", "en"), ("light", "dark")
LOOKS = tuple(f"{w}-{locale}-{theme}" for locale in LOCALES for w in WIDTHS for theme in THEMES)
README = {"customer-ja": "1440-ja-light", "customer-en": "1440-en-light"}
DAYS = 91
FOLDED = 2600  # of a long page no more is shown, pixels
_SETTLED_MS = 350
_DOCS = Path(__file__).parents[2] / "docs/pictures"


def take(
    town: Town, browser: Any, ids: dict[str, str], shots: dict[str, Shot], look: str, folder: Path
) -> list[str]:
    """Every shot in one look; what went wrong, in words."""
    _, locale, _ = look.split("-")
    faults = []
    for login in {shot.login for shot in shots.values() if shot.login}:
        town.speak(login, locale)
    for name, shot in shots.items():
        missing = [one for one in re.findall(r"{(\w+)}", shot.path) if one not in ids]
        if missing:
            faults.append(f"{name}: this town has no {', '.join(missing)}")
            continue
        path = shot.path.format(**ids)
        faults += _shoot(town, browser, shot, path, look, folder / f"{name}-{look}.png")
    sys.stdout.write(f"{look}: {len(shots)} pages\n")
    return faults


def _shoot(town: Town, browser: Any, shot: Shot, path: str, look: str, file: Path) -> list[str]:
    width, locale, theme = look.split("-")
    is_small = int(width) < 761
    context = browser.new_context(
        viewport={"width": int(width), "height": 844 if is_small else 900},
        device_scale_factor=2 if is_small else 1, has_touch=is_small, color_scheme=theme,
        base_url=town.url, locale="ja-JP" if locale == "ja" else "en-GB",
    )  # fmt: skip
    if shot.login:
        context.add_cookies(town.cookies(shot.login))
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(f"{file.name}: {error}"))
    answer = page.goto(path)
    page.wait_for_timeout(_SETTLED_MS)
    if answer.status >= 500:
        faults.append(f"{file.name}: {path} answered {answer.status}")
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if wide > 0:
        faults.append(f"{file.name}: {wide} px wider than the screen")
    high = min(FOLDED, page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size({"width": int(width), "height": max(high, 844)})
    page.screenshot(path=str(file))
    context.close()
    return faults


def picture(town: Town, browser: Any, ids: dict[str, str], folder: Path) -> None:
    """The pictures of README and docs: the first screenful of a page."""
    for name, look in README.items():
        page_name = name.rpartition("-")[0]
        shot = SHOTS[page_name]
        width, locale, theme = look.split("-")
        town.speak(str(shot.login), locale)
        context = browser.new_context(
            viewport={"width": int(width), "height": 900}, color_scheme=theme,
            base_url=town.url, locale=locale,
        )  # fmt: skip
        context.add_cookies(town.cookies(str(shot.login)))
        page = context.new_page()
        page.goto(shot.path.format(**ids))
        page.wait_for_timeout(_SETTLED_MS)
        page.screenshot(path=str(folder / f"{name}.png"))
        context.close()


def run(town: Town, asked: argparse.Namespace) -> list[str]:
    """All that was asked for, of one town."""
    folder = Path(asked.folder)
    folder.mkdir(parents=True, exist_ok=True)
    shots = {name: SHOTS[name] for name in asked.only or SHOTS}
    ids = needs(town)  # Playwright keeps a loop of its own in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            if asked.readme:
                picture(town, browser, ids, _DOCS)
                return []
            return [
                fault
                for look in asked.looks or LOOKS
                for fault in take(town, browser, ids, shots, look, folder)
            ]
        finally:
            browser.close()


def main() -> int:
    """Read what is asked, take it, tell what was wrong with the pages."""
    said = argparse.ArgumentParser(prog="python -m tests.pictures")
    said.add_argument("folder", nargs="?", default="pictures")
    said.add_argument("--of", help="the data directory of a demo that runs")
    said.add_argument("--only", nargs="+", choices=SHOTS, metavar="NAME")
    said.add_argument("--looks", nargs="+", choices=LOOKS, metavar="WIDTH-LANGUAGE-THEME")
    said.add_argument("--readme", action="store_true", help="make the pictures of the docs anew")
    asked = said.parse_args()
    if asked.of:
        faults = run(Town(Path(asked.of)), asked)
    else:
        with tempfile.TemporaryDirectory(prefix="setten-pictures-") as name:
            Path(name).chmod(0o755)
            with started(Path(name), DAYS) as town:
                settled(town)
                faults = run(town, asked)
    sys.stdout.writelines(f"{fault}\n" for fault in faults)
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
