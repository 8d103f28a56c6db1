"""Components that have outgrown resolution: whose they are, and what holds them together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.ids import CustomerId
from setten.platform import db
from setten.platform.db import Connection
from setten.platform.vault import Vault, mask

Q = db.load(__file__)
SHOWN_MAX = 100
HUB_SHARE = 0.1
HUBS_SHOWN = 5  # one is the rule; a second shows itself when two programs met


class Outgrown(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier set aside with what hangs on it. value: masked; "" when it was erased."""

    identifier_id: int
    kind: str
    value: str
    customer_id: CustomerId
    links: int
    noted_at: datetime


class Hub(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier of an outgrown customer, by how many links it holds."""

    identifier_id: int
    kind: str
    value: str
    links: int


async def outgrown(
    conn: Connection, vault: Vault, *, customer_id: UUID | None = None, most: int = SHOWN_MAX
) -> tuple[Outgrown, ...]:
    """What has outgrown resolution, newest first; of one customer when one is named."""
    rows = await Q.outgrown.all(conn, customer_id=customer_id, most=min(most, SHOWN_MAX))
    masks = await _masks(conn, vault, [row["identifier_id"] for row in rows])
    return tuple(Outgrown(value=masks.get(row["identifier_id"], ""), **dict(row)) for row in rows)


async def hubs(conn: Connection, vault: Vault, customer_id: UUID) -> tuple[Hub, ...]:
    """The identifiers that hold a customer together, the one of the most links first.

    Not those of a HUB_SHARE of its links or fewer: blocking them would part nothing.
    """
    rows = await Q.hubs.all(conn, customer_id=customer_id, most=HUBS_SHOWN)
    rows = [row for row in rows if row["links"] > rows[0]["links"] * HUB_SHARE]
    masks = await _masks(conn, vault, [row["identifier_id"] for row in rows])
    return tuple(Hub(value=masks.get(row["identifier_id"], ""), **dict(row)) for row in rows)


async def _masks(conn: Connection, vault: Vault, numbers: list[int]) -> dict[int, str]:
    if not numbers:
        return {}
    opened = await vault.values(conn, numbers)
    return {number: mask(one.kind, one.value) for number, one in opened.items()}
