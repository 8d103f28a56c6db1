"""What tills took back by themselves, without saying of which purchase: known by its buyer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import sets
from setten.stock.sets import MadeOf

_Q = db.load(str(Path(__file__).with_name("tills.py")))
# Of one buyer and the goods of one purchase: a card that is lent to a whole house has fewer.
DEEDS_MAX = 5_000
_END = datetime(9000, 1, 1, tzinfo=UTC)


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one sku bought at a moment, and units that came back in the same receipt."""

    id: UUID
    at: datetime
    sku: str
    bought: int
    back: int


async def taken_back(
    conn: Connection,
    identifier_id: int | None,
    skus: Sequence[str],
    *,
    purchase: UUID,
    bought_at: datetime,
) -> list[tuple[None, str, int, int]]:
    """Units of a purchase that tills took back from its buyer, as (no line, sku, units, 0 money).

    purchase: the id of its order, else of its receipt. Nothing where nobody knows who bought.
    """
    if identifier_id is None or not skus:
        return []
    made_of = await _sets_about(conn, skus, bought_at)
    wanted = {*skus, *made_of.changes, *made_of.parts}
    given = {"identifier_id": identifier_id, "since": bought_at, "skus": sorted(wanted)}
    rows = await _Q.of_buyer.all(conn, most=DEEDS_MAX, **given)
    if not any(row["back"] for row in rows):
        return []
    deeds = exploded([Deed(**dict(row)) for row in rows], made_of)
    over: dict[tuple[UUID, str], int] = {}
    sold_at = {row["id"]: row["at"] for row in rows}
    for row in await _Q.over_counters.all(conn, **given):
        parts = made_of.at(sold_at.get(row["id"], bought_at), (row["sku"],))
        for sku, units in parts.get(row["sku"], {row["sku"]: 1}).items():
            over[row["id"], sku] = over.get((row["id"], sku), 0) + row["qty"] * units
    back = of_which(deeds, over)
    return [(None, sku, qty, 0) for (owner, sku), qty in back.items() if owner == purchase]


async def _sets_about(conn: Connection, skus: Sequence[str], since: datetime) -> MadeOf:
    """Those of the goods that are or were sets, and all sets that such goods or their parts are or
    were in: what comes back may have been bought in any of them."""
    own = await sets.made_of(conn, skus, since=since, until=_END)
    loose = {*skus, *own.parts} - set(own.changes)
    named = {*skus, *await sets.that_had(conn, loose)}
    return await sets.made_of(conn, named, since=since, until=_END)


def exploded(deeds: Sequence[Deed], made_of: MadeOf) -> list[Deed]:
    """The same in units of the parts that sets had then, one for each purchase and sku; in the
    order of time."""
    found: dict[tuple[UUID, str], Deed] = {}
    for one in deeds:
        for sku, units in made_of.at(one.at, (one.sku,)).get(one.sku, {one.sku: 1}).items():
            bought, back = one.bought * units, one.back * units
            if (before := found.get((one.id, sku))) is not None:
                bought, back = bought + before.bought, back + before.back
            found[one.id, sku] = Deed(id=one.id, at=one.at, sku=sku, bought=bought, back=back)
    return list(found.values())


def of_which(
    deeds: Sequence[Deed], over_counters: Mapping[tuple[UUID, str], int]
) -> dict[tuple[UUID, str], int]:
    """Units that tills took back, by (purchase, sku): each of the newest purchase before it that
    still had some out.

    deeds: in order of time. over_counters: units that came back of a purchase another way.
    """
    out: dict[str, list[tuple[UUID, int]]] = {}
    found: dict[tuple[UUID, str], int] = {}
    for one in deeds:
        left, bought = one.back, out.setdefault(one.sku, [])
        while left and bought:
            owner, units = bought.pop()
            part = min(left, units)
            found[owner, one.sku] = found.get((owner, one.sku), 0) + part
            left -= part
            if units > part:
                bought.append((owner, units - part))
        still = one.bought - over_counters.get((one.id, one.sku), 0)
        if still > 0:
            bought.append((one.id, still))
    return found
