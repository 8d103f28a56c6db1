"""Without a mouse, while letters are composed, and on a slow line."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.console.house import House, Shop

pytestmark = pytest.mark.page


def test_an_agent_finds_holds_and_is_done_without_a_mouse(
    house: House, screen: Any, shop: Shop
) -> None:
    """N leads to the next step, Enter holds, C and Ctrl Enter write, the slash leads on."""
    sku = house.new_item({shop.location_id: 3})
    who, phone = house.newcomer(name="鍵 盤子")
    viewed = str(uuid.uuid4())
    house.tell(
        {"type": "track", "event": "Product Viewed", "anonymousId": phone, "messageId": viewed,
         "properties": {"sku": sku, "name": "試し", "price": 1680, "currency": "JPY"}}
    )  # fmt: skip
    house.on_timeline(viewed)  # or the step is drawn anew while the keys are pressed
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
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("c")
    page.keyboard.type("夕方に受け取りたい")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-talk]")).to_contain_text("夕方に受け取りたい")
    expect(page.locator("[data-talk] .is-ours")).to_contain_text("夕方に受け取りたい")
    expect(page.locator(".composer textarea")).to_have_value("")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    expect(page.locator(".topbar [data-find]")).to_be_focused()
    page.goto("/customers")
    expect(page.locator(".finder-page [data-find]")).to_be_focused()
    page.keyboard.type("/2266")
    expect(page.locator(".finder-page [data-find]")).to_have_value("2266")
    assert page.faults == []


def test_who_counts_a_shelf_goes_from_goods_to_goods_with_one_key(
    house: House, screen: Any
) -> None:
    own = house.open_shop()
    for _ in range(2):
        house.new_item({own.location_id: 3})
    page = screen(own.login, width=390)
    page.goto("/stock/counts")
    page.get_by_role("button", name="数えはじめる").click()
    fields = page.locator(".count-line input.num")
    expect(fields).to_have_count(2)
    fields.first.fill("3")
    fields.first.press("Enter")
    expect(page.locator(".count-line.is-counted")).to_have_count(1)
    expect(fields.nth(1)).to_be_focused()
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


@pytest.mark.parametrize(
    "path",
    ["/customers/segments", "/customers/segments/new", "/run/staff", "/stock/delivery",
     "/stock/items", "/stock/orders", "/stock/places", "/stock/releases", "/stock/carts",
     "/stock/returns/unproven?at=kichijoji", "/stock/pickup?at=kichijoji", "/customers/{who}",
     "/customers/{who}/links"],
)  # fmt: skip
def test_the_help_lists_the_keys_that_work_on_a_page(house: House, path: str) -> None:
    who, _ = house.newcomer()
    with house.person("page-admin") as admin:
        answer = admin.get(path.format(who=who))
    assert answer.status_code == 200
    works = set(re.findall('data-key="([A-Z])"', answer.text))
    listed = set(re.findall('<dt><kbd class="kbd">([A-Z])</kbd> </dt>', answer.text))
    # A step, and goods to hold, come and go while a page is open.
    assert works <= listed <= works | {"H", "N"}
    assert ("H" in listed) == ("T" in works)
