"""The green sofa as staff see it: the agent's page and the shop's tablet, side by side, live."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.stories.town import Shop, Town

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
pytestmark = pytest.mark.page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        yield opened
        opened.close()


def sign_in(town: Town, browser: Browser, login: str, **context: object) -> Page:
    opened = browser.new_context(locale="ja-JP", **context)  # type: ignore[arg-type]
    cookies = town.session(login).items()
    opened.add_cookies(
        [{"name": name, "value": value, "url": town.process.base_url} for name, value in cookies]
    )
    return opened.new_page()


@pytest.fixture
def her(town: Town, shops: list[Shop]) -> dict[str, str]:
    """A customer who looked at a green sofa of her own on her phone."""
    word = uuid.uuid4().hex[:8]
    sku = town.new_item(f"SOFA-{word}", {one.location_id: 1 for one in shops})
    cookie, mail = f"phone-{word}", f"{word}@example.jp"
    sofa = {"sku": sku, "product_id": sku, "name": "緑のベルベットソファ"}
    town.tell("phone", {"type": "track", "event": "Product Viewed", "anonymousId": cookie,
              "properties": sofa})  # fmt: skip
    told = town.tell("chat", {"type": "identify", "anonymousId": cookie,
                     "traits": {"email": mail, "name": "緑川 澄"}})[-1]  # fmt: skip
    customer_id = town.look_up("email", mail, after=told)["customer_id"]
    return {"sku": sku, "customer_id": customer_id, "cookie": cookie, "mail": mail}


def test_held_by_the_agent_seen_at_once_in_the_shop_and_handed_over(
    town: Town, browser: Browser, shop: Shop, her: dict[str, str]
) -> None:
    agent = sign_in(town, browser, "rin", viewport={"width": 1440, "height": 900})
    tablet = sign_in(town, browser, town.staff_of(shop), viewport={"width": 390, "height": 844})
    tablet.goto(f"{town.process.base_url}/stock/pickup")
    agent.goto(f"{town.process.base_url}/customers/{her['customer_id']}")
    expect(agent.locator("h1")).to_contain_text("緑川 澄")
    expect(agent.locator(".timeline")).to_contain_text("緑のベルベットソファ")

    agent.get_by_label(re.compile(f"{shop.name}.*取り置く")).click()
    code = agent.locator("[data-promises] b", has_text=re.compile(r"^\d{6}$")).first.inner_text()

    ticket = tablet.locator(".ticket", has_text=code)  # no reload: it comes by itself
    expect(ticket).to_contain_text("緑川 澄", timeout=30_000)
    if ticket.get_attribute("open") != "":
        ticket.locator(":scope > summary").click()
    ticket.locator(".tick").first.click()
    expect(ticket).to_have_count(0)  # all is picked: it waits among the ready ones
    tablet.locator("input[name='code']").first.fill(code)
    tablet.locator("input[name='code']").first.press("Enter")
    expect(tablet.locator("body")).to_contain_text("お渡し")
    expect(agent.locator(".timeline")).to_contain_text("お渡ししました", timeout=30_000)
    agent.context.close()
    tablet.context.close()


def test_sold_at_the_till_and_both_screens_know_at_once(
    town: Town, browser: Browser, shops: list[Shop], her: dict[str, str]
) -> None:
    shop, other = shops
    agent = sign_in(town, browser, "rin", viewport={"width": 1440, "height": 900})
    tablet = sign_in(town, browser, town.staff_of(shop), viewport={"width": 1024, "height": 768})
    town.hold(her["sku"], shop.location_id, customer_id=her["customer_id"])
    tablet.goto(f"{town.process.base_url}/stock/pickup")
    agent.goto(f"{town.process.base_url}/customers/{her['customer_id']}")
    expect(tablet.locator("main")).to_contain_text("緑川 澄")

    assert town.till(shop.location_id, her["sku"], mode="tell")["status"] == "booked"

    expect(agent.locator(".next")).to_contain_text(other.name, timeout=30_000)
    expect(tablet.locator("main")).to_contain_text(other.name, timeout=30_000)
    agent.context.close()
    tablet.context.close()


def test_her_page_on_a_phone_in_english_and_every_number_opens(
    town: Town, browser: Browser, shop: Shop, her: dict[str, str]
) -> None:
    town.hold(her["sku"], shop.location_id, customer_id=her["customer_id"])
    page = sign_in(town, browser, "demo", viewport={"width": 390, "height": 844})
    page.goto(f"{town.process.base_url}/customers/{her['customer_id']}")
    links = page.eval_on_selector_all(
        "main a[href^='/']", "found => found.map(a => a.getAttribute('href'))"
    )
    assert len(links) >= 5
    for link in dict.fromkeys(links):
        answer = page.request.get(town.process.base_url + link, max_redirects=1)
        assert answer.status == 200, (link, answer.status)
        assert "/sign-in" not in answer.url, link
        assert her["mail"] not in link
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
    page.context.close()
