"""One running house for all page tests, and a real Chromium where there is one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import MASTER_KEY, clone, drop
from tests.console.house import House, Shop

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]


@contextmanager
def opened(postgres: str, template: str) -> Iterator[House]:
    """The product over a database of its own, until the end of the block."""
    dsn = clone(postgres, template)
    with tempfile.TemporaryDirectory(prefix="setten-pages-", ignore_cleanup_errors=True) as name:
        running = House(dsn, Path(name), MASTER_KEY)
        try:
            yield running
        finally:
            running.stop()
            drop(postgres, dsn)


@pytest.fixture(scope="session")
def house(postgres: str, template: str) -> Iterator[House]:
    """The product that the tests of a run share."""
    with opened(postgres, template) as running:
        yield running


@pytest.fixture(scope="module")
def shop(house: House) -> Shop:
    """A shop of this module's own."""
    return house.open_shop()


# A browser of Playwright keeps an event loop in its thread: it must end with its module.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A browser that reaches nothing but this machine."""
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def screen(house: House, chromium: Any) -> Iterator[Any]:
    """`screen("page-agent", width=390)` gives a page of somebody signed in."""
    opened = []

    def open_as(
        login: str | None, *, width: int = 1440, theme: str = "light", locale: str = "ja-JP"
    ) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 844 if width < 761 else 900},
            has_touch=width < 761, color_scheme=theme, base_url=house.url, locale=locale,
        )  # fmt: skip
        opened.append(context)
        page = context.new_page()
        page.faults = []
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on(
            "console",
            lambda said: page.faults.append(said.text) if said.type == "error" else None,
        )
        if login:
            context.add_cookies(
                [{"name": name, "value": value, "url": house.url}
                 for name, value in house.session(login).items()]
            )  # fmt: skip
        return page

    yield open_as
    for context in opened:
        context.close()
