"""Writing to the log, and waiting for it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec

from setten.platform import db, ids
from setten.platform.db import Connection, Pool
from setten.platform.log import packing
from setten.platform.log.model import (
    NO_DAY,
    Cursor,
    Entry,
    EventNotSeen,
    EventRefused,
    Fact,
    Row,
    hash_id,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))
WAIT_S_MAX = 2.0  # DESIGN: a read waits at most this long for the event it names
_XID_END = 2**63 - 1  # beyond every transaction there will be
LATEST_MAX = 1_000  # what a person may look through or take away at once
LOOKED_MAX = 10_000  # events passed over for the newest of some sources, in about ten milliseconds
_MANY = 64  # ids; fewer are claimed in one round trip instead of four
_FEW = 8  # facts; more go by COPY, which costs a round trip more and much less for each
OWN_CHANNEL = "setten"
_POLL_S = 0.01  # readers poll as often; a NOTIFY in a hot transaction costs six times the rate
_IDENTIFIERS = Row.__struct_fields__.index("identifiers")
_encode = msgspec.json.Encoder().encode


async def append(conn: Connection, entries: Sequence[Entry]) -> frozenset[str]:
    """Append what the log has not seen and answer the event ids that are new.

    The first of two entries with one id wins. Durable once the caller's transaction commits.
    """
    first: dict[tuple[date, uuid.UUID], Entry] = {}
    for entry in entries:
        first.setdefault((entry.day, hash_id(entry.event_id)), entry)
    if not first:
        return frozenset()
    rows = list(first.values())
    written = await _Q.append.all(
        conn,
        days=[day for day, _ in first],
        hashes=[hashed for _, hashed in first],
        event_ids=[e.event_id for e in rows],
        names=[e.name for e in rows],
        occurred_ats=[e.occurred_at for e in rows],
        sent_ats=[e.sent_at for e in rows],
        original_ats=[e.original_at for e in rows],
        source_ids=[e.source_id for e in rows],
        channels=[e.channel for e in rows],
        location_ids=[e.location_id for e in rows],
        identifiers=[_array(e.identifiers) for e in rows],
        sealed_ids=[e.sealed_id for e in rows],
        bodies=[e.body for e in rows],
        received_at=rows[0].received_at,
        arrived_on=rows[0].received_at.date(),
    )
    return frozenset(row["event_id"] for row in written)


async def claim(
    conn: Connection, wanted: Sequence[tuple[date, str]], *, on: date
) -> dict[str, int]:
    """Claim (day, event id) pairs and answer the position of each id that the log had not.

    The ids are distinct. `write` must follow in the same transaction. on: the day of arrival.
    """
    if len(wanted) > _MANY:
        try:
            return await _claim_unseen(conn, wanted, on)
        except asyncpg.UniqueViolationError:
            pass  # one of them is known, which is rare: now each is looked at
    if not wanted:
        return {}
    row = await _Q.claim.one(
        conn,
        days=_text_array([day.isoformat() for day, _ in wanted]),
        hashes=_text_array([hash_id(event_id).hex for _, event_id in wanted]),
        arrived_on=on,
    )
    drawn, claimed = row
    positions = zip([event_id for _, event_id in wanted], drawn, strict=True)
    if claimed is not None and len(claimed) == len(drawn):
        return dict(positions)
    new = set(claimed or ())
    return {event_id: position for event_id, position in positions if position in new}


async def _claim_unseen(
    conn: Connection, wanted: Sequence[tuple[date, str]], on: date
) -> dict[str, int]:
    """Claim ids that are all new, by COPY: two thirds of what looking for each of them costs.

    Raises UniqueViolationError and claims nothing when one of them is known.
    """
    drawn: list[int] = await _Q.draw_positions.value(conn, count=len(wanted))
    places = {event_id: place for (_, event_id), place in zip(wanted, drawn, strict=True)}
    async with conn.transaction():
        rows = packing.pack_seen([(day, said, places[said]) for day, said in wanted], on)
        await db.copy_rows(conn, "log", "seen", packing.SEEN, rows)
    return places


async def write(conn: Connection, entries: Sequence[Entry], places: Mapping[str, int]) -> None:
    """Write entries at the positions that `claim` gave their ids in this transaction."""
    if not entries:
        return
    rows = packing.pack((places[one.event_id], one) for one in entries)
    await db.copy_rows(conn, "log", "events", packing.COLUMNS, rows)


def _array(numbers: Sequence[int]) -> str:
    return _text_array(map(str, numbers))


def _text_array(words: Iterable[str]) -> str:
    """An array as text, of words that need no quotes."""
    return "{" + ",".join(words) + "}"


def entry_for(
    fact: Fact,
    *,
    at: datetime,
    identifiers: Sequence[int] = (),
    channel: str = OWN_CHANNEL,
    location_id: str | None = None,
    sealed_id: int | None = None,
    event_id: uuid.UUID | None = None,
) -> Entry:
    """Our own fact as a log entry; its id is a UUIDv7."""
    own_id = event_id or ids.uuid7()
    return Entry(
        event_id=str(own_id),
        day=ids.uuid7_time(own_id).date(),
        name=fact.event_name,
        occurred_at=at,
        received_at=at,
        channel=channel,
        identifiers=tuple(identifiers),
        location_id=location_id,
        sealed_id=sealed_id,
        body=_encode(fact).decode(),
    )


def entries_for(told: Sequence[tuple[Fact, Sequence[int]]], *, at: datetime) -> list[Entry]:
    """`entry_for` of many facts of one moment, each with the identifiers it is stated under."""
    own_ids = ids.uuid7s(len(told))
    day = ids.uuid7_time(own_ids[0]).date() if told else NO_DAY
    return [
        Entry(
            event_id=str(own_id),
            day=day,
            name=fact.event_name,
            occurred_at=at,
            received_at=at,
            channel=OWN_CHANNEL,
            identifiers=tuple(identifiers),
            body=_encode(fact).decode(),
        )
        for own_id, (fact, identifiers) in zip(own_ids, told, strict=True)
    ]


async def state(
    conn: Connection,
    fact: Fact,
    *,
    at: datetime,
    identifiers: Sequence[int] = (),
    channel: str = OWN_CHANNEL,
    location_id: str | None = None,
    sealed_id: int | None = None,
) -> str:
    """State one fact in the caller's transaction and answer its event id (for `Setten-Event`)."""
    entry = entry_for(
        fact,
        at=at,
        identifiers=identifiers,
        channel=channel,
        location_id=location_id,
        sealed_id=sealed_id,
    )
    await append(conn, [entry])
    return entry.event_id


