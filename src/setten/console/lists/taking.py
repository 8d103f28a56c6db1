"""A list to take away: the filters and order of its page, all of its rows, piece by piece."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from setten.console import guard
from setten.console.lists.model import Column, F, Line, ListOf, Look, R
from setten.console.lists.parts import Part, part
from setten.console.lists.reading import look as look_of
from setten.console.page import Asked
from setten.console.places import named
from setten.console.run import tables
from setten.platform import audit, db

FIRST = 10
"""The first piece is a tenth of the others: who waits sees that the file has begun."""


def taken_away(of: ListOf[F, R]) -> HTTPRouteHandler:
    """The file of a list: behind the door of its page, on record before it leaves."""

    @get(of.file, right=of.right, name=of.file)
    async def take(request: Asked) -> Stream:
        """The rows of the list, from its first to its last."""
        look = msgspec.structs.replace(look_of(of, request), after=None, most=_first(of))
        async with guard.deps_of(request).pool.acquire() as conn:
            line = Line(page=look.page, names=await named(request, conn, look.page.locale))
        told = [one for one in of.columns if one.told is not None]
        told += of.spread(line) if of.spread is not None else ()
        first = await _piece(request, look)
        rows = _rows(request, first, told, line)
        return tables.as_csv_gradually(of.name, [one.name for one in told], rows)

    return take


def _first(of: ListOf[F, R]) -> int:
    """Rows of the first piece; a whole list is read at once, so less of it costs no less."""
    most = of.at_once if of.is_whole else max(1, of.at_once // FIRST)
    return min(most, of.export_max)


async def _piece(request: Asked, look: Look[F, R]) -> Part[F, R]:
    async with db.transaction(guard.deps_of(request).pool) as conn:
        found = await part(conn, look)
        await audit.note_all(
            conn, look.page.who, look.of.audit, at=look.page.now,
            subjects=[look.of.ident(row) for row in found.rows],
        )  # fmt: skip
        if look.of.about is not None:
            await audit.note(
                conn, look.page.who, look.of.audit, at=look.page.now,
                customer_id=look.of.about(look),
            )  # fmt: skip
        if look.of.filled is not None:
            rows = await look.of.filled(conn, found.rows)
            found = msgspec.structs.replace(found, rows=rows)
    return found


async def _rows(
    request: Asked, found: Part[F, R], columns: Sequence[Column[R]], line: Line
) -> AsyncIterator[Sequence[object]]:
    count = 0
    while True:
        for row in found.rows:
            yield [one.told(row, line) for one in columns if one.told is not None]
        count += len(found.rows)
        left = found.look.of.export_max - count
        if not found.more or left <= 0:
            return
        found = await _piece(request, _further(found, left))


def _further(found: Part[F, R], left: int) -> Look[F, R]:
    look, last = found.look, found.rows[-1]
    place = (look.of.ident(last),) if look.of.is_whole else look.order.place(last)
    return msgspec.structs.replace(look, after=place, most=min(left, look.of.at_once))
