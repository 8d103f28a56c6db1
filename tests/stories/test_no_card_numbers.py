"""No number of a payment card comes in where people and programs write freely."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.stories.town import Town, refused

# Numbers that card schemes publish for tests.
CARDS = (
    "4111111111111111",
    "5555 5555 5555 4444",
    "3782-822463-10005",
    "２２２３００３１２２００３２２２",
)


@pytest.fixture
def mug(town: Town) -> str:
    return town.new_item(f"MUG-{uuid.uuid4().hex[:10]}", {"kichijoji": 9})


def cart(town: Town, mug: str) -> dict[str, Any]:
    made = town.api("POST", "/carts", json={"anonymous_id": uuid.uuid4().hex})
    change = {"op": "add", "sku": mug, "qty": 1, "method": "pickup", "location_id": "kichijoji"}
    path = f"/carts/{made['cart_id']}/changes"
    return dict(town.api("POST", path, json={"changes": [change]}))


@pytest.mark.parametrize("number", CARDS)
def test_a_card_number_is_no_name_of_a_payment_and_no_reason(
    town: Town, mug: str, number: str
) -> None:
    for field in ("reference", "provider"):
        mine = cart(town, mug)
        paid = {"method": "card", "state": "captured", "provider": "pay", field: number}
        body = {"version": mine["version"], "total_minor": mine["total_minor"], "payments": [paid]}
        with refused(409, "bad_payment") as answer:
            town.api("POST", f"/carts/{mine['cart_id']}/checkout", json=body)
        assert number not in str(answer.body)
    sale = town.till("kichijoji", mug, mode="tell")
    back = {"location_id": "kichijoji", "reason": "other", "receipt_id": sale["receipt_id"],
            "override_reason": f"カード {number} に返す",
            "lines": [{"line_no": 0, "qty": 1, "condition": "resaleable"}]}  # fmt: skip
    with refused(409, "bad_return") as answer:
        town.api("POST", "/returns", json=back)
    assert "card_number" in str(answer.body)
    moved = {"kind": "adjust", "sku": mug, "location_id": "kichijoji", "qty": 1,
             "reason": f"paid by {number}"}  # fmt: skip
    done = town.api("POST", "/stock/movements", json={"movements": [moved]})
    assert [one["reason"] for one in done["refused"]] == ["card_number"]


@pytest.mark.parametrize("field", ["card_number", "cvc", "expiry"])
def test_what_a_payment_has_no_field_for_is_not_taken(town: Town, mug: str, field: str) -> None:
    mine = cart(town, mug)
    body = {"version": mine["version"], "total_minor": mine["total_minor"],
            "payments": [{"method": "card", field: CARDS[0]}]}  # fmt: skip
    with refused(422, "invalid") as answer:
        town.api("POST", f"/carts/{mine['cart_id']}/checkout", json=body)
    assert CARDS[0] not in str(answer.body)


def test_a_barcode_and_a_long_slip_number_are_no_cards(town: Town, mug: str) -> None:
    at = datetime.now(UTC)
    moved = {"kind": "adjust", "sku": mug, "location_id": "kichijoji", "qty": 1,
             "reason": f"4901234567894 を数え直し {at:%Y%m%d%H%M%S}", "ref": CARDS[0]}  # fmt: skip
    done = town.api("POST", "/stock/movements", json={"movements": [moved]})
    assert done["refused"] == []
