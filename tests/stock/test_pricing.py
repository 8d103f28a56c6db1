"""Tax as a qualified invoice asks: shown with it, rounded once for each rate."""

from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from setten.stock import pricing

RATE = st.sampled_from([Decimal("0.10"), Decimal("0.1"), Decimal("0.08"), Decimal("0")])
PRICE = st.integers(0, 2**45)
LINE = st.tuples(RATE, PRICE, st.integers(1, 1_000), st.booleans())
BASKET = st.lists(LINE, max_size=40)


def amounts(basket: list[tuple[Decimal, int, int, bool]]) -> list[tuple[Decimal, int]]:
    """(rate, price with tax) of each line, as a cart makes them."""
    return [
        (rate, pricing.with_tax(price, rate, is_included=included) * qty)
        for rate, price, qty, included in basket
    ]


@given(BASKET)
def test_each_rate_is_rounded_once_over_the_whole_basket(
    basket: list[tuple[Decimal, int, int, bool]],
) -> None:
    lines = amounts(basket)
    for one in pricing.taxes(lines):
        whole = sum(amount for rate, amount in lines if rate == one.rate)
        exact = Fraction(whole) * Fraction(one.rate) / (1 + Fraction(one.rate))
        assert one.amount_minor == whole
        assert one.tax_minor == floor(exact)
        assert 0 <= exact - one.tax_minor < 1


@given(BASKET)
def test_the_parts_are_the_sum_and_each_rate_stands_once(
    basket: list[tuple[Decimal, int, int, bool]],
) -> None:
    lines = amounts(basket)
    found = pricing.taxes(lines)
    assert sum(one.amount_minor for one in found) == sum(amount for _, amount in lines)
    rates = [one.rate for one in found]
    assert rates == sorted(set(rates), reverse=True)


@given(BASKET, st.randoms(use_true_random=False))
def test_the_order_of_lines_and_how_they_are_split_change_nothing(
    basket: list[tuple[Decimal, int, int, bool]], chance: Any
) -> None:
    lines = amounts(basket)
    pieces = []
    for rate, amount in lines:
        first = chance.randrange(amount + 1)
        pieces += [(rate, first), (rate, amount - first)]
    chance.shuffle(pieces)
    assert pricing.taxes(pieces) == pricing.taxes(lines)


@given(BASKET)
def test_a_refund_of_everything_takes_back_just_the_tax_that_was_taken(
    basket: list[tuple[Decimal, int, int, bool]],
) -> None:
    lines = amounts(basket)
    back = pricing.taxes([(rate, -amount) for rate, amount in lines])
    assert [(one.rate, -one.amount_minor, -one.tax_minor) for one in back] == [
        (one.rate, one.amount_minor, one.tax_minor) for one in pricing.taxes(lines)
    ]


@given(RATE, PRICE)
def test_a_price_without_tax_is_shown_with_it_and_never_a_yen_too_much(
    rate: Decimal, price: int
) -> None:
    shown = pricing.with_tax(price, rate, is_included=False)
    exact = Fraction(price) * (1 + Fraction(rate))
    assert shown <= exact < shown + 1
    assert pricing.with_tax(price, rate, is_included=True) == price


@pytest.mark.parametrize(
    ("lines", "taxes"),
    [
        ([("0.08", 107)] * 3, [("0.08", 23)]),  # by line it would be 7 + 7 + 7
        ([("0.10", 109), ("0.10", 109), ("0.08", 53)], [("0.1", 19), ("0.08", 3)]),
        ([], []),
    ],
)
def test_worked_out_by_hand(lines: list[tuple[str, int]], taxes: list[tuple[str, int]]) -> None:
    found = pricing.taxes([(Decimal(rate), amount) for rate, amount in lines])
    assert [(str(one.rate), one.tax_minor) for one in found] == taxes
