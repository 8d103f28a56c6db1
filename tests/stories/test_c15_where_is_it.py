"""C15: where is it, near me; and who delivers to this postcode, when, for how much."""

import uuid

import pytest

from tests.stories.town import Town, refused

HOME = "35.70,139.58"


@pytest.fixture
def lamp(town: Town) -> str:
    return town.new_item(f"LAMP-{uuid.uuid4().hex[:8]}", {"yokohama": 2, "warehouse": 5})


def test_a_customer_finds_the_nearest_shop_that_has_it_and_when_it_opens(
    town: Town, lamp: str
) -> None:
    found = town.api("GET", "/stock/availability", params={"sku": lamp, "near": HOME,
                     "radius_km": 60})["items"]  # fmt: skip
    assert [row["location_id"] for row in found] == ["warehouse", "yokohama"]
    assert found[0]["distance_km"] < found[1]["distance_km"]
    assert found[1]["available"] == 2
    assert found[1]["opens_at"] < found[1]["closes_at"]


def test_who_delivers_there_when_and_for_how_much(town: Town, lamp: str) -> None:
    area = uuid.uuid4().hex[:8]
    prefix = "9" + str(int(area, 16))[:6].rjust(6, "0")  # one postcode: nobody else's
    kept = town.api("PUT", "/delivery/zones", json={"zones": [
        {"zone_id": area, "name": {"ja": "試し", "en": "Trial"}, "prefixes": [prefix]}
    ]})  # fmt: skip
    assert kept == {"written": 1, "refused": []}
    kept = town.api("PUT", "/delivery/services", json={"services": [
        {"service_id": f"{area}-parcel", "name": "宅配便", "origin": "warehouse",
         "zone_id": area, "fee": 880, "free_from": 20000, "lead_days_min": 1, "lead_days_max": 2},
        {"service_id": f"{area}-shop", "name": "店から", "origin": "yokohama", "zone_id": area,
         "fee": 500, "lead_days_min": 1, "lead_days_max": 1},
    ]})  # fmt: skip
    assert kept == {"written": 2, "refused": []}
    listed = town.api("GET", "/delivery/services")["items"]
    assert {one["cut_off"] for one in listed if one["zone_id"] == area} == {"15:00"}
    ask = {"postcode": f"{prefix[:3]}-{prefix[3:]}", "lines": [{"sku": lamp, "qty": 3}]}
    said = town.api("POST", "/delivery/options", json=ask)
    (offer,) = said["options"]
    assert (offer["service_id"], offer["fee"]) == (f"{area}-parcel", 880)
    assert offer["ships_on"] < offer["arrives_from"] < offer["arrives_to"]
    assert [(one["service_id"], one["reason"]) for one in said["excluded"]] == [
        (f"{area}-shop", "not_enough_stock")
    ]
    rich = town.api("POST", "/delivery/options", json={**ask, "subtotal": 20000})
    assert rich["options"][0]["fee"] == 0
    # Sold meanwhile: nobody is promised what is not there.
    town.api("POST", "/stock/holds", json={"lines": [
        {"sku": lamp, "location_id": "warehouse", "qty": 3}]})  # fmt: skip
    assert town.api("POST", "/delivery/options", json=ask)["options"] == []


def test_a_postcode_that_is_none_is_refused_and_where_no_service_goes_nothing_is_offered(
    town: Town, lamp: str
) -> None:
    line = {"lines": [{"sku": lamp, "qty": 1}]}
    with refused(422, "invalid"):
        town.api("POST", "/delivery/options", json={"postcode": "abc", **line})
    town.api("PUT", "/delivery/zones", json={"zones": [
        {"zone_id": "nobody-goes", "name": "遠い島", "prefixes": ["0009999"]}
    ]})  # fmt: skip
    nobody = town.api("POST", "/delivery/options", json={"postcode": "000-9999", **line})
    assert nobody == {"zone_id": "nobody-goes", "options": [], "excluded": []}
