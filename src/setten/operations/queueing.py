"""Who stands in a line: releases are stock's, people are the customers' domain; here they meet."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from setten.customers import identity
from setten.platform.db import Connection
from setten.stock import releases
from setten.stock.releases import Ticket

# Whoever has one of these has joined us, in a shop or on a screen.
MEMBER_KINDS = frozenset({"loyalty_card", "user_id"})


async def join(
    conn: Connection,
    release_id: str,
    customer_id: UUID | None,
    *,
    ticket_id: UUID,
    lot: UUID,
    channel: str,
    now: datetime,
) -> Ticket:
    """A ticket for a customer (a member when she has an account or a card), or for a stranger.

    Raises CustomerNotFound and what `releases.join` raises.
    """
    numbers: list[int] = []
    is_member = False
    if customer_id is not None:
        person = await identity.person(conn, customer_id)
        own = [node for node in person.nodes if not node.is_shared]
        numbers = [node.identifier_id for node in own]
        is_member = any(node.kind in MEMBER_KINDS for node in own)
    return await releases.join(
        conn, release_id, ticket_id=ticket_id, lot=lot, identifier_ids=numbers,
        is_member=is_member, channel=channel, now=now,
    )  # fmt: skip
