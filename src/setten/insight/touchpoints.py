"""Where customers and the business meet, counted as it happens: by day, channel and quarter hour.

Sums only. A touch is something that somebody did or said on a channel; what we conclude from it (a
merge, a stage, a segment) is none. Days are the business's own.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from setten.facts import commerce, reported, stock
from setten.facts.engagement import NoteWritten
from setten.platform import db
from setten.platform.db import Connection, Pool, Record
from setten.platform.log import GATHER_CALMLY_S, Cursor, Reader, Row
from setten.platform.log.tail import read

Q = db.load(__file__)
READER = "touchpoints"
SLOTS = 96
ROWS_MAX = 20 * 96 * 31  # twenty channels over a month: more is no page
LATEST_MAX = 100
OWN_NAME_MAX = 80  # of what a business calls an event: a row of a list, not the event itself
# What the reader has not passed yet is looked for at the end of the log: mostly a few rows; more
# than these only while it is far behind, and then the page says so.
FRESH_MAX = 5_000
KEPT_MAX = 3_000  # places in the log that one list looks up, a few µs each
_CHUNK = 5_000
_START = Cursor(0, 0, date.min)
Progress = Callable[[int], None]
# By name, channel and place ("" anywhere): (xid, position) of the last LATEST_MAX.
_Newest: TypeAlias = "dict[tuple[str, str, str], deque[tuple[int, int]]]"


def _told() -> frozenset[str]:
    """Names of all reports of outsiders."""
    found = set()
    for module in (reported, commerce):
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, reported.Told):
                found.add(one.event_name)
    return frozenset(found)


TOUCHES = _told() | {
    stock.ReceiptRecorded.event_name,
    stock.HoldCollected.event_name,
    NoteWritten.event_name,
}


PLACED = frozenset({stock.ReceiptRecorded.event_name})
"""Kept by place too: what a shop's tills did opens from its sum."""


class Strip(msgspec.Struct, frozen=True, kw_only=True):
    """A channel's day: touches in each of SLOTS quarters of an hour."""

    channel: str
    slots: tuple[int, ...]


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """Orders placed on a day through a channel, in minor units of a currency."""

    day: date
    channel: str
    currency: str
    orders: int
    total_minor: int


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """One event as a list shows it."""

    event_id: str
    name: str
    occurred_at: datetime
    channel: str
    location_id: str | None
    own_name: str = ""
    """What the business calls an event of its own, cut at OWN_NAME_MAX; "" for all others."""


def _touch(row: Record) -> Touch:
    return Touch(
        event_id=row["event_id"],
        name=row["name"],
        occurred_at=row["occurred_at"],
        channel=row["channel"],
        location_id=row["location_id"],
        own_name=_own_name(row["own_body"]),
    )


def _own_name(body: bytes | str | None) -> str:
    if body is None:
        return ""
    try:
        return _own(body).event.strip()[:OWN_NAME_MAX]
    except msgspec.DecodeError:
        return ""


class _Own(msgspec.Struct):
    event: str = ""


class _Order(msgspec.Struct):
    total_minor: int | None = None
    currency: str | None = None


class _Note(msgspec.Struct):
    voice: str = ""


class Sums(msgspec.Struct):
    """What a batch of events adds."""

    touches: Counter[tuple[date, str, int]] = msgspec.field(default_factory=Counter)
    events: Counter[tuple[date, str]] = msgspec.field(default_factory=Counter)
    orders: Counter[tuple[date, str, str]] = msgspec.field(default_factory=Counter)
    money: Counter[tuple[date, str, str]] = msgspec.field(default_factory=Counter)
    newest: _Newest = msgspec.field(default_factory=dict)


_order = msgspec.json.Decoder(_Order).decode
_own = msgspec.json.Decoder(_Own).decode
_note = msgspec.json.Decoder(_Note).decode


def readers(zone: ZoneInfo) -> list[Reader]:
    """The reader of this feature. zone: the business's, for its days."""
    return [Reader(READER, partial(_take_in, zone=zone), gather_s=GATHER_CALMLY_S)]


