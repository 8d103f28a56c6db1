"""Who collects in a customer's stead: a name, sealed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.vault import Sealed, Vault
from setten.stock.holds.locking import lock_open
from setten.stock.holds.model import BadHold, Hold, NobodyToName

_Q = db.load(str(Path(__file__).with_name("handing.py")))
NAME_LENGTH_MAX = 100


class HandOver(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold was handed over. to_whom: code or named; then sealed_id opens the name."""

    at: datetime
    by: str
    to_whom: str
    sealed_id: int | None


async def hand_over_of(conn: Connection, hold_id: UUID) -> HandOver | None:
    """How a hold was handed over at the counter; None when it was not, or by the till alone."""
    row = await _Q.hand_over_of.maybe(conn, hold_id=hold_id)
    return None if row is None else HandOver(**dict(row))


async def seal_name(conn: Connection, vault: Vault, hold: Hold, name: str) -> int:
    """Seal the name of who collects for a hold's customer. Raises NobodyToName, BadHold."""
    plain = " ".join(name.split())
    if not plain or len(plain) > NAME_LENGTH_MAX or "\x00" in plain:
        raise BadHold(why="name", length_max=NAME_LENGTH_MAX)
    if hold.identifier_id is None:
        raise NobodyToName()
    return (await vault.seal(conn, [Sealed(hold.identifier_id, {"collector": plain})]))[0]


async def name_collector(
    conn: Connection, vault: Vault, hold_id: UUID, *, name: str, now: datetime
) -> Hold:
    """The customer says beforehand who will collect for them.

    Raises UnknownHold, HoldEnded, NobodyToName, BadHold.
    """
    hold = await lock_open(conn, hold_id, now)
    sealed_id = await seal_name(conn, vault, hold, name)
    await _Q.name_collector.run(conn, hold_id=hold_id, sealed_id=sealed_id)
    return hold


async def with_collector(conn: Connection, hold_ids: Sequence[UUID]) -> set[UUID]:
    """Those of some holds that somebody named before will collect; no name is opened."""
    rows = await _Q.collectors_of.all(conn, hold_ids=list(hold_ids)) if hold_ids else []
    return {row["hold_id"] for row in rows}


async def collectors_of(
    conn: Connection, vault: Vault, hold_ids: Sequence[UUID]
) -> dict[UUID, tuple[int, str]]:
    """(sealed_id, name) of who may collect in the customer's stead. The caller audits."""
    rows = await _Q.collectors_of.all(conn, hold_ids=list(hold_ids))
    opened = await vault.open(conn, [row["collector_id"] for row in rows])
    return {
        row["hold_id"]: (row["collector_id"], str(opened[row["collector_id"]].values["collector"]))
        for row in rows
        if row["collector_id"] in opened
    }
