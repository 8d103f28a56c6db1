"""Every page, in both languages, light and dark, wide, on a phone and at 320 px: open to everybody.

The pages come from the product's own list: a new one is tried without being named here. At 320 px a
page shows what 1280 px show at 400 %, and 720 px what 1440 px show at 200 %.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from setten.console.routes import PAGES
from tests.console.house import House, Shop

pytestmark = pytest.mark.page

AXE = Path(__file__).parents[1] / "node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PIECES = re.compile(
    r"\.csv$|/live$|/timeline$|^/sign-in/link|^/line/|^/stock$|^/run/identity/changes$"
    r"|/lists/reading$"
)
"""Files, open lines and parts of pages; a door that leads on."""
WIDTHS = (720, 390, 320)
# Where a page needs to be told what of: the word of its address, and one that there is.
VALUES = {
    "customer_id": "select customer_id from customers.customers "
    "where merged_into is null order by customer_id limit 1",
    "event_id": "select event_id from customers.timeline where name = 'receipt.recorded' limit 1",
    "segment_id": "select segment_id from customers.segments order by segment_id limit 1",
    "letter_id": "select dead_letter_id from log.dead_letters order by 1 desc limit 1",
    "hold_id": "select hold_id from stock.holds where state = 'open' limit 1",
    "order_id": "select order_id from stock.orders order by order_id desc limit 1",
    "cart_id": "select cart_id from stock.carts order by cart_id desc limit 1",
    "count_id": "select count_id from stock.counts order by count_id desc limit 1",
    "transfer_id": "select transfer_id from stock.transfers order by transfer_id desc limit 1",
    "return_id": "select return_id from stock.returns order by return_id desc limit 1",
    "zone_id": "select zone_id from stock.delivery_zones limit 1",
    "service_id": "select service_id from stock.delivery_services limit 1",
    "release_id": "select release_id from stock.releases limit 1",
    "sku": "select 'CHAIR-OAK'",
    "stage": "select 'active'",
}
QUERIES = {
    "/customers/segments/compare": "?one={segment_id}&other={segment_id}",
    "/stock/why": "?sku=CHAIR-OAK&at=kichijoji",
    "/stock/promises": "?sku=CHAIR-OAK&at=kichijoji",
    "/stock/places/place": "?at=kichijoji",
    "/stock/places/list": "?at=kichijoji&what=display",
    "/stock/returns/purchase": "?at=kichijoji&order={order_id}",
    "/stock/delivery/zone": "?id={zone_id}",
    "/stock/delivery/service": "?id={service_id}",
    "/stock/releases/release": "?id={release_id}",
    "/stock/places/edit": "?at=kichijoji",
    "/stock/returns/unproven": "?at=kichijoji",
    "/stock/cover": "?at=kichijoji",
    "/stock/pickup": "?at=kichijoji",
}


def _pages() -> list[str]:
    return sorted(
        path
        for page in PAGES
        if "GET" in page.http_methods
        for path in page.paths
        if not PIECES.search(path)
    )


@pytest.fixture(scope="module")
def people(house: House, chromium: Any) -> Iterator[dict[str, Any]]:
    """One window for each: who reads Japanese, who reads English, and a stranger."""
    windows: dict[str, Any] = {}
    for name, login in (("ja", "page-admin"), ("en", "page-english"), ("nobody", None)):
        context = chromium.new_context(
            viewport={"width": 1440, "height": 900},
            base_url=house.url,
            color_scheme="light",
            reduced_motion="reduce",
        )
        if login:
            cookies = house.session(login).items()
            context.add_cookies(
                [{"name": key, "value": value, "url": house.url} for key, value in cookies]
            )
        window = context.new_page()
        window.faults = faults = []
        window.on("pageerror", lambda error, kept=faults: kept.append(str(error)))
        windows[name] = window
    yield windows
    for window in windows.values():
        window.context.close()


def _address(house: House, path: str) -> str:
    """The page's address with something that there is; skips where the town has none of it."""
    path = re.sub(r"\{(\w+):\w+\}", r"{\1}", path) + QUERIES.get(path, "")
    for word in set(re.findall(r"\{(\w+)\}", path)):
        if word not in VALUES:
            pytest.skip(f"nothing here says {word}")
        value = house.asked(VALUES[word])
        if value is None:
            pytest.skip(f"the town has no {word} yet")
        path = path.replace(f"{{{word}}}", str(value))
    return path


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


def _fits(window: Any) -> None:
    for width in WIDTHS:
        window.set_viewport_size({"width": width, "height": 844})
        assert _sideways(window) <= 0, f"wider than {width} px"
    window.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.parametrize("path", _pages())
def test_a_page_is_open_to_everybody(house: House, people: dict[str, Any], path: str) -> None:
    if not AXE.exists():
        pytest.skip("axe-core is not here: run npm install in tests/node")
    address = _address(house, path)
    stranger = path.startswith("/sign-in")
    for language in ("nobody",) if stranger else ("ja", "en"):
        window = people[language]
        window.faults.clear()
        # Colours are tokens, shared by all pages: half of the pages are weighed in the dark.
        window.emulate_media(color_scheme=("light", "dark")[len(path) % 2])
        answer = window.goto(address)
        if answer.status in (404, 409):
            pytest.skip("there is nothing to show of it in this town")
        assert answer.status == 200, answer.status
        if language != "en":
            assert _violations(window, RULES) == []
        else:
            assert window.locator("html").get_attribute("lang") == "en"
        assert _sideways(window) <= 0
        _fits(window)
        assert window.locator("h1").count() == 1
        assert window.faults == []


def test_an_agent_finds_holds_and_is_done_without_a_mouse(
    house: House, screen: Any, shop: Shop
) -> None:
    """N leads to the next step, Enter holds, the slash leads to the next person."""
    sku = house.new_item({shop.location_id: 3})
    who, phone = house.newcomer(name="鍵 盤子")
    house.tell(
        {"type": "track", "event": "Product Viewed", "anonymousId": phone,
         "properties": {"sku": sku, "name": "試し", "price": 1680, "currency": "JPY"}}
    )  # fmt: skip
    page = screen("page-agent")
    page.goto(f"/customers/{who}?sku={sku}")
    expect(page.locator("[data-promises] form button").first).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator(".next")).to_be_focused()
    page.keyboard.press("Tab")
    for _ in range(6):
        if page.evaluate("document.activeElement.matches('.next button')"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").first).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator(".topbar [data-find]")).to_be_focused()
    assert page.faults == []


def test_the_first_tab_leads_past_the_frame(screen: Any) -> None:
    page = screen("page-agent")
    page.goto("/stock/items")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_keys_are_silent_while_letters_are_composed(screen: Any) -> None:
    page = screen("page-agent")
    page.goto("/stock/items")
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown',"
        " {key: '/', bubbles: true, isComposing: true}))"
    )
    assert not page.evaluate("document.activeElement.matches('[data-find]')")


def test_a_slow_line_shows_that_it_works_and_a_lost_one_says_so(screen: Any) -> None:
    page = screen("page-agent")
    page.goto("/customers")
    page.route("**/find", lambda route: None)  # asked, and never answered
    field = page.locator(".finder-page [data-find]").first
    field.fill("佐伯")
    expect(page.locator(".finder-page .htmx-request").first).to_be_attached()
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:sseError'))")
    expect(page.locator(".is-slow-line")).to_be_visible()
    page.evaluate("document.dispatchEvent(new CustomEvent('htmx:sseOpen'))")
    expect(page.locator(".is-slow-line")).to_be_hidden()
