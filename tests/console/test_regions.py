"""Regions on the console: made, changed, removed, and a place named for what they promised."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from tests.console.house import Browser, House, Shop


@pytest.fixture(scope="module")
def boss(house: House) -> Iterator[Browser]:
    """Somebody who decides for the whole chain."""
    with house.person("page-admin") as browser:
        yield browser


def made(boss: Browser, *shops: Shop) -> str:
    """A new region of these shops."""
    region = f"area-{uuid.uuid4().hex[:8]}"
    form = {"new": "1", "id": region, "name_ja": f"試しの街 {region}", "name_en": f"Town {region}"}
    answer = post(boss, "/stock/regions/edit", shops, **form)
    assert answer == 303
    return region


def post(boss: Browser, path: str, shops: tuple[Shop, ...], **form: str) -> int:
    """A form with a tick for each of the shops."""
    boss.get("/me")
    places = [one.location_id for one in shops]
    return boss.post(path, place=places, **form).status_code  # type: ignore[arg-type]  # a list is one field often


def promised(house: House, region: str, sku: str, qty: int = 1) -> str:
    body = {"region": {"region_id": region}, "lines": [{"sku": sku, "qty": qty}], "ttl_s": 3600}
    answer = house.post_api("/api/v1/stock/holds/regional", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["hold_id"])


def test_what_a_region_promised_waits_on_its_page_until_somebody_names_the_place(
    house: House, boss: Browser
) -> None:
    here, there = house.open_shop(), house.open_shop()
    sku = house.new_item({here.location_id: 3, there.location_id: 3})
    region = made(boss, here, there)
    hold = promised(house, region, sku)
    page = boss.get(f"/stock/regions?id={region}").text
    assert f"/stock/holds/{hold}" in page
    assert "店の決まっていない約束" in page
    assert f"試しの街 {region}" in boss.get("/stock/regions").text
    placed = boss.post("/stock/regions/placing", id=region, hold=hold, to=there.location_id)
    assert placed.status_code == 303, placed.text[-600:]
    assert f"/stock/holds/{hold}" not in boss.get(f"/stock/regions?id={region}").text
    where = house.asked(f"select location_id from stock.holds where hold_id = '{hold}'")
    assert where == there.location_id


def test_an_associate_names_her_own_shop_and_no_other(house: House, boss: Browser) -> None:
    here, there = house.open_shop(), house.open_shop()
    sku = house.new_item({here.location_id: 3, there.location_id: 3})
    region = made(boss, here, there)
    hold = promised(house, region, sku)
    with house.person(here.login) as associate:
        page = associate.get(f"/stock/regions?id={region}").text
        assert here.name in page
        assert f'<option value="{there.location_id}"' not in page
        for to in (there.location_id, ""):
            answer = associate.post("/stock/regions/placing", id=region, hold=hold, to=to)
            assert answer.status_code == 403
        assert associate.get("/stock/regions/edit").status_code == 403
        mine = associate.post("/stock/regions/placing", id=region, hold=hold, to=here.location_id)
        assert mine.status_code == 303


def test_a_place_that_does_not_have_it_is_refused_in_words(house: House, boss: Browser) -> None:
    here, there = house.open_shop(), house.open_shop()
    sku = house.new_item({here.location_id: 2})
    region = made(boss, here, there)
    hold = promised(house, region, sku, 2)
    answer = boss.post("/stock/regions/placing", id=region, hold=hold, to=there.location_id)
    assert (answer.status_code, "在庫が足りません" in answer.text) == (409, True)
    for wrong in ("x", str(uuid.uuid4())):
        again = boss.post("/stock/regions/placing", id=region, hold=wrong, to="")
        assert again.status_code in (404, 422)


def test_a_region_is_changed_and_removed_and_what_it_promised_stays(
    house: House, boss: Browser
) -> None:
    here, there = house.open_shop(), house.open_shop()
    sku = house.new_item({here.location_id: 2})
    region = made(boss, here)
    hold = promised(house, region, sku)
    form = {"id": region, "name_ja": "変えた街", "name_en": ""}
    assert post(boss, "/stock/regions/edit", (here, there), **form) == 303
    assert there.name in boss.get(f"/stock/regions?id={region}").text
    assert post(boss, "/stock/regions/edit", (), **form) == 422
    assert post(boss, "/stock/regions/edit", (here,), new="1", **form) == 422
    assert post(boss, "/stock/regions/edit", (), do="remove", **form) == 303
    assert boss.get(f"/stock/regions?id={region}").status_code == 404
    assert f"/stock/holds/{hold}" in boss.get("/stock/regions").text
    assert house.asked(f"select state from stock.holds where hold_id = '{hold}'") == "held"
