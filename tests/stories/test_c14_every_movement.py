"""C14: every movement a shop has, from outside; and the day of its tills."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.stories.town import Town, refused

PLACE, OTHER = "kichijoji", "yokohama"


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def cup(town: Town) -> str:
    return town.new_item(unique("CUP"), {PLACE: 10})


def balance(town: Town, sku: str, place: str = PLACE) -> dict[str, int]:
    found = town.api("GET", "/stock/balances", params={"sku": sku})["items"]
    return next((row for row in found if row["location_id"] == place), {"on_hand": 0, "held": 0})


def receipt(sku: str, *, sequence: str, day: str, at: datetime, qty: int = 1, **more: Any) -> Any:
    return {
        "location_id": PLACE, "register": "7", "sequence": sequence, "business_day": day,
        "at": at.isoformat(), "mode": "tell",
        "lines": [{"sku": sku, "qty": qty, "amount": 1000 * qty, "tax_rate": 0.1}],
        "tenders": [{"kind": "cash", "amount": 1000 * qty}], "tax": [], "coupons": [], **more,
    }  # fmt: skip


def told(town: Town, *receipts: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = town.api("POST", "/receipts", json={"receipts": list(receipts)})[
        "results"
    ]
    return found


def test_spoilt_goods_wait_or_go_with_their_reason(town: Town, cup: str) -> None:
    def move(kind: str, qty: int, reason: str | None = None) -> dict[str, Any]:
        return {"kind": kind, "sku": cup, "location_id": PLACE, "qty": qty, "reason": reason}

    answer = town.api("POST", "/stock/movements", json={"movements": [
        move("damage", 1, "broken"), move("quarantine", 3, "recall"), move("unquarantine", 1),
        move("dispose", 1, "expired"), move("damage", 1)]})  # fmt: skip
    assert (answer["booked"], [r["reason"] for r in answer["refused"]]) == (4, ["reason_missing"])
    row = balance(town, cup)
    assert (row["on_hand"], row["quarantine"]) == (7, 1)


def test_a_transfer_is_counted_in_by_parts_and_the_rest_is_lost(town: Town, cup: str) -> None:
    paper = {
        "from_location": PLACE, "to_location": OTHER, "ref": unique("T"),
        "lines": [{"sku": cup, "qty": 6}],
    }  # fmt: skip
    sent = town.api("POST", "/stock/transfers", json=paper)
    assert sent["state"] == "shipped"
    assert town.api("POST", "/stock/transfers", json=paper)["transfer_id"] == sent["transfer_id"]
    path = f"/stock/transfers/{sent['transfer_id']}"
    part = town.api("POST", f"{path}/receive", json={"lines": [
        {"sku": cup, "qty": 4, "damaged": 1}]})  # fmt: skip
    assert (part["state"], part["lines"][0]["open"]) == ("shipped", 2)
    row = balance(town, cup, OTHER)
    assert (row["on_hand"], row["quarantine"]) == (3, 1)
    closed = town.api("POST", f"{path}/close", json={})
    assert (closed["state"], closed["lines"][0]["missing"]) == ("closed", 2)
    with refused(409, "transfer_ended"):
        town.api("POST", f"{path}/receive", json={"lines": [{"sku": cup, "qty": 1}]})
    assert ("transfer_missing", cup) in {(one["kind"], one["sku"]) for one in town.tasks(PLACE)}


def test_counting_goes_on_while_selling_goes_on(town: Town, cup: str) -> None:
    sheet = town.api("POST", "/stock/counts", json={"location_id": PLACE, "skus": [cup]})
    path = f"/stock/counts/{sheet['count_id']}"
    # Nine are on the shelf; two more are sold before the counter is done.
    seen = town.api("POST", f"{path}/lines", json={"lines": [{"sku": cup, "qty": 9}]})
    assert (seen["lines"][0]["counted"], seen["lines"][0]["expected"]) == (9, None)
    assert town.till(PLACE, cup, mode="tell", qty=2)["status"] == "booked"
    done = town.api("POST", f"{path}/submit", json={})
    # One is missing: worth more than may pass without a second look.
    assert done["state"] == "waiting"
    assert (done["lines"][0]["expected"], done["lines"][0]["differs"]) == (10, -1)
    with refused(403, "same_counter"):
        town.api("POST", f"{path}/approve", json={})
    second = town.process.command(
        "keys", "create", "--scope", "server", "--name", unique("second")
    ).strip()
    booked = town.api("POST", f"{path}/approve", json={}, key=second)
    assert booked["state"] == "booked"
    assert balance(town, cup)["on_hand"] == 7


def test_a_day_of_tills(town: Town, cup: str, tmp_path: Path) -> None:
    """Offline till, double telling, a correction, a promised unit sold, 26:00, Shift_JIS."""
    now = datetime.now(UTC).replace(microsecond=0)
    day = now.date().isoformat()

    # A customer is promised eight; the tills do not know.
    held = town.hold(cup, PLACE, qty=8).json()

    # The till was offline since noon and tells in the evening, twice, as it is not sure.
    noon = now - timedelta(hours=6)
    batch = [receipt(cup, sequence=unique("a"), day=day, at=noon),
             receipt(cup, sequence=unique("b"), day=day, at=noon)]  # fmt: skip
    assert [one["status"] for one in told(town, *batch)] == ["booked", "booked"]
    assert [one["status"] for one in told(town, *batch)] == ["already", "already"]
    assert balance(town, cup)["on_hand"] == 0

    # One of them was keyed wrong: not one but two. The correction names what it replaces.
    (first,) = told(town, batch[0])
    changed = {**batch[0], "lines": [{**batch[0]["lines"][0], "qty": 2, "amount": 2000}]}
    with refused(409, "receipt_differs"):
        told(town, changed)
    fixed = told(town, {**changed, "replaces": first["receipt_id"]})[0]
    # That second unit was promised to somebody: she hears at once, her shop gets a task.
    assert (fixed["status"], [one["hold_id"] for one in fixed["short"]]) == (
        "booked", [held["hold_id"]])  # fmt: skip
    assert town.api("GET", f"/stock/holds/{held['hold_id']}")["state"] == "short"

    # The night till closes at 26:00 and writes a file as such tills do.
    night = (now - timedelta(days=1)).date()
    columns = tmp_path / "tills.toml"
    columns.write_text(
        'currency = "JPY"\n[columns]\nlocation_id = "店舗"\nregister = "レジ"\nsequence = "伝票"\n'
        'business_day = "営業日"\nat = ["営業日", "時刻"]\nsku = "品番"\n'
        'qty = "点数"\namount = "金額"\n',
        encoding="utf-8",
    )
    rows = tmp_path / "till.csv"
    sequence = unique("n")
    text = "店舗,レジ,伝票,営業日,時刻,品番,点数,金額\n" + (
        f"{PLACE},一番①,{sequence},{night:%Y/%m/%d},25:40,{cup},1,1000\n"
    )
    rows.write_bytes(text.encode("cp932"))
    before = balance(town, cup)["on_hand"]
    for expected in ("new", "same"):
        answer = json.loads(
            town.process.command(
                "import", "receipts", str(rows), "--mapping", str(columns), "--move-stock", "--json"
            )
        )
        assert answer["files"][0][expected] == 1
        assert answer["files"][0]["refused"] == 0
    assert balance(town, cup)["on_hand"] == before - 1
    assert town.reconcile()["drifts"] == []


def test_an_outside_systems_number_is_compared_and_decided_never_written_over(
    town: Town, cup: str
) -> None:
    def tell(to: int, sequence: int, expected: int | None = None) -> dict[str, Any]:
        level = {"sku": cup, "location_id": PLACE, "to": to, "sequence": sequence}
        body = {"system": "till-cloud", "levels": [{**level, "expected": expected}]}
        found: dict[str, Any] = town.api("POST", "/stock/levels", json=body)
        return found

    assert tell(7, 1)["disagreed"] == 1
    assert balance(town, cup)["on_hand"] == 10
    open_ones = town.every("GET", "/stock/disagreements", {"location_id": PLACE})
    (one,) = [row for row in open_ones if row["sku"] == cup]
    assert (one["ours"], one["theirs"]) == (10, 7)
    path = f"/stock/disagreements/{one['disagreement_id']}/decide"
    assert town.api("POST", path, json={"outcome": "theirs"})["outcome"] == "theirs"
    assert balance(town, cup)["on_hand"] == 7
    with refused(409, "disagreement_ended"):
        town.api("POST", path, json={"outcome": "ours"})

    # From now on it is master of this one: its word is booked, late words change nothing, and
    # who names an old number is told to look again.
    master = {"location_id": PLACE, "sku": cup, "system": "till-cloud"}
    town.api("PUT", "/stock/masters", json={"masters": [master]})
    assert tell(6, 3)["booked"] == 1
    assert tell(9, 2)["stale"] == 1
    assert town.till(PLACE, cup, mode="tell")["status"] == "booked"
    assert tell(8, 4, expected=6)["refused"][0]["reason"] == "changed_since"
    assert tell(8, 4, expected=5)["booked"] == 1
    assert balance(town, cup)["on_hand"] == 8
    town.api("PUT", "/stock/masters", json={"masters": [{**master, "system": None}]})
    assert town.reconcile()["drifts"] == []
