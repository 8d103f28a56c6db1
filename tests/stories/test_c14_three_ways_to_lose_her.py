"""The green sofa, and the three ways in which it is usually lost, each of them closed.

The link leads where nothing can be bought; whoever answers cannot see stock; the hold never reaches
the shop.
"""

from __future__ import annotations

import re
import uuid

import httpx
import pytest

from tests.console.house import Browser
from tests.stories.town import Town, refused

HOME = "35.70,139.58"


@pytest.fixture
def sofa(town: Town) -> str:
    """One in Kichijoji, none in the warehouse, none online."""
    return town.new_item(f"SOFA-{uuid.uuid4().hex[:8]}", {"kichijoji": 1})


def signed_in(town: Town, login: str) -> Browser:
    """Somebody of the staff, by a link that works once."""
    link = town.process.command("users", "link", login)
    browser = Browser(httpx.Client(base_url=town.process.base_url, follow_redirects=True))
    browser.get(httpx.URL(link).path)
    assert browser.post(httpx.URL(link).path).status_code == 200
    return browser


def test_the_link_leads_to_where_it_can_be_bought_and_says_so_when_it_cannot(
    town: Town, sofa: str
) -> None:
    site = town.process.command("keys", "create", "--scope", "public", "--name", "site")

    def seen() -> list[str]:
        asked = {"sku": sofa, "near": HOME, "radius_km": 60}
        found = town.api("GET", "/stock/availability", params=asked, key=site)["items"]
        assert all(row["available"] is None for row in found), "a page is told bands, not numbers"
        return [row["location_id"] for row in found]

    # Nothing to send: the page does not offer it, and the shop near her is what it offers.
    sent = town.api("POST", "/delivery/options", key=site,
                    json={"postcode": "180-0004", "lines": [{"sku": sofa}]})  # fmt: skip
    assert sent["options"] == []
    (place,) = seen()
    # What the page offers can be had: no dead end behind the button.
    assert town.hold(sofa, place).status_code == 201
    # And in the same second nobody else is led there.
    assert seen() == []
    with refused(409, "not_enough_stock"):
        town.hold(sofa, place)


@pytest.mark.parametrize("login", ["rin", "aoi", "ken"])
def test_whoever_answers_her_sees_all_stock_and_may_hold_it(
    town: Town, sofa: str, login: str
) -> None:
    someone = signed_in(town, login)
    page = someone.get(f"/stock/items/{sofa}")
    assert page.status_code == 200
    assert "吉祥寺店" in page.text
    held = someone.post("/stock/holds", sku=sofa, location_id="kichijoji")
    assert held.status_code == 200, held.text[:300]
    assert sofa in {line["sku"] for hold in town.queue("kichijoji") for line in hold["lines"]}


def test_the_hold_is_in_the_shop_at_once_and_the_till_will_not_sell_it(
    town: Town, sofa: str
) -> None:
    hold = town.hold(sofa, "kichijoji", purpose="phone").json()
    shop = signed_in(town, "aoi")
    queue = shop.get("/stock/pickup").text
    assert re.search(rf"\b{hold['code']}\b", queue)
    refusal = town.till("kichijoji", sofa, mode="ask")
    assert refusal["code"] == "promised_to_another"
    # She comes, says the code, and it is hers: the page, the book and the queue agree.
    town.api("POST", f"/stock/holds/{hold['hold_id']}/collect", json={"code": hold["code"]})
    assert hold["code"] not in shop.get("/stock/pickup").text
    assert town.reconcile()["drifts"] == []
