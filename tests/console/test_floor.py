"""The floor: a shelf counted blind, a difference looked at by another, a transfer counted in."""

from __future__ import annotations

import re

from tests.console.house import House

SKU, PLACE = "KETTLE-IRON", "kichijoji"


def physical(house: House, sku: str = SKU, place: str = PLACE) -> int:
    return int(
        house.asked(
            f"select on_hand + held from stock.balances where sku = '{sku}'"
            f" and location_id = '{place}'"
        )
    )


def open_count(house: House, associate: object, shelf: str = "") -> str:
    associate.get("/stock/counts")  # type: ignore[attr-defined]
    answer = associate.post("/stock/counts", at=PLACE, shelf=shelf)  # type: ignore[attr-defined]
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["location"])


def test_a_shelf_is_counted_blind_and_a_large_difference_waits_for_another(house: House) -> None:
    there = physical(house)
    with house.person("page-associate") as associate:
        sheet = open_count(house, associate)
        text = associate.get(sheet).text
        assert "帳簿の数は見せません" in text
        assert 'name="qty"' in text
        given = associate.post(f"{sheet}/lines", sku=SKU, qty=str(there + 7))
        assert given.status_code == 303
        assert associate.post(f"{sheet}/submission").status_code == 303
        waiting = associate.get(sheet).text
        assert "確かめ待ち" in waiting
        assert "この数で記帳する" not in waiting
        assert associate.post(f"{sheet}/approval").status_code == 403
    assert physical(house) == there
    with house.person("page-admin") as admin:
        assert "この数で記帳する" in admin.get(sheet).text
        assert admin.post(f"{sheet}/approval").status_code == 303
        assert "記帳ずみ" in admin.get(sheet).text
    assert physical(house) == there + 7


def test_a_number_comes_back_as_its_line_and_nonsense_is_told(house: House) -> None:
    with house.person("page-associate") as associate:
        sheet = open_count(house, associate)
        associate.get(sheet)
        headers = {"HX-Request": "true"}
        form = {"_csrf": associate.token, "sku": SKU, "qty": "3"}
        line = associate.http.post(f"{sheet}/lines", data=form, headers=headers)
        assert line.status_code == 200
        assert 'value="3"' in line.text
        assert "hx-swap-oob" in line.text
        for bad in ("-1", "viele", "", "99999999"):
            assert associate.post(f"{sheet}/lines", sku=SKU, qty=bad).status_code == 422
        assert associate.post(f"{sheet}/lines", sku="ghost", qty="1").status_code == 404
        assert associate.post(f"{sheet}/cancellation").status_code == 303
        assert associate.post(f"{sheet}/submission").status_code == 409


def test_a_transfer_is_sent_and_counted_in_by_parts(house: House) -> None:
    with house.person("page-associate") as associate:
        associate.get("/stock/transfers")
        sent = associate.post(
            "/stock/transfers", at=PLACE, to="yokohama", sku=SKU, qty="2", ref="PAGE-7"
        )
        assert sent.status_code == 303, sent.text[:2000]
        paper = sent.headers["location"]
        assert "移動中" in associate.get(paper).text
        foreign = associate.post(f"{paper}/arrivals", all="1")
        assert foreign.status_code == 403, "only the place it goes to counts it in"
    with house.person("page-admin") as admin:
        admin.get(paper)
        form = {f"qty:{SKU}": "1", f"damaged:{SKU}": "1"}
        assert admin.post(f"{paper}/arrivals", **form).status_code == 303
        assert "あと" not in re.sub(r"<[^>]+>", "", admin.get(paper).text)
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


def test_a_number_opens_into_everything_behind_it(house: House) -> None:
    with house.person("page-associate") as associate:
        path = f"/stock/why?sku={SKU}&at={PLACE}"
        text = associate.get(path).text
        assert "手元にある" in text
        assert "近ごろの動き" in text
        assert associate.get(f"{path}&channel=app&by=2030-01-01").status_code == 200
        assert associate.get(f"{path}&by=yesterday").status_code == 422
        assert associate.get(f"/stock/why?sku=ghost&at={PLACE}").status_code == 404
        assert associate.get(f"/stock/why?sku={SKU}&at=mars").status_code == 404
        assert "なぜこの数か" in associate.get(f"/stock/items/{SKU}?at={PLACE}").text


def test_who_approves_decides_a_disagreement_and_others_only_see_it(house: House) -> None:
    house.run_in_database(
        "insert into stock.disagreements (disagreement_id, system, sku, location_id, ours, theirs,"
        f" first_at, last_at) values (gen_random_uuid(), 'till', '{SKU}', '{PLACE}', 5, 4, now(),"
        " now())"
    )
    one = house.asked("select disagreement_id from stock.disagreements where ended_at is null")
    before = physical(house)
    with house.person("page-associate") as associate:
        text = associate.get("/stock/disagreements").text
        assert "till" in text
        assert "相手の数にする" not in text
        answer = associate.post(f"/stock/disagreements/{one}", outcome="theirs")
        assert answer.status_code == 403
    with house.person("page-admin") as admin:
        assert "相手の数にする" in admin.get("/stock/disagreements").text
        assert admin.post(f"/stock/disagreements/{one}", outcome="both").status_code == 422
        assert admin.post(f"/stock/disagreements/{one}", outcome="theirs").status_code == 303
        assert admin.post(f"/stock/disagreements/{one}", outcome="ours").status_code == 409
        assert "食い違いはありません" in admin.get("/stock/disagreements").text
    assert physical(house) == before - 1


def test_what_runs_short_is_asked_for_from_where_it_lies(house: House) -> None:
    house.run_in_database(
        "insert into stock.cover (location_id, sku, promisable, sold_28, days, is_dead,"
        f" reckoned_at) values ('{PLACE}', '{SKU}', 1, 28, 1, false, now()),"
        f" ('warehouse', '{SKU}', 60, 0, null, true, now())"
        " on conflict (location_id, sku) do update set promisable = excluded.promisable,"
        " sold_28 = excluded.sold_28, days = excluded.days, is_dead = excluded.is_dead"
    )
    with house.person("page-associate") as associate:
        text = associate.get("/stock/cover").text
        assert "13点を頼む" in text
        asked = {"at": PLACE, "sku": SKU, "from": "warehouse", "qty": "13"}
        assert associate.post("/stock/cover", **asked).status_code == 303
        assert "予定" in associate.get("/stock/transfers").text
        assert associate.post("/stock/cover", **{**asked, "at": "yokohama"}).status_code == 403
        assert associate.post("/stock/cover", **{**asked, "qty": "many"}).status_code == 422
    with house.person("page-admin") as admin:
        assert "鉄瓶" in admin.get("/stock/cover?at=warehouse&what=dead").text
