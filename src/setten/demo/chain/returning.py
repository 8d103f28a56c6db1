"""Goods that come back: to the shop they came from, with the receipt, within a fortnight."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from setten.demo.chain import calendar
from setten.demo.chain.business import Business
from setten.demo.chain.model import Deed, Kind, Line
from setten.demo.chain.stockroom import Stockroom

_RETURNED = 0.018  # of sales
_DAYS = 13
# Why, and how many of a hundred. What is faulty is not for sale again.
REASONS = {"changed_mind": 38, "wrong_size": 30, "faulty": 17, "gift": 10, "other": 5}


class Returns:
    """Sales that will come back, and the numbers of their receipts once they are printed."""

    def __init__(self, business: Business) -> None:
        self._business = business
        self._coming: dict[date, list[Deed]] = defaultdict(list)
        self._numbers: dict[str, dict[str, object]] = {}

    def consider(self, rng: random.Random, sold: Deed) -> None:
        """Let a sale come back some day, or not."""
        is_eaten = any(self._business.by_sku[line.sku].daily for line in sold.lines)
        if not is_eaten and rng.random() < _RETURNED:
            self._coming[sold.at.date() + timedelta(days=rng.randint(1, _DAYS))].append(sold)
            self._numbers[sold.ref] = {}

    def printed(self, sold: Deed) -> None:
        """Remember what stands on the receipt of a sale that will come back."""
        if sold.ref in self._numbers:
            self._numbers[sold.ref] = {
                "register": sold.register,
                "sequence": sold.said["sequence"],
                "day": sold.at.date().isoformat(),
            }

    def on(self, rng: random.Random, day: date, room: Stockroom) -> Iterator[Deed]:
        """What comes back on a day: one unit of one line each."""
        for sold in self._coming.pop(day, []):
            line = rng.choice(sold.lines)
            reason = rng.choices(list(REASONS), list(REASONS.values()))[0]
            is_fine = reason != "faulty"
            if is_fine:
                room.put(sold.place, [Line(line.sku, 1)])
            number = self._numbers.pop(sold.ref)
            yield Deed(
                at=calendar.in_shop(rng, self._business.shop(sold.place), day),
                kind=Kind.refund,
                who=sold.who,
                place=sold.place,
                lines=(Line(line.sku, -1, -(line.amount // line.qty)),),
                of=sold.ref,
                ref=f"R-{sold.ref}",
                said={**number, "condition": "resaleable" if is_fine else "damaged"},
                cause=reason,
            )


def with_number(sold: Deed, sequence: int) -> Deed:
    """A sale with the number of its receipt."""
    return msgspec.structs.replace(sold, said={**sold.said, "sequence": f"{sequence:04d}"})
