"""What goods cost with their tax: plain arithmetic in whole minor units.

Prices are shown with tax, as the law of Japan asks (総額表示), so a price without tax is made one
with tax at the unit, rounded down once. The tax of a purchase is then taken out of the sum of each
rate, rounded once for each rate: what a qualified invoice asks (適格請求書), and the reason why
adding up the tax of lines would be wrong by a yen or two.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

import msgspec

STANDARD_RATE = Decimal("0.10")
"""Of goods whose rate nobody told, and of shipping. Food and newspapers have 0.08 in the list."""


class TaxLine(msgspec.Struct, frozen=True, kw_only=True):
    """What of a purchase is taxed at one rate: its price with tax, and the tax inside it."""

    rate: Decimal
    amount_minor: int
    tax_minor: int


def with_tax(price_minor: int, rate: Decimal, *, is_included: bool) -> int:
    """The price of one unit with tax, minor units, a fraction left off."""
    if is_included:
        return price_minor
    return int(price_minor * (1 + Fraction(rate)))


def taxes(amounts: Iterable[tuple[Decimal, int]]) -> tuple[TaxLine, ...]:
    """Tax by rate, the highest rate first.

    amounts: (rate, price with tax in minor units) of each line, shipping among them. Rounded down,
    toward zero, once for each rate.
    """
    sums: dict[Decimal, int] = {}
    for rate, amount in amounts:
        key = Decimal(rate).normalize()
        sums[key] = sums.get(key, 0) + amount
    return tuple(
        TaxLine(rate=rate, amount_minor=amount, tax_minor=_inside(rate, amount))
        for rate, amount in sorted(sums.items(), reverse=True)
    )


def _inside(rate: Decimal, amount: int) -> int:
    """The tax inside a price, toward zero: a refund gives back exactly what was taken."""
    return int(Fraction(amount) * Fraction(rate) / (1 + Fraction(rate)))
