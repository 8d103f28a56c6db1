"""Sets: sold under one sku, kept as their parts. A set has no stock of its own.

Whoever books or promises a set books and promises its parts, in the same transaction; so a set can
never be promised that cannot be put together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.platform.db import Connection
from setten.stock.refusals import Refused

_Q = db.load(__file__)
PARTS_MAX = 50  # of one set: more is a shop
PART_QTY_MAX = 1_000
SETS_MAX = 500  # a call

Parts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Units of each part by set."""


class Set(msgspec.Struct, frozen=True, kw_only=True):
    """One set. parts: units of each part in it; empty: it is no set any more."""

    sku: str
    parts: dict[str, int]


class MadeOf(msgspec.Struct, frozen=True):
    """What sets were made of, each with its moments in order of time."""

    changes: dict[str, list[tuple[datetime, dict[str, int]]]]

    def at(self, when: datetime, skus: Iterable[str] | None = None) -> Parts:
        """Parts of those (of these skus alone) that were sets at a moment."""
        found = {}
        for sku in self.changes if skus is None else self.changes.keys() & set(skus):
            held = [parts for since, parts in self.changes[sku] if since <= when]
            if held and held[-1]:
                found[sku] = held[-1]
        return found

    @property
    def parts(self) -> frozenset[str]:
        """All that was a part of one of them."""
        return frozenset(
            part for changes in self.changes.values() for _, parts in changes for part in parts
        )


async def made_of(
    conn: Connection, skus: Iterable[str], *, since: datetime, until: datetime
) -> MadeOf:
    """What those of the skus that are or were sets were made of from one moment to another."""
    wanted = sorted(set(skus))
    changes: dict[str, list[tuple[datetime, dict[str, int]]]] = {}
    if wanted:
        for row in await _Q.made_of.all(conn, skus=wanted, since=since, until=until):
            parts = _decode_parts(row["parts"])
            changes.setdefault(row["set_sku"], []).append((row["from_at"], parts))
    return MadeOf(changes)


async def made_of_at(conn: Connection, skus: Iterable[str], when: datetime) -> Parts:
    """Parts of those of the skus that were sets at a moment."""
    return (await made_of(conn, skus, since=when, until=when)).at(when)


_decode_parts = msgspec.json.Decoder(dict[str, int]).decode


async def parts_of(conn: Connection, skus: Iterable[str]) -> dict[str, dict[str, int]]:
    """Parts of those of the skus that are sets."""
    wanted = set(skus)
    if not wanted:
        return {}
    found: dict[str, dict[str, int]] = {}
    for row in await _Q.parts_of.all(conn, skus=db.words(wanted)):
        found.setdefault(row["set_sku"], {})[row["part_sku"]] = row["qty"]
    return found


async def that_had(conn: Connection, skus: Iterable[str]) -> frozenset[str]:
    """Sets that have, or had, one of the skus in them."""
    wanted = sorted(set(skus))
    rows = await _Q.sets_that_had.all(conn, skus=wanted) if wanted else []
    return frozenset(row["set_sku"] for row in rows)


def parts_part(skus: Iterable[str]) -> db.Part:
    """`parts_of` as the part `sets_inside` of a statement."""
    return db.Part(_Q.inside, {"skus": db.words(set(skus))})


def parts_told(found: str) -> dict[str, dict[str, int]]:
    """What that part found, a list in JSON, as `parts_of` answers it."""
    parts: dict[str, dict[str, int]] = {}
    for one in _decode_inside(found):
        parts.setdefault(one.set_sku, {})[one.part_sku] = one.qty
    return parts


class _Inside(msgspec.Struct):
    set_sku: str
    part_sku: str
    qty: int


_decode_inside = msgspec.json.Decoder(list[_Inside]).decode


def exploded(lines: Sequence[GoodsLine], parts: Parts) -> tuple[GoodsLine, ...]:
    """The lines with the parts of sets in place of the sets."""
    if not parts:
        return tuple(lines)
    return tuple(
        GoodsLine(part, line.location_id, line.qty * units)
        for line in lines
        for part, units in parts.get(line.sku, {line.sku: 1}).items()
    )


def whole_sets(parts: Mapping[str, int], free: Mapping[str, int]) -> int:
    """How many sets can be put together from promisable units of each part."""
    return min((max(0, free.get(part, 0)) // units for part, units in parts.items()), default=0)


async def put(
    conn: Connection, sets: Sequence[Set], *, known: frozenset[str], now: datetime
) -> list[Refused]:
    """Make or change sets from now on, and answer those refused; the others go through.

    What was sold before stays what it was made of then. known: skus of the catalogue. Of two with
    one sku in a call the last counts.
    """
    await _Q.lock.value(conn)
    skus = [one.sku for one in sets]
    inside = {row["part_sku"] for row in await _Q.sets_with.all(conn, skus=skus)}
    lying = {row["sku"] for row in await _Q.has_stock.all(conn, skus=skus)}
    sets_there = set(await parts_of(conn, [part for one in sets for part in one.parts]))
    sets_there |= {one.sku for one in sets if one.parts}
    refused, kept = [], {}
    for index, one in enumerate(sets):
        why = _check(one, known, sets_there)
        if why is None and one.parts and one.sku in inside:
            why = "part_of_a_set"
        if why is None and one.parts and one.sku in lying:
            why = "has_stock"
        if why is None:
            kept[one.sku] = one
        else:
            refused.append(Refused(index=index, key=one.sku[:100], reason=why))
    if kept:
        await _write(conn, list(kept.values()), now)
    return refused


def _check(one: Set, known: frozenset[str], sets_there: set[str]) -> str | None:
    if one.sku not in known or not known.issuperset(one.parts):
        return "unknown_item"
    if len(one.parts) > PARTS_MAX:
        return "too_many_parts"
    if any(not 1 <= units <= PART_QTY_MAX for units in one.parts.values()):
        return "bad_qty"
    if one.sku in one.parts or sets_there.intersection(one.parts):
        return "set_of_sets"
    return None


async def _write(conn: Connection, kept: Sequence[Set], now: datetime) -> None:
    before = await parts_of(conn, [one.sku for one in kept])
    changed = [one for one in kept if one.parts != before.get(one.sku, {})]
    await _Q.note_parts.run(
        conn,
        skus=[one.sku for one in changed],
        parts=[msgspec.json.encode(one.parts).decode() for one in changed],
        now=now,
    )
    await _Q.forget.run(conn, skus=[one.sku for one in kept])
    rows = [(one.sku, part, units) for one in kept for part, units in one.parts.items()]
    await _Q.put.run(
        conn,
        set_skus=[row[0] for row in rows],
        part_skus=[row[1] for row in rows],
        qtys=[row[2] for row in rows],
    )
