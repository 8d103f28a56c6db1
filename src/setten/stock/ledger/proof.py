"""Proving balances by the ledger and the open lines, piece by piece.

A piece is a range of skus, proven by one statement and so at one moment. Nothing is held between
pieces: rows of other skus may change meanwhile, and what a long look would keep from being tidied
up (a hot row has thousands of old versions a minute) is tidied up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock.ledger.model import Account, Drift

_Q = db.load(__file__)
# Rows of a piece: half a second of a core, and 25 MB of sums, which the database keeps in memory.
PIECE_ROWS = 100_000
PIECE_S_MAX = 3_600.0  # one sku that sold for years is a piece, however long it takes
DRIFTS_MAX = 1_000  # more says the same: something writes balances beside the ledger
_ROWS = "rows"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What `reconcile` found: the drifts (at most 1,000), and each account's sum by the ledger."""

    drifts: tuple[Drift, ...]
    sums: dict[str, int]

    @property
    def is_clean(self) -> bool:
        """No drift, and all accounts together are zero."""
        return not self.drifts and sum(self.sums.values()) == 0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a proof is. rows: of stock, proven by now. about: of all, guessed. sku: the last."""

    rows: int
    about: int
    sku: str


async def reconcile(
    conn: Connection,
    *,
    after: str = "",
    told: Callable[[Progress], None] | None = None,
    piece_rows: int = PIECE_ROWS,
) -> Proof:
    """Prove every balance from the ledger and from the open hold lines. Reads all of both.

    Best outside a transaction, so that each piece is one of its own. after: proves only skus behind
    this one, to go on where a proof was broken off. told: called after each piece.
    """
    drifts: list[Drift] = []
    sums = {account.name: 0 for account in Account}
    about, rows = int(await _Q.guessed.value(conn)), 0
    while (found := await _piece(conn, after, piece_rows, DRIFTS_MAX - len(drifts))) is not None:
        after, lines = found
        drifts += [Drift(**dict(line)) for line in lines if line["sku"] is not None]
        by_name = {line["what"]: line["balance"] for line in lines if line["sku"] is None}
        rows += by_name.pop(_ROWS)
        sums = {name: sums[name] + qty for name, qty in by_name.items()}
        if told is not None:
            told(Progress(rows=rows, about=max(about, rows), sku=after))
    return Proof(drifts=tuple(drifts), sums=sums)


async def take_time(conn: Connection) -> None:
    """Let what is proven in this transaction take the time it needs, on one core."""
    await _Q.take_time.run(conn)


async def _piece(
    conn: Connection, after: str, most: int, drifts_max: int
) -> tuple[str, list[db.Record]] | None:
    """(the last sku, what differs and the sums) of the next piece; None behind the last."""
    async with conn.transaction():
        await take_time(conn)
        upto = await _patiently(conn, _Q.piece_end, after=after, most=most)
        if upto[0][0] is None:
            return None
        last = str(upto[0][0])
        return last, await _patiently(conn, _Q.prove, after=after, upto=last, most=drifts_max)


async def _patiently(conn: Connection, query: db.Query, **given: Any) -> list[db.Record]:
    """Connections of a pool wait half a minute for an answer; this one reads all there is."""
    rows: list[db.Record] = await conn.fetch(query.sql, *query.args(given), timeout=PIECE_S_MAX)
    return rows
