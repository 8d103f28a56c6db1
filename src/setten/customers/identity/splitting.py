"""A person's decision that a link is wrong, and that it was right after all.

The link is kept, with who took it back: the same evidence arriving again changes nothing. Rows
keep the identifier they happened under, so that nothing is rewritten and nothing can be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity import deciding
from setten.customers.identity.deciding import GIVEN_BACK, D, Decision
from setten.customers.identity.gathering import Q
from setten.customers.identity.model import LINKS_ASKED_MAX, PARTED, Link
from setten.customers.identity.service import current, identifiers_of
from setten.customers.identity.settling import Change
from setten.facts.customers import CustomerMerged, CustomerSplit
from setten.facts.ids import CustomerId
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Conflict, NotFound
from setten.platform.vault import Vault


class LinkNotFound(NotFound):
    """This customer has no such link."""

    code = "link_not_found"


class AlreadyTakenBack(Conflict):
    """These links were taken back before."""

    code = "link_taken_back"


class NotTakenBack(Conflict):
    """Nobody has taken these links back."""

    code = "link_not_taken_back"


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a decision about links concerns now.

    customers: everybody that an end of the links belongs to; first whoever the id asked for is.
    event_id: a fact that tells of it; None when nobody changed.
    """

    customers: tuple[CustomerId, ...]
    event_id: str | None


async def split(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    customer_id: UUID,
    links: Sequence[int],
    reason: str,
    now: datetime,
) -> Decided:
    """Take links back, as though they had never been: their two ends are never one person again.

    links: link_ids of this customer, counted or refused; at most LINKS_ASKED_MAX. reason: in the
    actor's words; sealed. Raises CustomerNotFound, LinkNotFound, AlreadyTakenBack,
    ComponentQuarantined; then nothing has changed.
    """
    await Q.lock.run(conn)
    living, found = await _asked(conn, customer_id, links)
    open_ones = [link for link in found if link.verdict != PARTED]
    if not open_ones:
        raise AlreadyTakenBack(links=", ".join(map(str, links)))
    decision = await _decision(conn, actor, living, reason, now)
    change = await deciding.carry_out(
        conn, [deciding.parted(one, now) for one in open_ones], now=now, prefer=living
    )
    decided = await _decided(conn, living, open_ones, change)
    owners = await deciding.owners(conn, {one for link in open_ones for one in link.pair})
    assert all(owners[link.a] != owners[link.b] for link in open_ones), "parted means apart"
    sealed_id = await deciding.record(conn, vault, decision, [(link, PARTED) for link in open_ones])
    await deciding.note(
        conn, decision, "customer.split", customers=decided.customers,
        others=_listed(decided.customers), sealed_id=sealed_id,
    )  # fmt: skip
    return decided


async def rejoin(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    customer_id: UUID,
    links: Sequence[int],
    reason: str,
    now: datetime,
) -> Decided:
    """Give links back that were taken back: everything is as if they had not been.

    They are evidence again and obey the rules. Raises as `split`, and NotTakenBack.
    """
    await Q.lock.run(conn)
    living, found = await _asked(conn, customer_id, links, is_parted=True)
    taken = [link for link in found if link.verdict == PARTED]
    if not taken:
        raise NotTakenBack(links=", ".join(map(str, links)))
    decision = await _decision(conn, actor, living, reason, now)
    [whose, *_] = [*await deciding.parted_from(conn, taken), living]
    change = await deciding.carry_out(
        conn,
        [deciding.given_back(one, now) for one in taken],
        now=now,
        prefer=await current(conn, whose),
    )
    decided = await _decided(conn, living, taken, change)
    sealed_id = await deciding.record(conn, vault, decision, [(one, GIVEN_BACK) for one in taken])
    await deciding.note(
        conn, decision, "customer.rejoined", customers=decided.customers,
        others=_listed(decided.customers), sealed_id=sealed_id,
    )  # fmt: skip
    return decided


async def _asked(
    conn: Connection, customer_id: UUID, links: Sequence[int], *, is_parted: bool = False
) -> tuple[CustomerId, list[Link]]:
    """The links named, each of which must have an end in this customer, or be parted from her."""
    assert len(links) <= LINKS_ASKED_MAX, "the surface has checked"
    living = await current(conn, customer_id)
    rows = await D.by_ids.all(conn, link_ids=[one for one in links if 0 < one < 2**63])
    by_id = {}
    for row in rows:
        values = dict(row)
        link_id = values.pop("link_id")
        by_id[link_id] = Link(**values)
    owners = await deciding.owners(conn, {one for link in by_id.values() for one in link.pair})
    hers = {one for one, link in by_id.items() if living in (owners[link.a], owners[link.b])}
    if is_parted:
        for one in by_id.keys() - hers:
            if customer_id in await deciding.parted_from(conn, [by_id[one]]):
                hers.add(one)
    missing = [one for one in links if one not in hers]
    if missing or not links:
        raise LinkNotFound(links=", ".join(map(str, missing)))
    return living, list(by_id.values())


async def _decision(
    conn: Connection, actor: Actor, living: CustomerId, reason: str, now: datetime
) -> Decision:
    nodes = await identifiers_of(conn, living)
    return Decision(actor, reason, living, nodes[0].identifier_id, now)


async def _decided(
    conn: Connection, living: CustomerId, links: Sequence[Link], change: Change
) -> Decided:
    owners = await deciding.owners(conn, {one for link in links for one in link.pair})
    now_living = await current(conn, living)
    others = sorted({one for one in owners.values() if one != now_living})
    told = (CustomerSplit.event_name, CustomerMerged.event_name)
    event_id = next((one.event_id for one in change.told if one.name in told), None)
    return Decided(customers=(now_living, *others), event_id=event_id)


def _listed(customers: Sequence[CustomerId]) -> str:
    return " ".join(map(str, customers[:10]))  # an entry is read, not worked through
