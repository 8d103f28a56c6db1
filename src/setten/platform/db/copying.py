"""Rows as PostgreSQL's binary COPY reads them, written by ourselves.

A batch that is written this way costs the database half of what rows from arrays cost, and spares
the driver a look at every element.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from setten.platform.db.pool import Connection
from setten.platform.db.queries import Query

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
_PIECE = 500  # rows that are made while others travel


async def copy_rows(
    conn: Connection, schema: str, table: str, columns: Sequence[str], rows: Iterable[bytes]
) -> None:
    """Bring rows into a table.

    rows: pieces of bytes that make whole rows: for each the number of its columns (16 bits), and
    for each column its length (32 bits) and its bytes, or NULL.
    """
    await conn.copy_to_table(
        table,
        schema_name=schema,
        columns=columns,
        format="binary",
        # A view, because the driver takes plain bytes for the name of a file.
        source=memoryview(b"".join((HEADER, *rows, TRAILER))),
    )


async def copy_gradually(
    conn: Connection, schema: str, table: str, columns: Sequence[str], rows: Iterable[bytes]
) -> None:
    """The same of many rows: the database takes some in while the next are made."""
    await conn.copy_to_table(
        table,
        schema_name=schema,
        columns=columns,
        format="binary",
        source=_pieces(iter(rows)),
    )


async def _pieces(rows: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield HEADER
    while piece := b"".join(islice(rows, _PIECE)):
        yield piece
    yield TRAILER


async def copy_out(conn: Connection, query: Query, **given: Any) -> bytes:
    """What a question answers as PostgreSQL's binary COPY writes it: HEADER, rows, TRAILER.

    For many rows of which most columns go on as they come.
    """
    found: list[bytes] = []

    async def take(data: bytes) -> None:
        found.append(data)

    sql = query.sql.rstrip().removesuffix(";")
    await conn.copy_from_query(sql, *query.args(given), output=take, format="binary")
    return b"".join(found)
