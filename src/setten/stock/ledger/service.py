"""Locking rows and posting entries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock.ledger import rules
from setten.stock.ledger.model import KEPT, Balance, Entry, Key, Posted

_Q = db.load(str(Path(__file__).with_name("store.py")))
ENTRIES_PAGE_MAX = 200
BALANCES_MAX = 20_000  # forty skus in all of five hundred places


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a statement that writes entries and balances, the changed rows as they will be,
    and the `availability.changed` of those that cross into another band."""

    part: db.Part
    after: dict[Key, Balance]
    crossings: tuple[log.Entry, ...]


async def lock(conn: Connection, keys: Iterable[Key]) -> dict[Key, Balance]:
    """Lock the rows until the transaction ends and answer them; unknown rows are absent.

    Every writer of stock comes through here before it looks at a number it will act on.
    """
    wanted = set(keys)
    if not wanted:
        return {}
    rows = await _Q.lock.all(
        conn,
        skus=db.words(sku for sku, _ in wanted),
        location_ids=db.words(place for _, place in wanted),
    )
    return {(row["sku"], row["location_id"]): Balance(**row) for row in rows}


async def ensure(conn: Connection, keys: Iterable[Key]) -> None:
    """Make empty rows where there are none. The caller knows that sku and place exist."""
    wanted = set(keys)
    if wanted:
        await _Q.ensure.run(
            conn, skus=[sku for sku, _ in wanted], location_ids=[place for _, place in wanted]
        )


async def untouched(conn: Connection, keys: Iterable[Key]) -> frozenset[Key]:
    """Those of the rows on which nothing was ever booked."""
    wanted = list(set(keys))
    rows = await _Q.untouched.all(
        conn, skus=[sku for sku, _ in wanted], location_ids=[place for _, place in wanted]
    )
    return frozenset((row["sku"], row["location_id"]) for row in rows)


async def balances_at(
    conn: Connection, location_id: str, *, after: str = "", limit: int = ENTRIES_PAGE_MAX
) -> list[Balance]:
    """Rows of one place by sku, unlocked: for showing. Pages by the last sku."""
    rows = await _Q.balances_at.all(
        conn, location_id=location_id, after=after, most=min(limit, ENTRIES_PAGE_MAX)
    )
    return [Balance(**dict(row)) for row in rows]


async def displayed_at(
    conn: Connection,
    location_id: str,
    *,
    after: str = "",
    limit: int = ENTRIES_PAGE_MAX,
    last_first: bool = False,
) -> list[Balance]:
    """Rows of one place with units on show, by sku; pages by the last sku."""
    rows = await _Q.displayed_at.turned(last_first).all(
        conn,
        location_id=location_id,
        after=after or db.end(str, largest=last_first)[0],
        most=min(limit, ENTRIES_PAGE_MAX),
    )
    return [Balance(**dict(row)) for row in rows]


def preview(balances: Mapping[Key, Balance], entries: Iterable[Entry]) -> dict[Key, Balance]:
    """The rows that these entries would change, as they would be."""
    return rules.applied(balances, rules.deltas(entries))


async def post(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    balances: Mapping[Key, Balance],
    now: datetime,
) -> dict[Key, Balance]:
    """Write entries and balances, state `availability.changed` where a band is crossed.

    balances: the locked rows as they are now. Answers the changed rows as they are after.
    """
    if not entries:
        return {}
    posting = posted(entries, balances=balances, now=now)
    parts = [posting.part, *([log.stated(posting.crossings)] if posting.crossings else [])]
    answer = await db.together(conn, parts, _Q.rows_moved)
    assert answer["rows"] == len(posting.after), "rows are locked, so they are there"
    return posting.after


