"""The floor: a shelf counted blind, a difference looked at by another, a transfer counted in."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.console.house import Browser, House, Shop


@pytest.fixture
def sku(house: House, shop: Shop) -> str:
    return house.new_item({shop.location_id: 5})


@pytest.fixture
def associate(house: House, shop: Shop) -> Iterator[Browser]:
    with house.person(shop.login) as browser:
        yield browser


def physical(house: House, shop: Shop, sku: str) -> int:
    return int(
        house.asked(
            f"select on_hand + held from stock.balances where sku = '{sku}'"
            f" and location_id = '{shop.location_id}'"
        )
    )


def open_count(associate: Browser, shop: Shop) -> str:
    associate.get("/stock/counts")
    answer = associate.post("/stock/counts", at=shop.location_id, shelf="")
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["location"])


def uncounted(text: str) -> int:
    """Items that the sheet says are still to be counted; it is silent where there are none."""
    [note] = re.findall(r'id="uncounted"[^>]*>([^<]*)<', text)
    return int("".join(filter(str.isdecimal, note)) or 0)


def test_a_shelf_is_counted_blind_and_a_large_difference_waits_for_another(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    there = physical(house, shop, sku)
    sheet = open_count(associate, shop)
    text = associate.get(sheet).text
    assert "帳簿の数は見せません" in text
    assert 'name="qty"' in text
    given = associate.post(f"{sheet}/lines", sku=sku, qty=str(there + 7))
    assert given.status_code == 303
    assert associate.post(f"{sheet}/submission").status_code == 303
    waiting = associate.get(sheet).text
    assert "確かめ待ち" in waiting
    assert "この数で記帳する" not in waiting
    assert associate.post(f"{sheet}/approval").status_code == 403
    assert physical(house, shop, sku) == there
    with house.person("page-admin") as admin:
        assert "この数で記帳する" in admin.get(sheet).text
        assert admin.post(f"{sheet}/approval").status_code == 303
        assert "記帳ずみ" in admin.get(sheet).text
    assert physical(house, shop, sku) == there + 7


def test_a_number_comes_back_as_its_line_and_nonsense_is_told(
    shop: Shop, sku: str, associate: Browser
) -> None:
    sheet = open_count(associate, shop)
    before = uncounted(associate.get(sheet).text)
    headers = {"HX-Request": "true"}
    form = {"_csrf": associate.token, "sku": sku, "qty": "3"}
    line = associate.http.post(f"{sheet}/lines", data=form, headers=headers)
    assert line.status_code == 200
    assert 'value="3"' in line.text
    assert "hx-swap-oob" in line.text
    assert uncounted(line.text) == before - 1  # the note follows, not only the line
    for bad in ("-1", "viele", "", "99999999"):
        assert associate.post(f"{sheet}/lines", sku=sku, qty=bad).status_code == 422
    assert associate.post(f"{sheet}/lines", sku="ghost", qty="1").status_code == 404
    assert associate.post(f"{sheet}/cancellation").status_code == 303
    assert associate.post(f"{sheet}/submission").status_code == 409


def test_a_transfer_is_sent_and_counted_in_by_parts(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    associate.get("/stock/transfers")
    sent = associate.post(
        "/stock/transfers", at=shop.location_id, to="yokohama", sku=sku, qty="2", ref=f"T-{sku}"
    )
    assert sent.status_code == 303, sent.text[:2000]
    paper = sent.headers["location"]
    assert "移動中" in associate.get(paper).text
    foreign = associate.post(f"{paper}/arrivals", all="1")
    assert foreign.status_code == 403, "only the place it goes to counts it in"
    with house.person("page-admin") as admin:
        admin.get(paper)
        nothing = admin.post(f"{paper}/arrivals", **{f"qty:{sku}": "", f"damaged:{sku}": ""})
        assert (nothing.status_code, "届いた数がまだありません" in nothing.text) == (422, True)
        assert "あと" not in re.sub(r"<[^>]+>", "", admin.get(paper).text)
        damaged_alone = {f"qty:{sku}": "", f"damaged:{sku}": "1"}  # it came, and is broken
        assert admin.post(f"{paper}/arrivals", **damaged_alone).status_code == 303
        part = re.sub(r"<[^>]+>", "", admin.get(paper).text)
        assert "届いた 1　あと1点　傷み 1" in part
        assert admin.post(f"{paper}/closing").status_code == 303
        text = admin.get(paper).text
    assert "欠けて締めた" in text
    assert "届かず 1" in text


def test_who_has_no_shop_chooses_one_and_strangers_to_the_floor_are_kept_out(house: House) -> None:
    with house.person("page-admin") as admin:
        assert "数える場所を選びます" in admin.get("/stock/counts").text
        assert "場所を選びます" in admin.get("/stock/transfers").text
    with house.person("page-marketer") as marketer:
        assert marketer.get("/stock/counts").status_code == 403
        assert marketer.get("/stock/transfers").status_code == 403


def test_a_number_opens_into_everything_behind_it(shop: Shop, sku: str, associate: Browser) -> None:
    here = shop.location_id
    path = f"/stock/why?sku={sku}&at={here}"
    text = associate.get(path).text
    assert "手元にある" in text
    assert "近ごろの動き" in text
    assert associate.get(f"{path}&channel=app&by=2030-01-01").status_code == 200
    assert associate.get(f"{path}&by=yesterday").status_code == 422
    assert associate.get(f"/stock/why?sku=ghost&at={here}").status_code == 404
    asked = associate.get("/stock/why")
    assert asked.status_code == 200
    assert 'name="sku"' in asked.text
    assert f'value="{here}"' in asked.text
    assert associate.get(f"/stock/why?sku={sku}&at=mars").status_code == 404
    assert "なぜこの数か" in associate.get(f"/stock/items/{sku}?at={here}").text


def test_who_approves_decides_a_disagreement_and_others_only_see_it(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    house.run_in_database(
        "insert into stock.disagreements (disagreement_id, system, sku, location_id, ours, theirs,"
        f" first_at, last_at) values (gen_random_uuid(), 'till', '{sku}', '{shop.location_id}', 5,"
        " 4, now(), now())"
    )
    one = house.asked(f"select disagreement_id from stock.disagreements where sku = '{sku}'")
    path, before = f"/stock/disagreements/{one}", physical(house, shop, sku)
    here = f"/stock/disagreements?at={shop.location_id}"
    text = associate.get(here).text
    assert "till" in text
    assert sku in text
    assert path not in text
    assert associate.post(path, outcome="theirs").status_code == 403
    with house.person("page-admin") as admin:
        text = admin.get(here).text
        assert path in text
        assert "相手の数にする" in text
        assert admin.post(path, outcome="both").status_code == 422
        assert admin.post(path, outcome="theirs").status_code == 303
        assert admin.post(path, outcome="ours").status_code == 409
        assert path not in admin.get(here).text
    assert physical(house, shop, sku) == before - 1


def test_what_runs_short_is_asked_for_from_where_it_lies(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    here = shop.location_id
    house.run_in_database(
        "insert into stock.cover (location_id, sku, promisable, sold_28, days, is_dead)"
        f" values ('{here}', '{sku}', 1, 28, 1, false), ('warehouse', '{sku}', 60, 0, null, true)"
    )
    house.reckon(here, "warehouse")
    text = associate.get("/stock/cover").text
    assert sku in text
    assert "13点を頼む" in text
    asked = {"at": here, "sku": sku, "from": "warehouse", "qty": "13"}
    assert associate.post("/stock/cover", **asked).status_code == 303
    listed = associate.get("/stock/transfers").text
    assert "予定" in listed
    paper = re.search(r"/stock/transfers/[0-9a-f-]{36}", listed)
    assert paper
    # Who waits for goods has nothing to press yet, and is told for whom it waits.
    waiting = associate.get(paper[0]).text
    assert "送り出すと、届いた数をここに書けるようになります" in waiting
    assert "/departure" not in waiting
    with house.person("page-admin") as admin:
        assert "送り出すと、届いた数を" not in admin.get(paper[0]).text
    assert associate.post("/stock/cover", **{**asked, "at": "yokohama"}).status_code == 403
    assert associate.post("/stock/cover", **{**asked, "qty": "many"}).status_code == 422
    with house.person("page-admin") as admin:
        assert sku in admin.get("/stock/cover/dead?at=warehouse").text


def test_a_count_of_chosen_goods_says_so_and_one_of_the_place_does_too(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    answer = house.post_api("/api/v1/stock/counts", {"location_id": shop.location_id,
                                                     "skus": [sku]})  # fmt: skip
    assert answer.status_code == 201, answer.text
    chosen = f"/stock/counts/{answer.json()['count_id']}"
    assert "選んだ品" in associate.get(chosen).text
    assert "全部の棚" in associate.get(open_count(associate, shop)).text


def test_why_this_number_asks_for_a_channel_from_a_list(
    house: House, shop: Shop, sku: str, associate: Browser
) -> None:
    path = f"/stock/why?sku={sku}&at={shop.location_id}"
    text = associate.get(f"{path}&channel=app").text
    assert '<option value="app" selected>' in text
    assert '<option value="web">' in text
    assert '<option value="kiosk" selected>' in associate.get(f"{path}&channel=kiosk").text
