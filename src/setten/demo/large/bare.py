"""Tables without keys and indexes while they are filled, which takes half the time."""

from __future__ import annotations

from collections.abc import Sequence

from setten.platform import db
from setten.platform.db import Connection

Q = db.load(__file__)


async def dressings(conn: Connection, tables: Sequence[str]) -> list[str]:
    """The statements that would put back the keys and indexes that these tables have."""
    rows = await Q.dressings.all(conn, tables=list(tables))
    return [row["again"] for row in sorted(rows, key=lambda one: -one["turn"])]


async def undress(conn: Connection, tables: Sequence[str]) -> None:
    """Take keys and indexes away."""
    for row in await Q.dressings.all(conn, tables=list(tables)):
        await conn.execute(row["away"])


async def dress(conn: Connection, statements: Sequence[str]) -> None:
    """Put back what `undress` took: what foreign keys point to before them."""
    for statement in sorted(statements, key=lambda one: "FOREIGN KEY" in one):
        await conn.execute(statement)
