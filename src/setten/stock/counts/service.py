"""Opening sheets, taking numbers, booking differences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, StockCounted
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import catalog, holds, house_rules, ledger, locations, sets, tasks
from setten.stock.counts import reading, rules
from setten.stock.counts.model import (
    LINES_MAX,
    BadCount,
    Count,
    CountEnded,
    CountState,
    NothingCounted,
    NothingToCount,
    SameCounter,
    Sheet,
    SheetLine,
    UnknownCount,
    UnknownCountGoods,
)
from setten.stock.holds import Shortened

_Q = db.load(str(Path(__file__).with_name("store.py")))


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a count: booked, or waiting for a second person. short: promises it broke."""

    count: Count
    event_id: str | None = None
    short: tuple[Shortened, ...] = ()


async def open_sheet(conn: Connection, sheet: Sheet, *, by: str, now: datetime) -> Count:
    """A sheet with what should lie there, in the order of the shelves.

    Raises BadCount, UnknownCountGoods, NothingToCount.
    """
    if (refusal := rules.check(sheet)) is not None:
        raise refusal
    if not await locations.known(conn, [sheet.location_id]):
        raise UnknownCountGoods(skus=[], locations=[sheet.location_id[:100]])
    count_id = ids.uuid7()
    await _Q.insert.run(
        conn,
        count_id=count_id,
        location_id=sheet.location_id,
        shelf=sheet.shelf,
        is_chosen=bool(sheet.skus),
        now=now,
        by=by,
    )
    if sheet.skus:
        await _add(conn, count_id, sheet.location_id, sheet.skus)
    else:
        await _Q.fill.run(
            conn,
            count_id=count_id,
            location_id=sheet.location_id,
            shelf=sheet.shelf,
            most=LINES_MAX,
        )
    made = await reading.get(conn, count_id)
    if not made.lines:
        raise NothingToCount(location_id=sheet.location_id)
    return made


async def _add(conn: Connection, count_id: UUID, place: str, skus: Iterable[str]) -> None:
    wanted = sorted(set(skus))
    if len(wanted) > LINES_MAX:
        raise BadCount(why="lines")
    parts = await sets.parts_of(conn, wanted)
    unknown = sorted(set(wanted) - await catalog.known(conn, wanted))
    # A set lies nowhere under its own name: its parts are counted.
    if unknown or parts:
        raise UnknownCountGoods(skus=[*unknown, *sorted(parts)], locations=[])
    await _Q.add.run(conn, count_id=count_id, location_id=place, skus=wanted)


async def give(
    conn: Connection, count_id: UUID, given: Mapping[str, int], *, by: str, now: datetime
) -> Count:
    """Note how many were counted, beside what the book says in this moment, under the lock.

    Goods that are not on the sheet are added to it. Given again it counts anew.
    Raises BadCount, UnknownCount, CountEnded, UnknownCountGoods.
    """
    if (refusal := rules.check_given(given)) is not None:
        raise refusal
    seen = await reading.get(conn, count_id)
    place = seen.location_id
    if missing := given.keys() - {line.sku for line in seen.lines}:
        if len(seen.lines) + len(missing) > LINES_MAX:
            raise BadCount(why="lines")
        await _add(conn, count_id, place, missing)
    keys = [(sku, place) for sku in given]
    await ledger.ensure(conn, keys)
    balances = await ledger.lock(conn, keys)
    await _lock(conn, count_id, CountState.open)
    bags = await _Q.in_bags.all(conn, skus=list(given), location_id=place)
    in_bags = {row["sku"]: row["qty"] for row in bags}
    await _Q.give.run(
        conn,
        count_id=count_id,
        skus=list(given),
        counteds=list(given.values()),
        expecteds=[balances[sku, place].physical - in_bags.get(sku, 0) for sku in given],
        now=now,
        by=by,
    )
    return await reading.get(conn, count_id)


async def submit(conn: Connection, count_id: UUID, *, by: str, now: datetime) -> Submitted:
    """Done counting: booked at once when little differs, else waiting for a second person.

    Lines that nobody counted stay as they are. Raises UnknownCount, CountEnded, NothingCounted.
    """
    seen = await reading.get(conn, count_id)
    await _lock_rows(conn, seen)
    await _lock(conn, count_id, CountState.open)
    if not seen.done:
        raise NothingCounted()
    await _Q.submit.run(conn, count_id=count_id, now=now, by=by)
    found = await note_late(conn, count_id)
    items = await catalog.find_many(conn, [line.sku for line in found.differing])
    prices = {sku: item.price_minor or 0 for sku, item in items.items()}
    if rules.needs_approval(found.lines, prices, await house_rules.current(conn)):
        opening = tasks.Opening(
            kind="count_waiting", location_id=found.location_id, qty=len(found.differing),
            about=count_id,
        )  # fmt: skip
        await tasks.open_many(conn, [opening], now=now)
        return Submitted(count=found)
    return await _book(conn, found, by=by, now=now)


