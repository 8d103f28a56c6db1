"""Lists of people brought in as a file: matched by what identifies them, and nothing else kept.

An entry is an identifier's number, so that it follows merges and splits. Who is nobody yet waits
under the numbers of all that her row says, sealed in the vault like any other, and is on the list
as soon as she is known by one. Rows that cannot be used are sealed for whoever brought them.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, BinaryIO

import msgspec

from setten.customers import identity
from setten.customers.segments import copies, reading, service, standing
from setten.customers.segments.model import ID_MAX, ListNameTaken, ListNotFound
from setten.customers.segments.reading import File, Refused, Usable
from setten.customers.segments.state import Q as STORE
from setten.platform import audit, db
from setten.platform.auth import Actor
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError
from setten.platform.vault import Identifier, Vault

Q = db.load(__file__)
_AT_ONCE = 2_000  # rows a transaction
# Two thousand rows take a second, some on a busy day; who stands still for so long has ended.
STILL_FOR = timedelta(minutes=1)
ENDED = "ended"
"""What `Reading` says of a list whose process has ended."""

_SWEPT_AT_ONCE = 20_000
# A file to mend by hand; of one that is wrong from top to bottom the first rows say why.
REFUSED_CHARS_MAX = 3_000_000
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


class Begun(msgspec.Struct, frozen=True):
    """A list whose file is open and good at its beginning."""

    list_id: int
    name: str
    replaces: bool
    file: File


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A list that is not there yet. rows: read so far; code: why it could not be (a refusal's, or
    ENDED), "" while it is being read; facts: of that refusal."""

    list_id: int
    name: str
    made_at: datetime
    rows: int
    code: str
    facts: dict[str, Any]


class _Sealed(msgspec.Struct):
    columns: tuple[str, ...]
    rows: tuple[Refused, ...]


class _Counted(msgspec.Struct):
    """What was read so far. kept: the refused rows that are given back, as the file has them."""

    rows: int = 0
    matched: int = 0
    refused: int = 0
    chars: int = 0
    kept: list[Refused] = []

    def refuse(self, rows: list[Refused]) -> None:
        """Count them, and keep as many as are given back."""
        self.refused += len(rows)
        for row in rows:
            self.chars += sum(map(len, row.cells))
            if self.chars <= REFUSED_CHARS_MAX:
                self.kept.append(row)


async def bring(
    pool: Pool,
    vault: Vault,
    file: BinaryIO,
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
    begun = await begin(pool, file, name=name, replaces=replaces, actor=actor, now=now)
    return await finish(pool, vault, begun, actor=actor, now=now)


async def begin(
    pool: Pool, file: BinaryIO, *, name: str, replaces: bool, actor: Actor, now: datetime
) -> Begun:
    """Look at a file and enter its list as one that is being read. Raises as `bring`."""
    service.check_name(name)
    # To see what it is written in, the whole of it is gone through.
    opened = await asyncio.to_thread(reading.opened, file)
    async with db.transaction(pool) as conn:
        await _refuse_taken(conn, name, replaces)
        list_id = int(await Q.begin.value(conn, name=name, at=now, by=actor.label))
    return Begun(list_id, name, replaces, opened)


async def finish(pool: Pool, vault: Vault, begun: Begun, *, actor: Actor, now: datetime) -> Brought:
    """Read a list that was begun to its end, some rows at a time, and let it count.

    Raises as `bring`; why is then kept with the list, for whoever waits for it.
    """
    try:
        return await _finish(pool, vault, begun, actor=actor, now=now)
    except SettenError as refused:
        problem = {"code": refused.code, "facts": dict(refused.facts)}
        async with db.transaction(pool) as conn:
            await Q.fail.run(
                conn, list_id=begun.list_id, problem=msgspec.json.encode(problem).decode()
            )
        raise


async def _finish(
    pool: Pool, vault: Vault, begun: Begun, *, actor: Actor, now: datetime
) -> Brought:
    counted = await _read(pool, vault, begun)
    async with db.transaction(pool) as conn:
        await STORE.lock.run(conn)
        await _refuse_taken(conn, begun.name, begun.replaces)  # while this one was read
        await Q.take_place_of.run(conn, name=begun.name, list_id=begun.list_id)
        await Q.finish.run(
            conn, list_id=begun.list_id, at=now, rows=counted.rows, matched=counted.matched,
            unmatched=counted.rows - counted.refused - counted.matched, refused=counted.refused,
            refused_sealed=_sealed(vault, begun.file.columns, counted.kept),
        )  # fmt: skip
        segment_id = await _segment_of(conn, begun.name, actor=actor, now=now)
        await audit.note(
            conn, actor, "list.brought", at=now, subject=str(begun.list_id),
            fields=[f"matched {counted.matched}", f"rows {counted.rows}"],
        )  # fmt: skip
        return Brought(list=await get(conn, begun.list_id), segment_id=segment_id)


async def _read(pool: Pool, vault: Vault, begun: Begun) -> _Counted:
    counted = _Counted()
    while some := await asyncio.to_thread(_next, begun.file):
        usable = [row for row in some if isinstance(row, Usable)]
        async with db.transaction(pool) as conn:
            counted.matched += await _match(conn, vault, begun.list_id, usable)
            counted.rows += len(some)
            await Q.get_on.run(conn, list_id=begun.list_id, rows=counted.rows)
        counted.refuse([row for row in some if isinstance(row, Refused)])
    return counted


def _next(file: File) -> list[Usable | Refused]:
    """The next rows, read and made even in a thread: a phone number takes its time."""
    return list(itertools.islice(file.rows, _AT_ONCE))


def _sealed(vault: Vault, columns: tuple[str, ...], kept: list[Refused]) -> bytes | None:
    if not kept:
        return None
    return vault.seal_letter(msgspec.json.encode(_Sealed(columns, tuple(kept))))


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


async def being_read(conn: Connection, *, now: datetime) -> tuple[Reading, ...]:
    """Lists of the last hour that are being read or could not be, the newest first."""
    rows = await Q.reading.all(conn, since=now - UNREADY_KEPT, still_for=STILL_FOR, most=LISTS_MAX)
    return tuple(
        Reading(
            list_id=row["list_id"], name=row["name"], made_at=row["made_at"], rows=row["rows"],
            code=row["code"] or "", facts=msgspec.json.decode(row["facts"] or "{}"),
        )
        for row in rows
    )  # fmt: skip


async def tidy(conn: Connection, *, now: datetime) -> bool:
    """Let go of refused rows after a week, and of lists that were never read to the end or that
    another took the place of; answers whether more is left to do."""
    before = now - UNREADY_KEPT
    await Q.forget_refused.run(conn, before=now - REFUSED_KEPT)
    swept = await Q.sweep_entries.value(conn, before=before, most=_SWEPT_AT_ONCE)
    await Q.forget_unready.run(conn, before=before)
    return bool(swept == _SWEPT_AT_ONCE)


__all__ = [
    "Begun",
    "Brought",
    "List",
    "Reading",
    "begin",
    "being_read",
    "bring",
    "finish",
    "get",
    "listed",
    "refused_rows",
    "tidy",
]
