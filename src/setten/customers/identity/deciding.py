"""What a person decides of links: the record of it, beside the evidence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity.gathering import Anew, Pair, Q, load_nodes
from setten.customers.identity.model import JOINED, PARTED, ComponentQuarantined, Link, Node
from setten.customers.identity.settling import Change, settle
from setten.facts.ids import CustomerId
from setten.platform import audit, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.vault import Sealed, Vault

D = db.load(__file__)
GIVEN_BACK = "given_back"


class Decision(msgspec.Struct, frozen=True):
    """Who decides, why, when, and of which customer; the reason is sealed under `about`, hers."""

    actor: Actor
    reason: str
    customer_id: CustomerId
    about: int
    now: datetime


def parted(link: Link, now: datetime) -> Link:
    """The link as taken back."""
    return msgspec.structs.replace(link, verdict=PARTED, decided_at=now)


def given_back(link: Link, now: datetime) -> Link:
    """The link as it was before it was taken back."""
    if link.kind == "manual":
        return msgspec.structs.replace(link, verdict=JOINED, decided_at=now)
    return msgspec.structs.replace(link, verdict=None, decided_at=None)


def joined(link: Link, now: datetime) -> Link:
    """The link as a person vouches for it."""
    return msgspec.structs.replace(link, verdict=JOINED, decided_at=now)


async def carry_out(
    conn: Connection,
    links: Iterable[Link],
    *,
    now: datetime,
    prefer: UUID | None = None,
) -> Change:
    """Weigh decided links and whom they touch. Raises ComponentQuarantined: nothing would come."""
    fresh: Mapping[Pair, Link] = {link.pair: link for link in links}
    nodes = await load_nodes(conn, {one for pair in fresh for one in pair})
    change = await settle(conn, fresh, nodes, now=now, prefer=prefer, anew=Anew())
    if change.quarantined:
        raise ComponentQuarantined(links=max(change.quarantined.values()))
    return change


async def record(
    conn: Connection, vault: Vault, decision: Decision, links: Sequence[tuple[Link, str]]
) -> int:
    """Keep who decided what of these links; answers the number of the sealed reason."""
    [sealed_id] = await vault.seal(conn, [Sealed(decision.about, {"reason": decision.reason})])
    await D.put_decisions.run(
        conn,
        firsts=[link.a for link, _ in links],
        seconds=[link.b for link, _ in links],
        decisions=[word for _, word in links],
        decided_at=decision.now,
        decided_by=decision.actor.label,
        reason_sealed_id=sealed_id,
        customer_id=decision.customer_id,
    )
    return sealed_id


async def parted_from(conn: Connection, links: Sequence[Link]) -> list[UUID]:
    """The customers that these links were parted from, as they were called then."""
    rows = await D.parted_from.all(
        conn, firsts=[link.a for link in links], seconds=[link.b for link in links]
    )
    return [row["customer_id"] for row in rows if row["customer_id"]]


async def note(
    conn: Connection,
    decision: Decision,
    action: str,
    *,
    customers: Collection[CustomerId],
    others: str,
    sealed_id: int,
) -> None:
    """One entry of the audit for each customer that the decision is about."""
    for customer_id in customers:
        await audit.note(
            conn, decision.actor, action, at=decision.now, customer_id=customer_id, subject=others,
            reason_sealed_id=sealed_id,
        )  # fmt: skip


async def owners(conn: Connection, numbers: Iterable[int]) -> dict[int, CustomerId]:
    """Whose identifiers are, in this transaction."""
    rows = await Q.customers_for.all(conn, identifier_ids=list(numbers))
    return {row["identifier_id"]: CustomerId(row["customer_id"]) for row in rows}


def tally(nodes: Iterable[Node]) -> dict[str, int]:
    """How many of each kind."""
    found: dict[str, int] = {}
    for node in nodes:
        found[node.kind] = found.get(node.kind, 0) + 1
    return found
