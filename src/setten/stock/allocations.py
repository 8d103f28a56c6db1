"""Units set aside for a channel: others do not see them, the channel takes them first.

What a channel has left grows less with each unit that is held through it and more with each that it
gives back. On its last day the rest is everybody's again. The row of stock carries the sum.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import msgspec

from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.stock import catalog, ledger, locations, sets
from setten.stock.ledger import Key
from setten.stock.refusals import Refused

_Q = db.load(__file__)
ALLOCATIONS_MAX = 500  # a call
QTY_MAX = 1_000_000
PAGE_MAX = 200  # of a place
ENDED_AT_ONCE = 500  # a transaction of the job
_YEARS = (2000, 8999)  # beyond, a clock is wrong; and the database's own ends are near
_CHANNEL = re.compile(r"[a-z][a-z0-9_:-]{0,99}")

Share: TypeAlias = tuple[str, str, str]
"""(sku, location_id, channel)"""


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Units set aside for a channel at a place. qty: still untaken; until: then it ends."""

    sku: str
    location_id: str
    channel: str
    qty: int
    until: datetime | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """Units of an ended hold line that came out of its channel's allocation."""

    hold_id: UUID
    sku: str
    location_id: str
    qty: int


async def put(conn: Connection, asked: Sequence[Allocation], *, now: datetime) -> list[Refused]:
    """Set what is set aside, 0 for nothing, and answer those refused; the others go through."""
    refused, kept = await _sort_out(conn, asked)
    if kept:
        await _write(conn, kept, now)
    return refused


async def _write(conn: Connection, kept: Mapping[Share, Allocation], now: datetime) -> None:
    rows = list(kept.values())
    keys = {(one.sku, one.location_id) for one in rows}
    await ledger.ensure(conn, keys)
    before = await ledger.lock(conn, keys)
    await _Q.put.run(
        conn,
        now=now,
        skus=[one.sku for one in rows],
        location_ids=[one.location_id for one in rows],
        channels=[one.channel for one in rows],
        qtys=[one.qty for one in rows],
        untils=[one.until for one in rows],
    )
    columns = _columns(keys)
    await _Q.forget_empty.run(conn, **columns)
    await _Q.sum_up.run(conn, **columns)
    await ledger.state_crossings(conn, before, await ledger.lock(conn, keys), now=now)


async def _sort_out(
    conn: Connection, asked: Sequence[Allocation]
) -> tuple[list[Refused], dict[Share, Allocation]]:
    clean = [one for one in asked if "\x00" not in one.sku + one.location_id]
    skus = await catalog.known(conn, [one.sku for one in clean])
    bundles = await sets.parts_of(conn, [one.sku for one in clean])
    places = await locations.known(conn, [one.location_id for one in clean])
    refused, kept = [], {}
    for index, one in enumerate(asked):
        why = _check(one)
        if one.sku not in skus:
            why = "unknown_item"
        elif one.sku in bundles:
            why = "is_a_set"
        elif one.location_id not in places:
            why = "unknown_location"
        if why is None:
            kept[one.sku, one.location_id, one.channel] = one
        else:
            key = f"{one.sku[:100]}@{one.location_id[:100]}"
            refused.append(Refused(index=index, key=key, reason=why))
    return refused, kept


def _check(one: Allocation) -> str | None:
    if not _CHANNEL.fullmatch(one.channel):
        return "bad_channel"
    if not 0 <= one.qty <= QTY_MAX:
        return "bad_qty"
    if one.until is not None and (
        one.until.tzinfo is None or not _YEARS[0] <= one.until.year <= _YEARS[1]
    ):
        return "bad_until"
    return None


def _columns(keys: Iterable[Key]) -> dict[str, list[str]]:
    rows = sorted(keys)
    return {"skus": [sku for sku, _ in rows], "location_ids": [place for _, place in rows]}


async def left(conn: Connection, keys: Iterable[Key]) -> dict[Share, Allocation]:
    """What is set aside on these rows, by channel."""
    rows = await _Q.left.all(conn, **_columns(keys))
    return {
        (row["sku"], row["location_id"], row["channel"]): Allocation(**dict(row)) for row in rows
    }


async def at(
    conn: Connection,
    location_id: str,
    *,
    after: tuple[str, str] | None = None,
    limit: int = PAGE_MAX,
    last_first: bool = False,
) -> list[Allocation]:
    """What is set aside at a place, by sku and channel; pages by the last (sku, channel)."""
    sku, channel = after or db.end(str, str, largest=last_first)
    rows = await _Q.at.turned(last_first).all(
        conn, location_id=location_id, after_sku=sku, after_channel=channel,
        most=min(limit, PAGE_MAX + 1),
    )  # fmt: skip
    return [Allocation(**dict(row)) for row in rows]


async def take(conn: Connection, taken: Mapping[Share, int]) -> None:
    """A channel takes units of its own. The caller has locked the rows of stock."""
    if taken:
        await _Q.take.run(
            conn,
            skus=[sku for sku, _, _ in taken],
            location_ids=[place for _, place, _ in taken],
            channels=[channel for _, _, channel in taken],
            qtys=list(taken.values()),
        )


def given_in(lines: Iterable[Mapping[str, Any]]) -> list[Given]:
    """Of ended lines (hold_id, sku, location_id, allocated) those that took of an allocation."""
    return [
        Given(
            hold_id=row["hold_id"],
            sku=row["sku"],
            location_id=row["location_id"],
            qty=row["allocated"],
        )
        for row in lines
        if row["allocated"]
    ]


async def give_back(conn: Connection, given: Sequence[Given]) -> None:
    """Units come back to the channel that took them. The caller has locked the rows of stock."""
    if given:
        await _Q.give_back.run(
            conn,
            hold_ids=[one.hold_id for one in given],
            skus=[one.sku for one in given],
            location_ids=[one.location_id for one in given],
            qtys=[one.qty for one in given],
        )


async def end_all(pool: Pool) -> None:
    """Give everybody what was set aside until now. For a job."""
    ended = ENDED_AT_ONCE
    while ended == ENDED_AT_ONCE:
        async with db.transaction(pool) as conn:
            ended = await end(conn, now=clock.now())


async def end(conn: Connection, *, now: datetime) -> int:
    """Give everybody what was set aside until `now`, up to some hundreds; answers how many."""
    rows = await _Q.run_out.all(conn, now=now, most=ENDED_AT_ONCE)
    over = {
        (row["sku"], row["location_id"], row["channel"]): Allocation(
            sku=row["sku"], location_id=row["location_id"], channel=row["channel"], qty=0
        )
        for row in rows
    }
    if over:
        await _write(conn, over, now)
    return len(over)
