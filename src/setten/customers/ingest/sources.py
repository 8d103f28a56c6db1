"""Sources: make, list, change, rotate their keys, revoke."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from setten.customers.ingest import store
from setten.customers.ingest.model import Source, SourceNotFound, WriteKey
from setten.platform.db import Connection
from setten.platform.errors import Invalid

# A public key invites floods; the whole machine takes about half of this (docs, performance page).
RATE_PER_S_DEFAULT = 50_000
RATE_PER_S_MAX = 1_000_000
# Pages stay open for a day; then the old key may go.
ROTATION = timedelta(hours=24)
SOURCES_MAX = 500
ORIGINS_MAX = 100
_CURRENCY = re.compile(r"[A-Z]{3}")


class BadSource(Invalid):
    """A field of a source cannot be used."""

    code = "bad_source"


async def create(
    conn: Connection,
    *,
    name: str,
    channel: str,
    write_key: str,
    now: datetime,
    system: str | None = None,
    is_record: bool = False,
    currency: str = "JPY",
    origins: Sequence[str] = (),
    rate_per_s: int = RATE_PER_S_DEFAULT,
) -> Source:
    """Make a source with its first write key (unguessable, given by the caller).

    channel: "web", "app", "store" … system: whose word it is; the channel when not given.
    origins: pages that may send ("https://shop.example"); none means any. Raises BadSource.
    """
    checked = [_origin(one) for one in origins]
    _check(name, channel, system or channel, currency, rate_per_s, len(checked))
    source_id = await store.insert_source(
        conn,
        name=name,
        channel=channel,
        system=system or channel,
        is_record=is_record,
        currency=currency,
        origins=checked,
        rate_per_s=rate_per_s,
        created_at=now,
    )
    await store.insert_key(conn, write_key=write_key, source_id=source_id, created_at=now)
    return await get(conn, source_id)


def _check(
    name: str, channel: str, system: str, currency: str, rate_per_s: int, origins: int
) -> None:
    if not 1 <= len(name) <= 100:
        raise BadSource(field="name")
    for field, text in (("channel", channel), ("system", system)):
        if not re.fullmatch(r"[a-z0-9_.-]{1,40}", text):
            raise BadSource(field=field)
    if not _CURRENCY.fullmatch(currency):
        raise BadSource(field="currency")
    if not 1 <= rate_per_s <= RATE_PER_S_MAX:
        raise BadSource(field="rate_per_s")
    if origins > ORIGINS_MAX:
        raise BadSource(field="origins")


def _origin(text: str) -> str:
    """An origin as browsers write it: scheme and host, lower-cased, no path."""
    try:
        parts = urlsplit(text.strip().lower())
    except ValueError as cause:
        raise BadSource(field="origins") from cause
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path not in ("", "/"):
        raise BadSource(field="origins")
    return f"{parts.scheme}://{parts.netloc}"


async def get(conn: Connection, source_id: int) -> Source:
    """One source. Raises SourceNotFound."""
    found = await store.find_source(conn, source_id)
    if found is None:
        raise SourceNotFound(source_id=source_id)
    return found


async def list_all(conn: Connection) -> list[tuple[Source, tuple[WriteKey, ...]]]:
    """Every source with its keys, oldest first."""
    sources = await store.list_sources(conn, most=SOURCES_MAX)
    keys = await store.list_keys(conn, [one.source_id for one in sources])
    return [
        (source, tuple(key for key in keys if key.source_id == source.source_id))
        for source in sources
    ]


async def rotate(conn: Connection, source_id: int, *, write_key: str, now: datetime) -> None:
    """Give a source a new key; the old ones end a day later. Raises SourceNotFound."""
    source = await get(conn, source_id)
    if source.revoked_at is not None:
        raise SourceNotFound(source_id=source_id)
    await store.end_keys(conn, source_id=source_id, ends_at=now + ROTATION)
    await store.insert_key(conn, write_key=write_key, source_id=source_id, created_at=now)


async def change(
    conn: Connection, source_id: int, *, origins: Sequence[str], rate_per_s: int
) -> None:
    """Set which pages may send, and how much. Raises SourceNotFound, BadSource."""
    source = await get(conn, source_id)
    checked = [_origin(one) for one in origins]
    _check(source.name, source.channel, source.system, source.currency, rate_per_s, len(checked))
    await store.change_source(conn, source_id=source_id, origins=checked, rate_per_s=rate_per_s)


async def revoke(conn: Connection, source_id: int, *, now: datetime) -> None:
    """Close a source: its next event is refused. Raises SourceNotFound."""
    if not await store.revoke_source(conn, source_id=source_id, revoked_at=now):
        raise SourceNotFound(source_id=source_id)
