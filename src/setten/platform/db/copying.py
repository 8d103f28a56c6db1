"""Rows as PostgreSQL's binary COPY reads them, written by ourselves.

A batch that is written this way costs the database half of what rows from arrays cost, and spares
the driver a look at every element.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from setten.platform.db.pool import Connection

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"


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