async def _take_in(conn: Connection, rows: Sequence[Row], *, zone: ZoneInfo) -> None:
    sums = Sums()
    count(rows, zone, sums)
    await _add(conn, sums)


def count(rows: Iterable[Row], zone: ZoneInfo, sums: Sums) -> None:
    """Add events to sums. A body that is not what its name promises counts as one event."""
    moment: datetime | None = None
    day, slot = date.min, 0
    for row in rows:
        if row.occurred_at != moment:
            moment = row.occurred_at
            here = moment.astimezone(zone)
            day, slot = here.date(), (here.hour * 60 + here.minute) // 15
        sums.events[day, row.name] += 1
        _remember(row, "", sums)
        if row.location_id and row.name in PLACED:
            _remember(row, row.location_id, sums)
        if row.name in TOUCHES and _is_hers(row):
            sums.touches[day, row.channel, slot] += 1
        if row.name == stock.OrderPlaced.event_name:
            _count_order(row, day, sums)


def _remember(row: Row, place: str, sums: Sums) -> None:
    """Where the newest of their kind stand; rows come in the log's order."""
    key = (row.name, row.channel, place)
    kept = sums.newest.get(key)
    if kept is None:
        kept = sums.newest[key] = deque(maxlen=LATEST_MAX)
    kept.append((row.xid, row.position))


def _is_hers(row: Row) -> bool:
    """A note is a touch when it holds a customer's own words."""
    if row.name != NoteWritten.event_name:
        return True
    try:
        return _note(row.body).voice == "customer"
    except msgspec.DecodeError:
        return False


def _count_order(row: Row, day: date, sums: Sums) -> None:
    try:
        order = _order(row.body)
    except msgspec.DecodeError:
        return
    key = (day, row.channel, order.currency or "")
    sums.orders[key] += 1
    sums.money[key] += order.total_minor or 0


async def _add(conn: Connection, sums: Sums) -> None:
    # In one order, so that it costs the same pages whoever comes first.
    if touches := sorted(sums.touches):
        await Q.add_touches.run(
            conn,
            days=[day for day, _, _ in touches],
            channels=[channel for _, channel, _ in touches],
            slots=[slot for _, _, slot in touches],
            ns=[sums.touches[key] for key in touches],
        )
    if events := sorted(sums.events):
        await Q.add_events.run(
            conn,
            days=[day for day, _ in events],
            names=[name for _, name in events],
            ns=[sums.events[key] for key in events],
        )
    if orders := sorted(sums.orders):
        await Q.add_orders.run(
            conn,
            days=[day for day, _, _ in orders],
            channels=[channel for _, channel, _ in orders],
            currencies=[currency for _, _, currency in orders],
            orders=[sums.orders[key] for key in orders],
            totals=[sums.money[key] for key in orders],
        )
    await _keep(conn, sums.newest)


async def _keep(conn: Connection, newest: _Newest) -> None:
    flat = [(key, place) for key in sorted(newest) for place in newest[key]]
    if flat:
        await Q.keep_newest.run(
            conn,
            names=db.words(key[0] for key, _ in flat),
            channels=db.words(key[1] for key, _ in flat),
            location_ids=db.words(key[2] for key, _ in flat),
            xids=db.numbers(xid for _, (xid, _) in flat),
            positions=db.numbers(position for _, (_, position) in flat),
            most=LATEST_MAX,
        )


