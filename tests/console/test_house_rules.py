"""House rules on a page: read by who works with stock, changed by who decides for the chain."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.console.house import Browser, House, Shop

POLICY = "from stock.return_policies order by policy_id desc limit 1"


@pytest.fixture(scope="module")
def boss(house: House) -> Iterator[Browser]:
    with house.person("page-admin") as browser:
        yield browser


def form_of(page: str) -> dict[str, str]:
    """The form as the page has it, with a reason of our own."""
    found = dict(re.findall(r'name="([a-z_]+)" type="text" value="([^"]*)"', page))
    found["versions"] = re.findall(r'name="versions" value="([^"]*)"', page)[0]
    return found | {"reason": f"試しに変える {uuid.uuid4().hex[:8]}"}


@pytest.fixture(autouse=True)
def as_they_were(house: House, boss: Browser) -> Iterator[None]:
    """The rules are the whole house's: each test leaves them as it found them."""
    before = form_of(boss.get("/stock/rules").text)
    yield
    now = form_of(boss.get("/stock/rules").text)
    back = before | {"versions": now["versions"], "reason": "もとにもどす"}
    assert boss.post("/stock/rules", **back).status_code == 303


def test_a_rule_that_was_changed_holds_for_the_next_hold(
    house: House, boss: Browser, shop: Shop
) -> None:
    form = form_of(boss.get("/stock/rules").text) | {"hold_hours": "5", "extend_hours": "３６"}
    assert boss.post("/stock/rules", **form).status_code == 303
    page = boss.get("/stock/rules").text
    assert form["reason"] in page
    assert "店で受けた取り置きの期限（時間）：2日 → 5時間" in page
    sku = house.new_item({shop.location_id: 3})
    with house.person(shop.login) as clerk:
        clerk.get("/me")
        asked = datetime.now(UTC)
        made = clerk.post("/stock/holds", sku=sku, location_id=shop.location_id, qty="1")
        assert made.status_code == 303, made.text[-500:]
        hold = re.findall(r"held=([0-9a-f-]{36})", made.headers["location"])[0]
        until = house.asked(f"select expires_at from stock.holds where hold_id = '{hold}'")
        assert timedelta(hours=4, minutes=59) < until - asked < timedelta(hours=5, minutes=9)
        assert "36時間に延ばす" in clerk.get(f"/stock/holds/{hold}").text


def test_more_of_one_item_than_the_rules_allow_is_refused_in_words(
    house: House, boss: Browser, shop: Shop
) -> None:
    form = form_of(boss.get("/stock/rules").text) | {"hold_units_max": "2"}
    assert boss.post("/stock/rules", **form).status_code == 303
    sku = house.new_item({shop.location_id: 5})
    with house.person(shop.login) as clerk:
        clerk.get("/me")
        refused = clerk.post("/stock/holds", sku=sku, location_id=shop.location_id, qty="3")
        assert refused.status_code == 409
        assert "1品につき2点まで" in refused.text


def test_rules_of_returning_are_kept_with_them_and_hold_for_every_process(
    house: House, boss: Browser
) -> None:
    form = form_of(boss.get("/stock/rules").text) | {
        "days": "9",
        "unproven_max_minor": "１２，３００",
    }
    assert boss.post("/stock/rules", **form).status_code == 303
    assert house.asked(f"select days || ' ' || unproven_max_minor {POLICY}") == "9 12300"
    assert "レシートなしで返せる合計（円）" in boss.get("/stock/rules").text


def test_what_cannot_be_a_rule_is_said_beside_its_field_and_nothing_is_kept(
    house: House, boss: Browser
) -> None:
    good = form_of(boss.get("/stock/rules").text)
    for wrong in ({"hold_hours": "0"}, {"hold_hours": "721"}, {"days": "-1"}, {"fill_days": "2.5"},
                  {"keep_days": ""}, {"per_customer_days": "０"}):  # fmt: skip
        answer = boss.post("/stock/rules", **(good | {"carry_hours": "77"} | wrong))
        assert answer.status_code == 422, wrong
        assert answer.text.count('aria-invalid="true"') == 1, wrong
        assert 'value="77"' in answer.text, "what was typed stays"
    for reason in ("", " ", "ok", "カード 4111 1111 1111 1111"):
        assert boss.post("/stock/rules", **(good | {"reason": reason})).status_code == 422, reason
    assert form_of(boss.get("/stock/rules").text)["carry_hours"] == good["carry_hours"]


def test_who_changes_what_somebody_else_changed_meanwhile_is_asked_to_look_again(
    house: House, boss: Browser
) -> None:
    opened = form_of(boss.get("/stock/rules").text)
    assert boss.post("/stock/rules", **(opened | {"fill_days": "21"})).status_code == 303
    late = boss.post("/stock/rules", **(opened | {"keep_days": "44", "days": "12"}))
    assert late.status_code == 409
    assert "ほかの人がきまりを変えました" in late.text
    again = form_of(late.text)
    assert (again["keep_days"], again["fill_days"]) == ("44", opened["fill_days"])
    assert house.asked(f"select days {POLICY}") != 12
    assert boss.post("/stock/rules", **(again | {"fill_days": "21"})).status_code == 303


def test_a_shop_reads_the_rules_and_may_not_change_them(
    house: House, boss: Browser, shop: Shop
) -> None:
    form = form_of(boss.get("/stock/rules").text)
    with house.person(shop.login) as clerk:
        page = clerk.get("/stock/rules").text
        assert "返品を受ける日数" in page
        assert 'name="days"' not in page
        assert clerk.post("/stock/rules", **form).status_code == 403


def rules_of(house: House) -> dict[str, int]:
    headers = {"Authorization": f"Bearer {house.key()}"}
    found: dict[str, int] = httpx.get(f"{house.url}/api/v1/stock/rules", headers=headers).json()
    return found


def test_a_program_reads_and_changes_the_rules_and_the_page_tells_why(
    house: House, boss: Browser
) -> None:
    before = rules_of(house)
    hours, reason = before["pickup_hours"] % 700 + 1, f"旺盛期のため {uuid.uuid4().hex[:8]}"
    asked = {"version": before["version"], "reason": reason, "pickup_hours": hours}
    kept = house.put_api("/api/v1/stock/rules", asked).json()
    changed = {"pickup_hours": hours, "version": kept["version"]}
    assert kept == before | changed
    assert kept["version"] > before["version"]
    assert reason in boss.get("/stock/rules").text
    again = house.put_api("/api/v1/stock/rules", asked)
    assert (again.status_code, again.json()["code"]) == (409, "house_rules_changed")
    assert rules_of(house) == kept


@pytest.mark.parametrize("wrong", [
    {"reason": "x"}, {"reason": "    "}, {"reason": "a\u0007bcd"},
    {"reason": "4111 1111 1111 1111"}, {"hold_hours": 0}, {"hold_hours": 10**9},
    {"count_value_free": -1}, {"keep_days": "7"}, {"no_such_rule": 1},
], ids=range(9))  # fmt: skip
def test_what_a_program_may_not_make_a_rule_is_refused_and_changes_nothing(
    house: House, wrong: dict[str, object]
) -> None:
    before = rules_of(house)
    asked = {"version": before["version"], "reason": "ためしに", "fill_days": 20} | wrong
    answer = house.put_api("/api/v1/stock/rules", asked)
    assert answer.status_code in (400, 422), answer.text
    assert rules_of(house) == before
