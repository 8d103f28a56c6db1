"""A person's decision that two customers are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity import deciding, rules
from setten.customers.identity.deciding import GIVEN_BACK, D, Decision
from setten.customers.identity.gathering import Q, load_rules
from setten.customers.identity.model import JOINED, Link, Node, Rule
from setten.customers.identity.service import current, identifiers_of
from setten.facts.customers import CustomerMerged
from setten.facts.ids import CustomerId
from setten.platform import ids
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Conflict
from setten.platform.vault import Vault

# Each round joins everything that the round before has left apart; a second is rare.
ROUNDS_MAX = 5


class MergeBreaksLimit(Conflict):
    """Together they would hold more of a kind than one customer may."""

    code = "merge_breaks_limit"


class MergeWithNobody(Conflict):
    """One of the two is a value that is everybody's or nobody's, not a person."""

    code = "merge_with_nobody"


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
    """Make `gone` and `into` one customer: links by hand, audited, that later evidence respects.

    What was taken back between the two is given back. reason: in the actor's words; sealed.
    Raises CustomerNotFound, AlreadyOne, MergeBreaksLimit, MergeWithNobody, ComponentQuarantined;
    then nothing has changed.
    """
    await Q.lock.run(conn)
    survivor, other = await current(conn, into), await current(conn, gone)
    if survivor == other:
        raise AlreadyOne(customer_id=str(survivor))
    stay, come = await identifiers_of(conn, survivor), await identifiers_of(conn, other)
    if any(node.is_shared or node.is_blocked for node in stay + come):
        raise MergeWithNobody()
    check_limits(stay + come, await load_rules(conn))
    decision = Decision(actor, reason, survivor, stay[0].identifier_id, now)
    links = await _links(conn, stay, come, now)
    event_id = await _carry_out(conn, survivor, stay, come, links, now)
    sealed_id = await deciding.record(conn, vault, decision, [(x, _word(x)) for x in links])
    await deciding.note(
        conn, decision, "customer.merged", customers=(survivor,), others=str(other),
        sealed_id=sealed_id,
    )  # fmt: skip
    return Merged(customer_id=survivor, event_id=event_id)


def check_limits(nodes: Iterable[Node], book: Mapping[str, Rule]) -> None:
    """Raises MergeBreaksLimit, saying which limit, when one customer may not hold all of these."""
    broken = {
        kind: (held, most)
        for kind, held in sorted(deciding.tally(nodes).items())
        if held > (most := rules.rule_of(kind, book).most)
    }
    if broken:
        raise MergeBreaksLimit(
            kinds=", ".join(broken),
            limits=", ".join(f"{kind} {held}/{most}" for kind, (held, most) in broken.items()),
        )


async def _links(
    conn: Connection, stay: Sequence[Node], come: Sequence[Node], now: datetime
) -> list[Link]:
    """The strongest of both joined by hand, and what was parted between the two given back."""
    a, b = sorted((stay[0].identifier_id, come[0].identifier_id))
    rows = await D.between.all(
        conn,
        a=a,
        b=b,
        ours=[node.identifier_id for node in stay],
        theirs=[node.identifier_id for node in come],
    )
    known = [Link(**dict(row)) for row in rows]
    ours = next((one for one in known if one.pair == (a, b)), None) or _by_hand(a, b, now)
    back = [deciding.given_back(one, now) for one in known if one.pair != (a, b)]
    return [deciding.joined(ours, now), *back]


def _by_hand(a: int, b: int, now: datetime) -> Link:
    return Link(a, b, "manual", str(ids.uuid7()), now)


async def _carry_out(
    conn: Connection,
    survivor: CustomerId,
    stay: Sequence[Node],
    come: Sequence[Node],
    links: list[Link],
    now: datetime,
) -> str:
    """Join until all of both are one; what a device held is joined by hand too. The fact's id.

    Adds the links it needs to `links`.
    """
    told, fresh = [], list(links)
    for _ in range(ROUNDS_MAX):
        change = await deciding.carry_out(conn, fresh, now=now, prefer=survivor)
        told += [one.event_id for one in change.told if one.name == CustomerMerged.event_name]
        apart = await _apart(conn, [*stay, *come])
        if not apart:
            return told[0]
        pairs = [sorted((stay[0].identifier_id, one.identifier_id)) for one in apart]
        done = {link.pair for link in links}
        fresh = [
            deciding.joined(await _known(conn, a, b, now), now)
            for a, b in pairs
            if (a, b) not in done
        ]
        if not fresh:
            break
        links += fresh
    kinds = ", ".join(sorted({one.kind for one in apart}))
    raise MergeBreaksLimit(kinds=kinds, limits=kinds)


async def _known(conn: Connection, a: int, b: int, now: datetime) -> Link:
    rows = await D.between.all(conn, a=a, b=b, ours=[], theirs=[])
    return Link(**dict(rows[0])) if rows else _by_hand(a, b, now)


async def _apart(conn: Connection, nodes: Sequence[Node]) -> list[Node]:
    """The first identifier of every piece that is not with the first of all."""
    found = await deciding.owners(conn, [node.identifier_id for node in nodes])
    first: dict[CustomerId, Node] = {}
    for node in nodes:
        first.setdefault(found[node.identifier_id], node)
    return list(first.values())[1:]


def _word(link: Link) -> str:
    return JOINED if link.verdict == JOINED else GIVEN_BACK
