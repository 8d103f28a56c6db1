"""Looking holds up. A hold that has run out reads as expired, booked or not."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.holds.model import Hold, HoldLine, TooManyGuesses, UnknownHold

_Q = db.load(str(Path(__file__).with_name("store.py")))
PAGE_MAX = 200
GUESSES_MAX = 5  # wrong codes for one hold in the window: 5 in a million, every ten minutes
GUESS_WINDOW = timedelta(minutes=10)
_FIRST = UUID(int=0)
_LAST = UUID(int=2**128 - 1)
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


def holds_from(
    rows: Iterable[db.Record], lines: Iterable[db.Record], *, now: datetime
) -> list[Hold]:
    """Holds from their rows and the rows of their lines, as of `now`."""
    by_hold: dict[UUID, list[HoldLine]] = {}
    for line in lines:
        by_hold.setdefault(line["hold_id"], []).append(
            HoldLine(
                sku=line["sku"],
                location_id=line["location_id"],
                qty=line["qty"],
                state=line["state"],
            )
        )
    found = [Hold(**dict(row), lines=tuple(by_hold.get(row["hold_id"], ()))) for row in rows]
    return [_as_of(hold, now) for hold in found]


def _as_of(hold: Hold, now: datetime) -> Hold:
    if hold.ended_at is None and hold.expires_at <= now:
        return msgspec.structs.replace(hold, state="expired", ended_at=hold.expires_at)
    return hold


async def find_many(conn: Connection, hold_ids: Sequence[UUID], *, now: datetime) -> list[Hold]:
    """Holds by id, in the order asked; unknown ones are absent."""
    if not hold_ids:
        return []
    rows = await _Q.by_ids.all(conn, hold_ids=list(hold_ids))
    lines = await _Q.lines_of.all(conn, hold_ids=list(hold_ids))
    found = {hold.hold_id: hold for hold in holds_from(rows, lines, now=now)}
    return [found[hold_id] for hold_id in hold_ids if hold_id in found]


async def get(conn: Connection, hold_id: UUID, *, now: datetime) -> Hold:
    """One hold. Raises UnknownHold."""
    found = await find_many(conn, [hold_id], now=now)
    if not found:
        raise UnknownHold(hold_id=str(hold_id))
    return found[0]


async def find_by_code(
    conn: Connection, code: str, *, now: datetime, location_id: str | None = None
) -> list[Hold]:
    """Open holds with this pickup code: at most one per place."""
    rows = await _Q.by_code.all(conn, code=code, location_id=location_id, most=PAGE_MAX)
    found = await find_many(conn, [row["hold_id"] for row in rows], now=now)
    return [hold for hold in found if hold.is_open]


async def find_by_identifiers(
    conn: Connection,
    identifier_ids: Sequence[int],
    *,
    now: datetime,
    only_open: bool = False,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Hold]:
    """Holds of one person, newest first; pages by the last hold_id."""
    rows = await _Q.by_identifiers.all(
        conn,
        identifier_ids=list(identifier_ids),
        before=before or _LAST,
        only_open=only_open,
        most=min(limit, PAGE_MAX),
    )
    found = await find_many(conn, [row["hold_id"] for row in rows], now=now)
    return [hold for hold in found if hold.is_open or not only_open]


async def queue(
    conn: Connection,
    location_id: str,
    *,
    now: datetime,
    state: str | None = None,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Hold]:
    """Holds of a place, oldest first; pages by the last hold_id.

    state: None for all that are open, or one state.
    """
    most = min(limit, PAGE_MAX)
    if state in (None, "held", "ready"):
        rows = await _Q.queue_open.all(
            conn, location_id=location_id, state=state, after=after or _FIRST, now=now, most=most
        )
    else:
        rows = await _Q.queue_ended.all(
            conn, location_id=location_id, state=state, after=after or _FIRST, most=most
        )
    return await find_many(conn, [row["hold_id"] for row in rows], now=now)


async def collected(
    conn: Connection,
    location_id: str,
    *,
    now: datetime,
    before: UUID | None = None,
    limit: int = PAGE_MAX,
) -> list[Hold]:
    """What was handed over at a place, the last one first; pages by the last hold_id."""
    found = await find_many(conn, [before], now=now) if before else []
    last = found[0] if found and found[0].ended_at else None
    rows = await _Q.collected.all(
        conn,
        location_id=location_id,
        before_at=last.ended_at if last else _NEVER,
        before_id=last.hold_id if last else _LAST,
        most=min(limit, PAGE_MAX),
    )
    return await find_many(conn, [row["hold_id"] for row in rows], now=now)


async def listed(
    conn: Connection,
    location_id: str,
    *,
    now: datetime,
    state: str | None = None,
    sku: str | None = None,
    past: UUID | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
) -> list[Hold]:
    """Holds of a place, newest first; pages by the last hold_id.

    state: None for all that are open, or one of those that ended; sku: the open ones with units of
    it that lie here. Not both.
    """
    assert not (state and sku), "no index has both"
    [last] = (past,) if past else db.end(UUID, largest=not oldest_first)
    given = {"location_id": location_id, "past": last, "most": min(limit, PAGE_MAX)}
    if sku:
        rows = await _Q.open_of_goods.turned(oldest_first).all(conn, sku=sku, **given)
    elif state:
        rows = await _Q.ended_here.turned(oldest_first).all(conn, state=state, **given)
    else:
        rows = await _Q.open_here.turned(oldest_first).all(conn, **given)
    return await find_many(conn, [row["hold_id"] for row in rows], now=now)


async def waiting_for(
    conn: Connection, location_id: str, skus: Collection[str], *, now: datetime
) -> Hold | None:
    """The oldest hold of a place in which one of these goods is still to be picked."""
    row = await _Q.waiting_for.maybe(conn, location_id=location_id, skus=list(skus), now=now)
    return await get(conn, row["hold_id"], now=now) if row else None


async def count_open(conn: Connection, location_id: str, *, now: datetime) -> dict[str, int]:
    """How many holds of a place are held and ready."""
    rows = await _Q.count_open.all(conn, location_id=location_id, now=now)
    return {"held": 0, "ready": 0} | {row["state"]: row["holds"] for row in rows}


async def code_fits(conn: Connection, hold: Hold, code: str, *, now: datetime) -> bool:
    """Whether this is the hold's pickup code; a wrong one is counted when the caller commits.

    Raises TooManyGuesses.
    """
    failed = await _Q.failures.value(conn, hold_id=hold.hold_id, since=now - GUESS_WINDOW)
    if failed >= GUESSES_MAX:
        raise TooManyGuesses(retry_after_s=int(GUESS_WINDOW.total_seconds()))
    if hmac.compare_digest(hold.code.encode(), code.strip().encode()):
        return True
    await _Q.note_failure.run(conn, hold_id=hold.hold_id, now=now)
    return False


async def forget_old_failures(conn: Connection, *, now: datetime) -> int:
    """Drop wrong codes that no longer count. For a job."""
    return await _Q.forget_failures.run(conn, before=now - GUESS_WINDOW)
