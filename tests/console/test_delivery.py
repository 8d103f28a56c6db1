"""Who brings it there, asked beside the item: by a tap, and never in an address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.console.house import House

SOFA = "SOFA-V2-BLU"


def asked(house: House, postcode: str, sku: str) -> str:
    with house.person("page-agent") as agent:
        answer = agent.post("/stock/delivery", postcode=postcode, sku=sku)
    assert answer.status_code == 200
    return str(answer.text)


def a_parcel(house: House) -> str:
    """Something light that the warehouse has."""
    found = house.asked(
        "select sku from stock.balances join stock.items using (sku)"
        " where location_id = 'warehouse' and on_hand > 1 and not attributes ? 'delivery_class'"
        " and price_minor < 11000 order by sku limit 1"
    )
    return str(found)


def test_a_parcel_goes_to_most_places_and_costs_more_the_farther_it_goes(house: House) -> None:
    near, far = asked(house, "180-0004", a_parcel(house)), asked(house, "900-0001", a_parcel(house))
    assert "関東・甲信" in near
    assert "¥880" in near
    assert "沖縄" in far
    assert "¥1,870" in far


def test_furniture_goes_by_its_own_service_and_not_to_the_islands(house: House) -> None:
    assert "家具便" in asked(house, "180-0004", SOFA)
    assert "宅配便" not in asked(house, "180-0004", SOFA)
    assert "この大きさの品を運べる便がありません" in asked(house, "100-0101", SOFA)


def test_what_the_warehouse_has_not_is_not_offered(house: House) -> None:
    assert "お届けに出せる在庫が、いまありません" in asked(house, "180-0004", "SOFA-V2-GRN")


def test_a_postcode_that_is_none_is_said_so(house: House) -> None:
    assert "数字7桁です" in asked(house, "12", SOFA)


def test_an_unknown_item_is_refused(house: House) -> None:
    with house.person("page-agent") as agent:
        assert agent.post("/stock/delivery", postcode="1800004", sku="none").status_code == 404


@pytest.mark.parametrize("width", [1440, 390])
def test_it_is_asked_beside_the_item_and_no_address_holds_the_postcode(
    screen: Any, width: int
) -> None:
    page = screen("page-agent", width=width)
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(f"/stock/items/{SOFA}")
    page.get_by_label("お届け先の郵便番号").fill("１８０−０００４")
    page.get_by_role("button", name="調べる").click()
    page.get_by_text("関東・甲信へ").wait_for()
    assert page.get_by_text("家具便").is_visible()
    assert not [url for url in seen if "180" in url or "１８０" in url]
    assert page.faults == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