async def state_all(conn: Connection, entries: Sequence[Entry]) -> None:
    """State many facts (made with `entry_for`): together, and a crowd of them by COPY."""
    known = {one.event_id for one in entries}
    days = {one.received_at.date() for one in entries}
    if len(entries) <= _FEW or len(known) < len(entries) or len(days) > 1:
        await append(conn, entries)
        return
    places = await claim(conn, [(one.day, one.event_id) for one in entries], on=days.pop())
    await write(conn, [one for one in entries if one.event_id in places], places)


def stated(entries: Sequence[Entry]) -> db.Part:
    """The part of a statement that states facts: as `state_all`, within another's writing.

    entries: made with `entry_for` at one moment, at least one, nothing of them sealed.
    """
    at = entries[0].received_at
    assert all(e.received_at == at and e.sealed_id is None for e in entries), "of one moment, ours"
    return db.Part(
        _Q.stated,
        {
            "days": _text_array([e.day.isoformat() for e in entries]),
            "hashes": _text_array([hash_id(e.event_id).hex for e in entries]),
            "event_ids": db.words(e.event_id for e in entries),
            "names": db.words(e.name for e in entries),
            "channels": db.words(e.channel for e in entries),
            "location_ids": db.words(e.location_id for e in entries),
            "identifiers": db.words(_array(e.identifiers) for e in entries),
            "bodies": db.words(e.body for e in entries),
            "at": at,
            "arrived_on": at.date(),
        },
    )


