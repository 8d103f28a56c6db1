"""Lists of people brought in as a file: matched by what identifies them, and nothing else kept.

An entry is an identifier's number, so that it follows merges and splits. Who is nobody yet waits
under the numbers of all that her row says, sealed in the vault like any other, and is on the list
as soon as she is known by one. Rows that cannot be used are sealed for whoever brought them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from setten.customers import identity
from setten.customers.segments import copies, reading, service, standing
from setten.customers.segments.model import ID_MAX, ListNameTaken, ListNotFound
from setten.customers.segments.reading import Refused, Usable
from setten.customers.segments.state import Q as STORE
from setten.platform import audit, db
from setten.platform.auth import Actor
from setten.platform.db import Connection, Pool
from setten.platform.vault import Identifier, Vault

Q = db.load(__file__)
_AT_ONCE = 2_000  # rows a transaction
LISTS_MAX = 500
# For whoever brought the file to mend and bring the rest; then they are gone.
REFUSED_KEPT = timedelta(days=7)
# One that was being read when its process ended.
UNREADY_KEPT = timedelta(hours=1)


class List(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it was read. unmatched: good rows of nobody whom we knew then. has_refused: whether
    the refused rows can still be taken away."""

    list_id: int
    name: str
    made_at: datetime
    made_by: str
    rows: int
    matched: int
    unmatched: int
    refused: int
    has_refused: bool


class Brought(msgspec.Struct, frozen=True, kw_only=True):
    """A list, and the segment of those on it."""

    list: List
    segment_id: int


class _Sealed(msgspec.Struct):
    columns: tuple[str, ...]
    rows: tuple[Refused, ...]


async def bring(
    pool: Pool,
    vault: Vault,
    raw: bytes,
    *,
    name: str,
    replaces: bool,
    actor: Actor,
    now: datetime,
) -> Brought:
    """Read a file of identifiers into a list, and make a segment of it.

    replaces: take the place of the list of this name, whose segments are then filled anew.
    Raises BadList, ListNameTaken, BadSegmentName and what `define` raises.
    """
    service.check_name(name)
    # A file of a hundred thousand phone numbers takes seconds to read.
    file = await asyncio.to_thread(reading.read, raw)
    async with db.transaction(pool) as conn:
        await _refuse_taken(conn, name, replaces)
        list_id = int(await Q.begin.value(conn, name=name, at=now, by=actor.label))
    matched = 0
    for start in range(0, len(file.usable), _AT_ONCE):
        async with db.transaction(pool) as conn:
            matched += await _match(conn, vault, list_id, file.usable[start : start + _AT_ONCE])
    refused = None
    if file.refused:
        packed = _Sealed(file.columns, file.refused)
        refused = vault.seal_letter(msgspec.json.encode(packed))
    async with db.transaction(pool) as conn:
        await STORE.lock.run(conn)
        await _refuse_taken(conn, name, replaces)  # while this one was read
        await Q.take_place_of.run(conn, name=name, list_id=list_id)
        await Q.finish.run(
            conn, list_id=list_id, at=now, rows=len(file.usable) + len(file.refused),
            matched=matched, unmatched=len(file.usable) - matched, refused=len(file.refused),
            refused_sealed=refused,
        )  # fmt: skip
        segment_id = await _segment_of(conn, name, actor=actor, now=now)
        await audit.note(
            conn, actor, "list.brought", at=now, subject=str(list_id),
            fields=[f"matched {matched}", f"rows {len(file.usable) + len(file.refused)}"],
        )  # fmt: skip
        return Brought(list=await get(conn, list_id), segment_id=segment_id)


async def _refuse_taken(conn: Connection, name: str, replaces: bool) -> None:
    if not replaces and await Q.ready_named.value(conn, name=name) is not None:
        raise ListNameTaken(name=name)


async def _match(conn: Connection, vault: Vault, list_id: int, rows: Sequence[Usable]) -> int:
    """Enter the people of some rows; answers of how many rows somebody was found.

    Of a row with several identifiers the first that somebody has counts; where nobody has any, all
    of them wait.
    """
    known = await vault.find(conn, {one for row in rows for one in row.identifiers})
    owned = await identity.customers_for(conn, set(known.values()))
    numbers: list[int] = []
    strangers: set[Identifier] = set()
    for row in rows:
        found = (known[one] for one in row.identifiers if known.get(one) in owned)
        number = next(found, None)
        if number is None:
            strangers.update(row.identifiers)
        else:
            numbers.append(number)
    waiting = set((await vault.identify(conn, strangers)).values()) - set(numbers)
    await Q.enter.run(
        conn,
        list_id=list_id,
        identifier_ids=[*numbers, *sorted(waiting)],
        waits=[False] * len(numbers) + [True] * len(waiting),
    )
    return len(numbers)


async def _segment_of(conn: Connection, name: str, *, actor: Actor, now: datetime) -> int:
    """The segment of a list: one that asks for it is filled anew, else one is made."""
    await copies.refill(conn, lambda node: name in standing.lists_in(node))
    expression = {"kind": "listed", "name": name}
    for one in await service.listed(conn):
        if one.name == name and one.expression == expression:
            return one.segment_id
    return await service.define(conn, name, expression, actor=actor, now=now)


async def get(conn: Connection, list_id: int) -> List:
    """A list that is ready. Raises ListNotFound."""
    known = abs(list_id) <= ID_MAX
    row = await Q.lists.maybe(conn, list_id=list_id, most=1) if known else None
    if row is None:
        raise ListNotFound()
    return List(**dict(row))


async def listed(conn: Connection) -> tuple[List, ...]:
    """All lists, the newest first."""
    rows = await Q.lists.all(conn, list_id=None, most=LISTS_MAX)
    return tuple(List(**dict(row)) for row in rows)


async def refused_rows(
    conn: Connection, vault: Vault, list_id: int, *, actor: Actor, now: datetime
) -> tuple[tuple[str, ...], tuple[Refused, ...]]:
    """The columns and the rows that could not be used, as they came; audited. Raises ListNotFound
    where there are none, or none any more."""
    known = abs(list_id) <= ID_MAX
    sealed = await Q.refused_of.value(conn, list_id=list_id) if known else None
    if sealed is None:
        raise ListNotFound()
    opened = msgspec.json.decode(vault.open_letter(sealed), type=_Sealed)
    await audit.note(conn, actor, "list.refused_taken", at=now, subject=str(list_id))
    return opened.columns, opened.rows


async def tidy(conn: Connection, *, now: datetime) -> None:
    """Let go of refused rows after a week, and of lists that were never read to the end."""
    await Q.forget_refused.run(conn, before=now - REFUSED_KEPT)
    await Q.forget_unready.run(conn, before=now - UNREADY_KEPT)


__all__ = [
    "Brought",
    "List",
    "bring",
    "get",
    "listed",
    "refused_rows",
    "tidy",
]