def posted(entries: Sequence[Entry], *, balances: Mapping[Key, Balance], now: datetime) -> Posting:
    """What `post` would write, for a verb that writes more in the same statement.

    Its part is `ledger_moved`, one row for each changed row of stock; `crossings` are to be stated.
    """
    changes = rules.deltas(entries)
    after = rules.applied(balances, changes)
    columns = {
        f"{account.name}s": db.numbers(c[account] for c in changes.values()) for account in KEPT
    }
    given = {
        "skus": db.words(sku for sku, _ in changes),
        "location_ids": db.words(place for _, place in changes),
        **columns,
        "at": now,
        "entry_skus": db.words(e.sku for e in entries),
        "entry_location_ids": db.words(e.location_id for e in entries),
        "froms": db.numbers(e.source for e in entries),
        "tos": db.numbers(e.target for e in entries),
        "qtys": db.numbers(e.qty for e in entries),
        "causes": db.words(e.cause for e in entries),
        "cause_ids": db.uuids(e.cause_id for e in entries),
    }
    crossings = tuple(
        log.entry_for(fact, at=now, location_id=fact.location_id)
        for fact in rules.crossings(balances, after)
    )
    return Posting(part=db.Part(_Q.posted, given), after=after, crossings=crossings)


async def put_shelves(
    conn: Connection,
    shelves: Sequence[tuple[str, str, int | None, str | None]],
    *,
    displays: Mapping[Key, int] | None = None,
    now: datetime | None = None,
) -> None:
    """Set (sku, location_id, safety, shelf), and units on show by row; None leaves what is there.

    now: the moment to state `availability.changed` at, where a band is crossed.
    """
    keys = [(sku, place) for sku, place, _, _ in shelves]
    on_show = displays or {}
    await ensure(conn, keys)
    before = await lock(conn, keys)
    await _Q.put_shelves.run(
        conn,
        skus=[sku for sku, _ in keys],
        location_ids=[place for _, place in keys],
        safeties=[row[2] for row in shelves],
        displays=[on_show.get(key) for key in keys],
        shelves=[row[3] for row in shelves],
    )
    if now is not None:
        await state_crossings(conn, before, await lock(conn, keys), now=now)


async def state_crossings(
    conn: Connection, before: Mapping[Key, Balance], after: Mapping[Key, Balance], *, now: datetime
) -> None:
    """State `availability.changed` for rows that are in another band than before."""
    facts = rules.crossings(before, after)
    if facts:
        await log.state_all(
            conn, [log.entry_for(fact, at=now, location_id=fact.location_id) for fact in facts]
        )


async def entries_of(
    conn: Connection,
    key: Key,
    *,
    before: int | None = None,
    limit: int = ENTRIES_PAGE_MAX,
    oldest_first: bool = False,
) -> list[Posted]:
    """The entries behind one row, newest first; `before` is the last entry_id of a page."""
    [last] = (before,) if before else db.end(int, largest=not oldest_first)
    rows = await _Q.entries_of.turned(oldest_first).all(
        conn,
        sku=key[0],
        location_id=key[1],
        before=last,
        most=min(limit, ENTRIES_PAGE_MAX),
    )
    return [Posted(**dict(row)) for row in rows]


async def balances_of(
    conn: Connection, skus: Sequence[str], *, most: int = BALANCES_MAX
) -> list[Balance]:
    """The rows of these skus at all places, for reading: nothing is locked."""
    rows = await _Q.balances_of.all(conn, skus=list(skus), most=min(most, BALANCES_MAX))
    return [Balance(**dict(row)) for row in rows]


async def balances_among(
    conn: Connection, skus: Sequence[str], location_ids: Sequence[str]
) -> list[Balance]:
    """The rows of these skus at these places alone, for reading."""
    rows = await _Q.balances_among.all(conn, skus=list(skus), location_ids=list(location_ids))
    return [Balance(**dict(row)) for row in rows]


async def by_place(conn: Connection, skus: Sequence[str]) -> dict[str, dict[str, int]]:
    """Units of each sku that each place can promise; a sku or a place without a row is absent."""
    rows = await _Q.by_place.all(conn, skus=list(skus))
    return {
        row["sku"]: dict(zip(row["location_ids"], row["promisable"], strict=True)) for row in rows
    }


async def totals_of(conn: Connection, skus: Sequence[str]) -> dict[str, int]:
    """Units of each sku that all places together can promise; one that lies nowhere is absent."""
    rows = await _Q.totals_of.all(conn, skus=list(skus))
    return {row["sku"]: row["promisable"] for row in rows}