async def find(conn: Connection, event_id: str, *, today: date) -> Cursor | None:
    """Where an event stands in the log, by any messageId or fact id; None when it has none."""
    hashed = hash_id(event_id)
    days = [today + timedelta(days=d) for d in (-2, -1, 0, 1)] + [NO_DAY]
    row = await _Q.find_recent.maybe(conn, days=days, hash=hashed)
    if row is None:
        row = await _Q.find_any.maybe(conn, hash=hashed)
    return Cursor(row["xid"], row["position"], row["arrived_on"]) if row else None


async def event_at(conn: Connection, place: Cursor) -> Row | None:
    """The event at a place of the log."""
    row = await _Q.event_at.maybe(
        conn, arrived_on=place.arrived_on, xid=str(place.xid), position=place.position
    )
    return row_of(row) if row else None


async def latest(conn: Connection, *, most: int = LATEST_MAX) -> list[Row]:
    """The newest events of the log, newest first: for watching, never for a projection."""
    return [row_of(record) for record in await _Q.latest.all(conn, most=min(most, LATEST_MAX))]


async def latest_of(conn: Connection, source_ids: Sequence[int], *, most: int) -> list[Row]:
    """The newest events of some sources, newest first, among the newest LOOKED_MAX of all."""
    found = await _Q.latest_of.all(
        conn, source_ids=list(source_ids), most=min(most, LATEST_MAX), looked=LOOKED_MAX
    )
    return [row_of(record) for record in found]


async def listed(
    conn: Connection,
    *,
    most: int,
    arrived_on: date | None = None,
    past: tuple[int, int] | None = None,
    oldest_first: bool = False,
) -> list[Row]:
    """Events of the log as it keeps them, newest first, for people who look through them.

    past: the (xid, position) of the last that was seen. arrived_on: the UTC day they reached us.
    """
    xid, position = past or (0 if oldest_first else _XID_END, 0)
    since, until = (arrived_on,) * 2 if arrived_on else (date.min, date.max)
    rows = await _Q.listed.turned(oldest_first).all(
        conn, xid=str(xid), position=position, since=since, until=until, most=min(most, LATEST_MAX)
    )
    return [row_of(record) for record in rows]


def row_of(record: db.Record) -> Row:
    """A reader's Row from a database record with the columns of `read` in their order, and perhaps
    the sender's clock behind them."""
    # By place: every event of the log comes this way, and by name costs four times as much.
    values = list(record)
    values[_IDENTIFIERS] = tuple(values[_IDENTIFIERS])
    return Row(*values)


async def wait_for(
    pool: Pool,
    event_id: str,
    readers: Sequence[str],
    *,
    today: date,
    timeout_s: float = WAIT_S_MAX,
) -> None:
    """Return once every reader named has passed the event.

    Raises EventNotSeen after `timeout_s`, EventRefused when it lies among the dead letters.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    place: Cursor | None = None
    while True:
        async with pool.acquire() as conn:
            if place is None:
                place = await find(conn, event_id, today=today)
            if place is None:
                if await _Q.is_dead.value(conn, hash=hash_id(event_id)):
                    raise EventRefused(event_id=event_id)
            elif await _passed(conn, place, readers):
                return
        if asyncio.get_running_loop().time() >= deadline:
            raise EventNotSeen(event_id=event_id)
        await asyncio.sleep(_POLL_S)


async def _passed(conn: Connection, place: Cursor, readers: Sequence[str]) -> bool:
    cursors = {row["reader"]: (row["xid"], row["position"]) for row in await _Q.cursors.all(conn)}
    here = (place.xid, place.position)
    return all(cursors.get(reader, (0, 0)) >= here for reader in readers)


async def ensure_partitions(conn: Connection) -> None:
    """Make the partitions of today and the next two days, where they can still be made."""
    await _Q.ensure_partitions.run(conn)


async def written(conn: Connection) -> int:
    """How many lines were ever begun: two of these and the time between tell how busy it is."""
    return int(await _Q.written.value(conn))


async def oldest_writer_s(conn: Connection) -> float:
    """Age in seconds of the oldest transaction that writes; all readers wait for it."""
    return float(await _Q.oldest_writer_s.value(conn) or 0.0)
