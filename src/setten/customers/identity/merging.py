"""A person's decision that two customers are one."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity.model import Link, Node
from setten.customers.identity.service import current, customers_for, identifiers_of
from setten.customers.identity.settling import Q, settle
from setten.facts.customers import CustomerMerged
from setten.facts.ids import CustomerId
from setten.platform import audit, ids
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Conflict
from setten.platform.vault import Sealed, Vault


class MergeBreaksLimit(Conflict):
    """Together they would hold more of a kind than one customer may."""

    code = "merge_breaks_limit"


class AlreadyOne(Conflict):
    """Both ids are the same customer already."""

    code = "already_one_customer"


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The survivor, and the event that tells of it."""

    customer_id: CustomerId
    event_id: str


async def merge(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    into: UUID,
    gone: UUID,
    reason: str,
    now: datetime,
) -> Merged:
    """Make `gone` and `into` one customer: a link by hand, audited, that later evidence respects.

    reason: in the actor's words; sealed. Raises CustomerNotFound, AlreadyOne, MergeBreaksLimit.
    """
    await Q.lock.run(conn)
    survivor, other = await current(conn, into), await current(conn, gone)
    if survivor == other:
        raise AlreadyOne(customer_id=str(survivor))
    stay = await identifiers_of(conn, survivor)
    come = await identifiers_of(conn, other)
    ends = {stay[0].identifier_id: stay[0], come[0].identifier_id: come[0]}
    a, b = sorted(ends)
    link = Link(a, b, "manual", str(ids.uuid7()), now)
    change = await settle(conn, {link.pair: link}, ends, now=now, prefer=survivor)
    await _check_one(conn, survivor, stay + come)
    [sealed_id] = await vault.seal(conn, [Sealed(stay[0].identifier_id, {"reason": reason})])
    await audit.note(
        conn, actor, "customer.merged", at=now, customer_id=survivor, subject=str(other),
        reason_sealed_id=sealed_id,
    )  # fmt: skip
    event_id = next(
        entry.event_id for entry in change.told if entry.name == CustomerMerged.event_name
    )
    return Merged(customer_id=survivor, event_id=event_id)


async def _check_one(conn: Connection, survivor: UUID, nodes: tuple[Node, ...]) -> None:
    """All of both must be together now; if the limits kept one out, nothing is merged."""
    found = await customers_for(conn, [node.identifier_id for node in nodes])
    apart = {node.kind for node in nodes if found[node.identifier_id] != survivor}
    if apart:
        raise MergeBreaksLimit(kinds=", ".join(sorted(apart)))
