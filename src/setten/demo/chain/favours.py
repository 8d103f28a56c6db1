"""What members use at a till: a coupon that was sent to them, points of their card.

Drawn apart from the day, so that everything else goes on as it would have.
"""

from __future__ import annotations

import msgspec

from setten.demo.chain.chance import dice
from setten.demo.chain.model import Deed, Line, Person

# Sent by, its name, what it takes off and from which sum, yen, and how many who have it use it.
_COUPONS = (("line_id", "LINE", 500, 5_000, 0.07), ("email", "MAIL", 300, 3_000, 0.03))
_USES_POINTS, _POINTS = 0.17, (100, 100, 200, 300, 500, 500, 800, 1_000, 1_500)


def used(sold: Deed, who: Person) -> Deed:
    """The same sale with what she used; most use nothing."""
    rng = dice("favours", sold.ref)
    total = sum(line.amount for line in sold.lines)
    for field, name, off, least, share in _COUPONS:
        if field in who.told and total >= least and rng.random() < share:
            sold = _with_coupon(sold, f"{name}{off}-{sold.at:%y%m}", off)
            break
    points = rng.choice(_POINTS)
    if points < total // 2 and rng.random() < _USES_POINTS:
        sold = msgspec.structs.replace(sold, points=points)
    return sold


def _with_coupon(sold: Deed, name: str, off: int) -> Deed:
    """Taken off the dearest line, as tills do."""
    dearest = max(sold.lines, key=lambda line: line.amount)
    off = min(off, dearest.amount)
    lines = tuple(
        Line(line.sku, line.qty, line.amount - off, line.discount, off) if line is dearest else line
        for line in sold.lines
    )
    return msgspec.structs.replace(sold, lines=lines, coupon=name)
