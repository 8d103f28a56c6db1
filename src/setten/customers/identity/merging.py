"""A person's decision that two customers are one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity import deciding, rules
from setten.customers.identity.deciding import GIVEN_BACK, D, Decision
from setten.customers.identity.gathering import Pair, Q, load_rules
from setten.customers.identity.model import JOINED, PARTED, Link, Node, Rule
from setten.customers.identity.service import current, identifiers_of
from setten.facts.customers import CustomerMerged
from setten.facts.ids import CustomerId
from setten.platform import ids
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.errors import Conflict
from setten.platform.vault import Vault


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
    ours, back = await _links(conn, stay, come, now)
    # Evidence given back puts together exactly what a split took apart; a link by hand comes to
    # the same only where it moves nobody else.
    told = await _weigh(conn, survivor, back, now)
    if not told or await _apart(conn, [*stay, *come]):
        links = [ours, *back]
        told += await _join(conn, survivor, stay, come, links, now)
    else:
        links = [*back, ours] if await _changes_nothing(conn, ours, survivor, now) else back
    sealed_id = await deciding.record(conn, vault, decision, [(x, _word(x)) for x in links])
    await deciding.note(
        conn, decision, "customer.merged", customers=(survivor,), others=str(other),
        sealed_id=sealed_id,
    )  # fmt: skip
    return Merged(customer_id=survivor, event_id=told[0])


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
) -> tuple[Link, list[Link]]:
    """The strongest of both joined by hand; and what was parted between the two, given back."""
    a, b = _pair(stay[0], come[0])
    rows = await D.between.all(
        conn,
        a=a,
        b=b,
        ours=[node.identifier_id for node in stay],
        theirs=[node.identifier_id for node in come],
    )
    known = [Link(**dict(row)) for row in rows]
    ours = next((one for one in known if one.pair == (a, b)), None) or _by_hand(a, b, now)
    back = [deciding.given_back(one, now) for one in known if one.verdict == PARTED]
    return deciding.joined(ours, now), back


async def _weigh(
    conn: Connection, survivor: CustomerId, links: Sequence[Link], now: datetime
) -> list[str]:
    """Carry decided links out; the facts of merges that come of it."""
    if not links:
        return []
    change = await deciding.carry_out(conn, links, now=now, prefer=survivor)
    return [one.event_id for one in change.told if one.name == CustomerMerged.event_name]


class _NotKept(Exception):
    """Leaves a savepoint."""


async def _changes_nothing(
    conn: Connection, ours: Link, survivor: CustomerId, now: datetime
) -> bool:
    """Whether a link by hand can stand beside what was given back without moving anybody.

    Then it stands, so that no late event undoes what a person has said.
    """
    try:
        async with conn.transaction():
            change = await deciding.carry_out(conn, [ours], now=now, prefer=survivor)
            if change.told:
                raise _NotKept
    except _NotKept:
        return False
    return True


def _by_hand(a: int, b: int, now: datetime) -> Link:
    return Link(a, b, "manual", str(ids.uuid7()), now)


async def _join(
    conn: Connection,
    survivor: CustomerId,
    stay: Sequence[Node],
    come: Sequence[Node],
    links: list[Link],
    now: datetime,
) -> list[str]:
    """Join until all of both are one; what a device held is joined by hand too.

    Answers the facts that tell of it, and adds the links it needs to `links`.
    """
    told: list[str] = []
    fresh = list(links)
    while fresh:
        told += await _weigh(conn, survivor, fresh, now)
        apart = await _apart(conn, [*stay, *come])
        if not apart:
            return told
        done = {link.pair for link in links}
        pairs = {_pair(stay[0], one) for one in apart} - done
        fresh = [deciding.joined(await _known(conn, *pair, now), now) for pair in sorted(pairs)]
        links += fresh
    kinds = ", ".join(sorted({one.kind for one in apart}))
    raise MergeBreaksLimit(kinds=kinds, limits=kinds)


def _pair(one: Node, other: Node) -> Pair:
    a, b = sorted((one.identifier_id, other.identifier_id))
    return (a, b)


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
