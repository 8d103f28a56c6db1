"""The green sofa, and the three ways in which it is usually lost, each of them closed.

The link leads where nothing can be bought; whoever answers cannot see stock; the hold never reaches
the shop.
"""

from __future__ import annotations

import re
import uuid

import pytest

from tests.stories.town import Shop, Town, refused

HOME = "35.70,139.58"


@pytest.fixture
def sofa(town: Town, shop: Shop) -> str:
    """One in the shop near her, none in the warehouse, none online."""
    return town.new_item(f"SOFA-{uuid.uuid4().hex[:8]}", {shop.location_id: 1})


def test_the_link_leads_to_where_it_can_be_bought_and_says_so_when_it_cannot(
    town: Town, shop: Shop, sofa: str
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
    assert place == shop.location_id
    # What the page offers can be had: no dead end behind the button.
    assert town.hold(sofa, place).status_code == 201
    # And in the same second nobody else is led there.
    assert seen() == []
    with refused(409, "not_enough_stock"):
        town.hold(sofa, place)


@pytest.mark.parametrize("login", ["rin", "aoi", "ken"])
def test_whoever_answers_her_sees_all_stock_and_may_hold_it(
    town: Town, shop: Shop, sofa: str, login: str
) -> None:
    someone = town.person(login)
    page = someone.get(f"/stock/items/{sofa}")
    assert page.status_code == 200
    assert shop.name in page.text
    held = someone.post("/stock/holds", sku=sofa, location_id=shop.location_id)
    assert held.status_code == 200, held.text[:300]
    waiting = town.queue(shop.location_id)
    assert sofa in {line["sku"] for hold in waiting for line in hold["lines"]}


def test_the_hold_is_in_the_shop_at_once_and_the_till_will_not_sell_it(
    town: Town, shop: Shop, sofa: str
) -> None:
    hold = town.hold(sofa, shop.location_id, purpose="phone").json()
    associate = town.person(town.staff_of(shop))
    queue = associate.get("/stock/pickup").text
    assert re.search(rf"\b{hold['code']}\b", queue)
    refusal = town.till(shop.location_id, sofa, mode="ask")
    assert refusal["code"] == "promised_to_another"
    # She comes, says the code, and it is hers: the page, the book and the queue agree.
    town.api("POST", f"/stock/holds/{hold['hold_id']}/collect", json={"code": hold["code"]})
    assert hold["code"] not in associate.get("/stock/pickup").text
    assert town.reconcile()["drifts"] == []
