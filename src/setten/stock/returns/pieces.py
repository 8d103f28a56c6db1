"""Of a set that was sold, parts may come back one by one: what still may, and what it was worth.

A part's share of the price is by what the parts cost alone today. Parts and whole sets come back
of one line in any order, and never for more money than the line cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

import msgspec

from setten.stock.returns.model import Line, Piece, Sold
from setten.stock.sets import Parts

Came: TypeAlias = tuple[int | None, str, int, int]
"""What came back before: its line where that is known, sku, units, money."""

SoldRow: TypeAlias = tuple[int, str, int, int, Decimal | None]


def of_parts(
    came: Iterable[Came], sold: Iterable[SoldRow], made_of: Parts
) -> tuple[list[Came], list[Came]]:
    """What came back of whole lines, and what of the parts of one. Of a corrected receipt the lines
    may have moved: what fits its line no more came back of no line that we know."""
    names = {line_no: sku for line_no, sku, _, _, _ in sold}
    whole, parts = list[Came](), list[Came]()
    for line_no, sku, qty, amount in came:
        name = None if line_no is None else names.get(line_no)
        if name is not None and sku in made_of.get(name, {}):
            parts.append((line_no, sku, qty, amount))
        else:
            whole.append((line_no if name == sku else None, sku, qty, amount))
    return whole, parts


def with_parts(
    lines: Sequence[Sold],
    whole: Sequence[Came],
    parts: Sequence[Came],
    made_of: Parts,
    prices: Mapping[str, int],
) -> tuple[Sold, ...]:
    """Lines (of `rules.left_of`) with the parts of those that are sets.

    whole, parts: as `of_parts` tells them apart. prices: of one unit of a part, where known.
    """
    loose = _loose(lines, whole)
    found = []
    for line in lines:
        units = made_of.get(line.sku)
        found.append(line if not units else _of_set(line, units, whole, parts, loose, prices))
    return tuple(found)


def _loose(lines: Sequence[Sold], whole: Sequence[Came]) -> dict[str, tuple[int, int]]:
    """What tills took back (units, money) by sku, beyond what was sold under that sku itself: it
    can only have been in a set."""
    own: dict[str, int] = {}
    for line in lines:
        own[line.sku] = own.get(line.sku, 0) + line.qty
    loose: dict[str, tuple[int, int]] = {}
    for line_no, sku, qty, amount in whole:
        if line_no is not None:
            own[sku] = own.get(sku, 0) - qty
        else:
            before = loose.get(sku, (0, 0))
            loose[sku] = (before[0] + qty, before[1] + amount)
    over = {}
    for sku, (qty, amount) in loose.items():
        beyond = max(0, qty - max(0, own.get(sku, 0)))
        if beyond:
            over[sku] = (beyond, amount * beyond // qty)
    return over


def _of_set(
    line: Sold,
    units: Mapping[str, int],
    whole: Sequence[Came],
    parts: Sequence[Came],
    loose: dict[str, tuple[int, int]],
    prices: Mapping[str, int],
) -> Sold:
    """One set with its parts; takes what it explains out of `loose`."""
    shares = _shares(line.amount_minor, units, prices)
    # A till that took whole sets back said of which sku, and of no line.
    back = line.amount_back + sum(a for no, sku, _, a in whole if no is None and sku == line.sku)
    pieces = []
    for sku, each in units.items():
        mine = [(q, a) for no, name, q, a in parts if (no, name) == (line.line_no, sku)]
        room = line.can_return * each
        gone = sum(q for q, _ in mine)
        taken, amount = _take(loose, sku, max(0, room - gone))
        paid = sum(a for _, a in mine) + amount
        back += paid
        pieces.append(
            Piece(
                sku=sku,
                units=each,
                qty=line.qty * each,
                amount_minor=shares[sku],
                can_return=max(0, room - gone - taken),
                came_back=gone + taken,
                amount_back=paid,
            )
        )
    left = min(one.can_return // one.units for one in pieces)
    return msgspec.structs.replace(
        line, can_return=left, amount_back=min(back, line.amount_minor), pieces=tuple(pieces)
    )


def _take(loose: dict[str, tuple[int, int]], sku: str, room: int) -> tuple[int, int]:
    qty, amount = loose.get(sku, (0, 0))
    taken = min(qty, room)
    if not taken:
        return 0, 0
    money = amount * taken // qty
    loose[sku] = (qty - taken, amount - money)
    return taken, money


def _shares(amount: int, units: Mapping[str, int], prices: Mapping[str, int]) -> dict[str, int]:
    """What of a line's money falls on each part; all together it is the money. By their prices;
    where one is not known, by units."""
    is_known = all(prices.get(sku, 0) > 0 for sku in units)
    weights = {sku: each * (prices[sku] if is_known else 1) for sku, each in units.items()}
    total, first, found = sum(weights.values()), 0, {}
    for sku, weight in weights.items():
        found[sku] = amount * (first + weight) // total - amount * first // total
        first += weight
    return found


def all_of(line: Sold) -> list[Sold | Piece]:
    """What may come back of a line: the whole of it, and its parts."""
    return [line, *line.pieces]


def named(line: Sold, part: str | None) -> Sold | Piece | None:
    """What of a line is meant: the whole of it, or one of its parts; None where there is none."""
    if part is None or part == line.sku:
        return line
    return next((one for one in line.pieces if one.sku == part), None)


def fits(line: Sold, taken: Mapping[tuple[int, str], int]) -> bool:
    """Whether whole sets and parts that come back at once are there together. taken: units by
    (line, sku)."""
    return all(_left(line, one, taken) >= 0 for one in line.pieces)


def _left(line: Sold, one: Piece, taken: Mapping[tuple[int, str], int]) -> int:
    sets = taken.get((line.line_no, line.sku), 0)
    return one.can_return - sets * one.units - taken.get((line.line_no, one.sku), 0)


def settled(line: Sold, rows: Sequence[Line], taken: Mapping[tuple[int, str], int]) -> list[Line]:
    """Lines of a return that are of one set: never more money than is left of it, and when nothing
    of it is left outside, all of that, whatever was rounded away before."""
    left = line.amount_minor - line.amount_back
    money = sum(one.amount_minor for one in rows)
    roundings = line.qty + sum(one.qty for one in line.pieces)
    is_all = all(_left(line, one, taken) == 0 for one in line.pieces)
    change = left - money if is_all and 0 <= left - money < roundings else min(0, left - money)
    found = list(rows)
    for at in reversed(range(len(found))):
        amount = max(0, found[at].amount_minor + change)
        change -= amount - found[at].amount_minor
        found[at] = msgspec.structs.replace(found[at], amount_minor=amount)
    return found