async def approve(conn: Connection, count_id: UUID, *, by: str, now: datetime) -> Submitted:
    """Book a waiting count. The caller has the right; and did not count.

    Raises UnknownCount, CountEnded, SameCounter.
    """
    seen = await reading.get(conn, count_id)
    await _lock_rows(conn, seen)
    await _lock(conn, count_id, CountState.waiting)
    if by == seen.submitted_by or any(line.counted_by == by for line in seen.lines):
        raise SameCounter()
    return await _book(conn, await note_late(conn, count_id), by=by, now=now)


async def send_back(conn: Connection, count_id: UUID, *, by: str, now: datetime) -> Count:
    """Have what differs counted once more. Raises UnknownCount, CountEnded."""
    await _lock(conn, count_id, CountState.waiting)
    found = await reading.get(conn, count_id)
    await _Q.count_again.run(conn, count_id=count_id, skus=[one.sku for one in found.differing])
    await _Q.reopen.run(conn, count_id=count_id)
    await tasks.finish_about(conn, count_id, by=by, now=now)
    return await reading.get(conn, count_id)


async def cancel(conn: Connection, count_id: UUID, *, by: str, now: datetime) -> Count:
    """Throw the sheet away; nothing is booked. Raises UnknownCount, CountEnded."""
    await _lock(conn, count_id, CountState.open, CountState.waiting)
    await _Q.set_ended.run(
        conn, count_id=count_id, state=CountState.cancelled.value, now=now, by=by
    )
    await tasks.finish_about(conn, count_id, by=by, now=now)
    return await reading.get(conn, count_id)


async def _lock(conn: Connection, count_id: UUID, *states: CountState) -> None:
    row = await _Q.lock.maybe(conn, count_id=count_id)
    if row is None:
        raise UnknownCount(count_id=str(count_id))
    if row["state"] not in states:
        raise CountEnded(count_id=str(count_id), state=row["state"])


async def _lock_rows(conn: Connection, count: Count) -> None:
    keys = [(line.sku, count.location_id) for line in count.lines if line.counted is not None]
    await ledger.lock(conn, keys)


async def note_late(conn: Connection, count_id: UUID) -> Count:
    """Reckon in what tills told of after the counting, but had sold before it."""
    rows = await _Q.late.all(conn, count_id=count_id)
    told = {row["sku"]: row["qty"] for row in rows}
    before = await reading.get(conn, count_id)
    changed = [line.sku for line in before.lines if line.late != told.get(line.sku, 0)]
    if not changed:
        return before
    await _Q.set_late.run(
        conn, count_id=count_id, skus=changed, lates=[told.get(sku, 0) for sku in changed]
    )
    return await reading.get(conn, count_id)


async def _book(conn: Connection, count: Count, *, by: str, now: datetime) -> Submitted:
    await _Q.set_ended.run(
        conn, count_id=count.count_id, state=CountState.booked.value, now=now, by=by
    )
    await tasks.finish_about(conn, count.count_id, by=by, now=now)
    short = await book_changes(conn, count, now=now)
    fact = StockCounted(
        count_id=count.count_id,
        location_id=count.location_id,
        counted=count.done,
        lines=tuple(
            GoodsLine(line.sku, count.location_id, line.differs) for line in count.differing
        ),
    )
    entry = log.entry_for(fact, at=now, location_id=count.location_id)
    await log.state_all(conn, [entry])
    found = await reading.get(conn, count.count_id)
    return Submitted(count=found, event_id=entry.event_id, short=tuple(short))


async def book_changes(conn: Connection, count: Count, *, now: datetime) -> list[Shortened]:
    """Book what differs and is not booked yet; promises that it breaks become short."""
    changes = {line.sku: _unbooked(line) for line in count.lines if _unbooked(line)}
    if not changes:
        return []
    keys = [(sku, count.location_id) for sku in changes]
    balances = await ledger.lock(conn, keys)
    new = frozenset(sku for sku, _ in await ledger.untouched(conn, keys))
    after = await ledger.post(conn, rules.entries(count, changes, new), balances=balances, now=now)
    await _Q.set_booked.run(
        conn,
        count_id=count.count_id,
        skus=list(changes),
        bookeds=[line.differs for line in count.lines if _unbooked(line)],
    )
    return await holds.shorten(conn, after, now=now)


def _unbooked(line: SheetLine) -> int:
    return line.differs - line.booked