async def rebuild(pool: Pool, *, zone: ZoneInfo, progress: Progress | None = None) -> int:
    """Count everything anew from the log and swap the sums in; answers the events read.

    A year of sums is some hundred thousand numbers, so they are added up in memory; the live reader
    is stopped only for the last events. progress: told the events read so far.
    """
    sums, here, done = Sums(), _START, 0
    while True:
        async with pool.acquire() as conn:
            goal = _cursor(await Q.reached.maybe(conn, reader=READER))
            rows = await _until(conn, here, goal)
        if len(rows) < _CHUNK:
            break
        count(rows, zone, sums)
        here, done = _behind(here, rows), done + len(rows)
        if progress is not None:
            progress(done)
    async with db.transaction(pool) as conn:
        goal = _cursor(await Q.goal.maybe(conn, reader=READER))
        while rows := await _until(conn, here, goal):
            count(rows, zone, sums)
            here, done = _behind(here, rows), done + len(rows)
        await Q.clear.run(conn)
        await _add(conn, sums)
    return done


async def _until(conn: Connection, here: Cursor, goal: Cursor) -> list[Row]:
    """The next events, none that the live reader has still to count."""
    end = (goal.xid, goal.position)
    return [row for row in await read(conn, here, _CHUNK) if (row.xid, row.position) <= end]


def _cursor(row: Record | None) -> Cursor:
    return Cursor(row["xid"], row["position"], row["arrived_on"]) if row else _START


def _behind(here: Cursor, rows: Sequence[Row]) -> Cursor:
    last = rows[-1]
    return Cursor(last.xid, last.position, max(here.arrived_on, last.arrived_on))


async def strips(conn: Connection, day: date) -> tuple[Strip, ...]:
    """Each channel's day, the busiest first."""
    return (await strips_of(conn, [day]))[day]


async def strips_of(conn: Connection, days: Collection[date]) -> dict[date, tuple[Strip, ...]]:
    """As `strips`, for some days at once."""
    found: dict[tuple[date, str], list[int]] = {}
    for row in await Q.touches.all(conn, days=list(days), most=ROWS_MAX):
        slots = found.setdefault((row["day"], row["channel"]), [0] * SLOTS)
        slots[row["slot"]] = row["n"]
    ranked = sorted(found.items(), key=lambda one: (-sum(one[1]), one[0][1]))
    return {
        day: tuple(
            Strip(channel=channel, slots=tuple(slots))
            for (of, channel), slots in ranked
            if of == day
        )
        for day in days
    }


async def events(conn: Connection, *, first_day: date, last_day: date) -> dict[str, int]:
    """How often each event happened from the first to the last day."""
    rows = await Q.events.all(conn, first_day=first_day, last_day=last_day)
    return {row["name"]: row["n"] for row in rows}


async def orders(conn: Connection, days: Collection[date]) -> tuple[Orders, ...]:
    """Orders placed on some days by channel and currency, the most first."""
    rows = await Q.orders.all(conn, days=list(days), most=ROWS_MAX)
    return tuple(Orders(**dict(row)) for row in rows)


async def latest(
    conn: Connection,
    *,
    names: Collection[str],
    begin: datetime,
    until: datetime,
    channels: Collection[str] | None = None,
    location_id: str | None = None,
    most: int = LATEST_MAX,
) -> tuple[Touch, ...]:
    """The newest of some events that happened from begin until before `until`, newest first.

    Of each name and channel the LATEST_MAX that arrived last are known (of receipts also by place),
    so a place sees other events only where they are among these. channels: lower case; None for
    all.
    """
    asked: dict[str, object] = {
        "reader": READER,
        "names": list(names),
        "placed": location_id if location_id and PLACED.issuperset(names) else "",
        "channels": None if channels is None else list(channels),
        "location_id": location_id,
        "begin": begin,
        "until": until,
        # An event never arrives before it happened; a transaction may have begun before midnight.
        "since": begin.astimezone(UTC).date() - timedelta(days=1),
        "fresh": FRESH_MAX,
        "most": min(most, LATEST_MAX),
    }
    kept = KEPT_MAX if location_id else 3 * most
    rows = await Q.latest.all(conn, **asked, kept=kept)
    if len(rows) < most and kept < KEPT_MAX:  # those that came last may have happened before
        rows = await Q.latest.all(conn, **asked, kept=KEPT_MAX)
    return tuple(
        sorted((_touch(row) for row in rows), key=lambda one: one.occurred_at, reverse=True)
    )
