"""Where units of a region are kept until they are routed, and what moves when they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from setten.facts.stock import GoodsLine
from setten.stock.holds import HoldLine, Move
from setten.stock.ledger import Key


def spread(
    wanted: Mapping[str, int], places: Sequence[str], free: Mapping[Key, int]
) -> tuple[GoodsLine, ...] | None:
    """Rows that keep these units: where most is left over, so that no shop is emptied by a promise
    that may go anywhere. One place for all where there is one; None when there are too few.

    wanted: units by sku. places: of the region, in the order preferred among equals.
    """
    whole = [p for p in places if all(free.get((s, p), 0) >= n for s, n in wanted.items())]
    if whole:
        best = max(whole, key=lambda p: min(free.get((s, p), 0) - n for s, n in wanted.items()))
        return tuple(GoodsLine(sku, best, qty) for sku, qty in wanted.items())
    lines: list[GoodsLine] = []
    for sku, qty in wanted.items():
        left = qty
        for place in sorted(places, key=lambda p: -free.get((sku, p), 0)):
            if (part := min(left, max(0, free.get((sku, place), 0)))) > 0:
                lines.append(GoodsLine(sku, place, part))
                left -= part
        if left:
            return None
    return tuple(lines)


def moves(now: Iterable[HoldLine], wanted: Mapping[Key, int]) -> list[Move]:
    """What must move so that the open lines lie as wanted: as little as can be.

    wanted: units by (sku, place), of each sku as many as the lines have.
    """
    here: dict[str, dict[str, int]] = {}
    for line in now:
        if line.is_open:
            here.setdefault(line.sku, {})[line.location_id] = line.qty
    found = []
    for sku, lies in here.items():
        there = {place: qty for (name, place), qty in wanted.items() if name == sku}
        over = {p: n - there.get(p, 0) for p, n in lies.items() if n > there.get(p, 0)}
        for target, qty in there.items():
            lack = qty - lies.get(target, 0)
            for source in sorted(over):
                part = min(lack, over[source])
                if part > 0:
                    found.append(Move(sku=sku, source=source, target=target, qty=part))
                    over[source] -= part
                    lack -= part
    return found
