"""Reading timelines. A customer is given as her identifiers; who she is, identity says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from setten.customers.timeline.model import Event, Item, Page, Purchase
from setten.customers.timeline.reader import READER, Q
from setten.facts.ids import CustomerId
from setten.platform import audit, db, log
from setten.platform.auth import Actor
from setten.platform.db import Connection, Record
from setten.platform.errors import Invalid, NotFound
from setten.platform.vault import Vault

PAGE_MAX = 200
COPIES_MAX = 50
NEWS_MAX = 50  # more at once than a page can fade in; the rest comes with the next look
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = (datetime(9999, 1, 1, tzinfo=UTC), 2**62)


class BadCursor(Invalid):
    """This cursor is not one that we gave."""

    code = "bad_cursor"


class EventNotFound(NotFound):
    """There is no such event in any timeline."""

    code = "event_not_found"


async def page(
    conn: Connection,
    identifier_ids: Sequence[int],
    *,
    limit: int = 50,
    cursor: str | None = None,
    channel: str | None = None,
    name: str | None = None,
) -> Page:
    """Lines of a person newest first, at most PAGE_MAX. Raises BadCursor."""
    limit = max(1, min(limit, PAGE_MAX))
    before_at, before_position = _read_cursor(cursor)
    rows = await Q.page.all(
        conn,
        identifier_ids=list(identifier_ids),
        before_at=before_at,
        before_position=before_position,
        channel=channel,
        name=name,
        most=limit + 1,
    )
    items = tuple(_item(row) for row in rows[:limit])
    last = items[-1] if len(rows) > limit else None
    return Page(items=items, next_cursor=_write_cursor(last) if last else None)


def _write_cursor(item: Item) -> str:
    micros = (item.occurred_at - _EPOCH) // timedelta(microseconds=1)
    return f"{micros}.{item.position}"


def _read_cursor(cursor: str | None) -> tuple[datetime, int]:
    if cursor is None:
        return _END
    micros, position = _two_numbers(cursor)
    try:
        return _EPOCH + timedelta(microseconds=micros), position
    except OverflowError as cause:
        raise BadCursor() from cause


def _two_numbers(cursor: str) -> tuple[int, int]:
    first, dot, second = cursor.partition(".")
    if not dot or len(cursor) > 40 or not cursor.isascii():
        raise BadCursor()
    try:
        numbers = int(first), int(second)
    except ValueError as cause:
        raise BadCursor() from cause
    if max(map(abs, numbers)) >= 2**63:
        raise BadCursor()
    return numbers


def _item(row: Record) -> Item:
    values = dict(row)
    values.pop("xid", None)
    values["summary"] = msgspec.json.decode(values["summary"])
    return Item(**values)


async def news_cursor(conn: Connection) -> str:
    """Where the timeline stands now: read it before a page, then ask `since` what came after."""
    row = await Q.reader_place.maybe(conn, reader=READER)
    return f"{row['xid']}.{row['position']}" if row else "0.0"


async def since(
    conn: Connection,
    identifier_ids: Sequence[int],
    cursor: str,
    *,
    channel: str | None = None,
) -> tuple[tuple[Item, ...], str]:
    """Lines that came into a timeline after `cursor`, oldest first, and the cursor for the next.

    At most NEWS_MAX at once. Raises BadCursor.
    """
    xid, position = _two_numbers(cursor)
    rows = await Q.since.all(
        conn,
        identifier_ids=list(identifier_ids),
        xid=xid,
        position=position,
        channel=channel,
        most=NEWS_MAX,
    )
    if rows:
        cursor = f"{rows[-1]['xid']}.{rows[-1]['position']}"
    return tuple(_item(row) for row in rows), cursor


async def copies(
    conn: Connection, identifier_ids: Sequence[int], purchase_keys: Sequence[str]
) -> dict[str, list[Item]]:
    """The lines that told of each purchase, up to COPIES_MAX; the one that counts first."""
    rows = await Q.copies.all(
        conn,
        identifier_ids=list(identifier_ids),
        purchase_keys=list(purchase_keys),
        most=COPIES_MAX,
    )
    found: dict[str, list[Item]] = {}
    for row in rows:
        found.setdefault(row["purchase_key"], []).append(_item(row))
    return found


async def counts_by_channel(conn: Connection, identifier_ids: Sequence[int]) -> dict[str, int]:
    """How many events of a person came through each channel, most first."""
    rows = await Q.counts.all(conn, identifier_ids=list(identifier_ids))
    return {row["channel"]: row["n"] for row in rows}


async def purchases(
    conn: Connection,
    identifier_ids: Sequence[int],
    *,
    before: tuple[datetime, str] | None = None,
    limit: int = 50,
    oldest_first: bool = False,
) -> tuple[Purchase, ...]:
    """Purchases of a person newest first, each once, older than `before`: a moment, an event id."""
    at, event_id = before or db.end(datetime, str, largest=not oldest_first)
    rows = await Q.purchases.turned(oldest_first).all(
        conn,
        identifier_ids=list(identifier_ids),
        before_at=at,
        before_event_id=event_id,
        most=min(limit, PAGE_MAX),
    )
    return tuple(Purchase(**dict(row)) for row in rows)


async def event(
    conn: Connection,
    vault: Vault,
    event_id: str,
    *,
    actor: Actor,
    now: datetime,
    reveal: bool = False,
    customer_ids: Sequence[CustomerId] = (),
) -> Event:
    """The full record of an event of a timeline; looking at it is audited.

    reveal: also open its personal part. customer_ids: whom it is about, an audit entry each; none:
    one entry about nobody. Raises EventNotFound.
    """
    place = await log.find(conn, event_id, today=now.date())
    row = place and await log.event_at(conn, place)
    if not row or not await _is_line(conn, row):
        raise EventNotFound()
    sealed = None
    if reveal and row.sealed_id is not None:
        opened = (await vault.open(conn, [row.sealed_id])).get(row.sealed_id)
        sealed = dict(opened.values) if opened else None
    action = "event.revealed" if sealed is not None else "event.viewed"
    for customer_id in customer_ids or (None,):
        await audit.note(
            conn, actor, action, at=now, customer_id=customer_id, subject=event_id,
            fields=sorted(sealed or ()),
        )  # fmt: skip
    return Event(
        event_id=row.event_id,
        name=row.name,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        sent_at=row.sent_at,
        original_at=row.original_at,
        source_id=row.source_id,
        channel=row.channel,
        location_id=row.location_id,
        identifiers=row.identifiers,
        body=msgspec.json.decode(row.body),
        has_sealed=row.sealed_id is not None,
        sealed=sealed,
    )


async def last_done(
    conn: Connection, since: Mapping[int, datetime], *, names: Sequence[str], until: datetime
) -> dict[int, datetime]:
    """When each identifier last did one of these things, after a moment of its own; others are
    absent."""
    rows = await Q.last_done.all(
        conn,
        identifier_ids=list(since),
        sinces=list(since.values()),
        names=list(names),
        until=until,
    )
    return {row["identifier_id"]: row["occurred_at"] for row in rows}


async def _is_line(conn: Connection, row: log.Row) -> bool:
    return bool(
        row.identifiers
        and await Q.is_line.value(
            conn,
            identifier_id=row.identifiers[0],
            occurred_at=row.occurred_at,
            position=row.position,
        )
    )
