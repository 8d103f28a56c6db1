"""Goods that come back to the shop they came from within a fortnight: over the desk, or a till."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from setten.demo.chain import calendar
from setten.demo.chain.business import Business
from setten.demo.chain.chance import dice
from setten.demo.chain.model import Deed, Kind, Line
from setten.demo.chain.stockroom import Stockroom

_RETURNED = 0.018  # of sales
_DAYS = 13
# Of what is fine a till takes some back itself; most name no receipt, some a number with a slip.
_AT_TILL, _NAMED_WRONG = 0.4, 0.25
_SLIP = 5000  # no till of ours prints so many receipts a day
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
            back = Deed(
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
            yield _at_till(back, sold) if is_fine else back


def _at_till(back: Deed, sold: Deed) -> Deed:
    """The same over a till, or as it was. The till says nothing of the purchase, or a slip of it.

    Drawn apart, so that the day goes on as it would have.
    """
    rng = dice("till", back.ref)
    if rng.random() >= _AT_TILL:
        return back
    said: dict[str, object] = {"condition": back.said["condition"]}
    if rng.random() < _NAMED_WRONG:
        wrong = f"{int(str(back.said['sequence'])) + _SLIP:04d}"
        said |= {"named": {**_printed(back), "sequence": wrong}}
    return msgspec.structs.replace(
        back, kind=Kind.till_refund, register=sold.register, tender=sold.tender, said=said
    )


def _printed(back: Deed) -> dict[str, object]:
    return {name: back.said[name] for name in ("register", "sequence", "day")}


def with_number(sold: Deed, sequence: int) -> Deed:
    """What a till printed, with the number of its receipt."""
    return msgspec.structs.replace(sold, said={**sold.said, "sequence": f"{sequence:04d}"})
