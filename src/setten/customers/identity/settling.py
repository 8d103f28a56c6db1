"""Weighing new evidence: read what it touches, resolve that whole, write what has changed.

Set-based: one call for all new links of a batch. The caller holds the lock of `Q.lock`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity import model, rules
from setten.customers.identity.gathering import Anew, Hood, Pair, Q, gather, load_nodes, load_rules
from setten.customers.identity.model import Link, Node, Rule
from setten.facts.customers import CustomerCreated, CustomerMerged, CustomerSplit
from setten.platform import log
from setten.platform.db import Connection


class Turn(msgspec.Struct, frozen=True):
    """A component whose people change: what its identifiers were, and who they are from now on."""

    nodes: Mapping[int, Node]
    final: Mapping[UUID, frozenset[int]]
    facts: tuple[log.Fact, ...]


class Change(msgspec.Struct):
    """What a resolution makes different."""

    nodes: dict[int, Node] = msgspec.field(default_factory=dict)
    links: list[tuple[Link, str | None]] = msgspec.field(default_factory=list)
    refusals: dict[Pair, str | None] = msgspec.field(default_factory=dict)
    begun: dict[UUID, datetime] = msgspec.field(default_factory=dict)
    moved: dict[UUID, UUID] = msgspec.field(default_factory=dict)
    facts: list[tuple[log.Fact, tuple[int, ...]]] = msgspec.field(default_factory=list)
    turns: list[Turn] = msgspec.field(default_factory=list)
    quarantined: dict[int, int] = msgspec.field(default_factory=dict)
    left: set[int] = msgspec.field(default_factory=set)  # as they were: too much hangs together
    told: list[log.Entry] = msgspec.field(default_factory=list)


async def settle(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    *,
    now: datetime,
    at: datetime | None = None,
    learnt: Collection[int] = (),
    again: Collection[int] = (),
    prefer: UUID | None = None,
    anew: Anew | None = None,
) -> Change:
    """Take in links that are new, or earlier than what was kept, and answer what changed.

    nodes: both ends of every link, those in `learnt` (new, or older than we thought), and those
    in `again`, to be resolved anew though nothing is new. prefer: who survives if she lives on.
    anew: conclude again who is everybody's; for decisions by hand and changes of rules. at: when
    what it is concluded from came in; now, when that is not said.
    """
    groups = rules.components({one for pair in fresh for one in pair}.union(again), fresh)
    # What hangs together by itself cannot be settled in halves: past twice its limit, it is known
    # to be too large.
    most = model.GATHERED_MAX if len(groups) > 1 else model.LINKS_MAX * 2
    ends = {one for group in groups for one in group}
    hood = await gather(conn, fresh, nodes, ends, most=most, anew=anew)
    if len(hood.links) > most and len(groups) > 1:
        return await _settle_halves(
            conn, fresh, nodes, groups, now=now, at=at, learnt=set(learnt), again=set(again),
            prefer=prefer, anew=anew,
        )  # fmt: skip
    book = anew.rules if anew and anew.rules is not None else await load_rules(conn)
    # One that has only turned out older keeps its people: nothing about them is new.
    touched = ends | {one for one in learnt if nodes[one].customer_id is None}
    change = decide(hood, fresh, book, touched=touched, learnt=learnt, prefer=prefer)
    await _write(conn, change, now=now, at=at or now)
    if anew:
        await Q.end_quarantines.run(conn, identifier_ids=list(ends - change.left))
    return change


async def foresee(
    conn: Connection,
    nodes: Mapping[int, Node],
    *,
    again: Collection[int],
    anew: Anew,
    book: Mapping[str, Rule],
) -> list[Turn]:
    """What resolving these identifiers anew would change; nothing is written."""
    most = model.GATHERED_MAX if len(again) > 1 else model.LINKS_MAX * 2
    hood = await gather(conn, {}, nodes, again, most=most, anew=anew)
    if len(hood.links) > most and len(again) > 1:
        ordered = sorted(again)
        half = len(ordered) // 2
        return [
            turn
            for part in (ordered[:half], ordered[half:])
            for turn in await foresee(conn, nodes, again=part, anew=anew, book=book)
        ]
    return decide(hood, {}, book, touched=again).turns


async def _settle_halves(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    groups: Sequence[Sequence[int]],
    *,
    now: datetime,
    at: datetime | None,
    learnt: set[int],
    again: set[int],
    prefer: UUID | None,
    anew: Anew | None,
) -> Change:
    """Too much at once is settled in two parts: only what hangs together must be seen together."""
    later = {one for group in groups[len(groups) // 2 :] for one in group}
    first = {one: node for one, node in nodes.items() if one not in later}
    links = {pair: link for pair, link in fresh.items() if pair[0] not in later}
    one = await settle(
        conn, links, first, now=now, at=at, learnt=learnt - later, again=again - later,
        prefer=prefer, anew=anew,
    )  # fmt: skip
    # The first part may have moved these: look again, but keep how old they have turned out.
    moved = await load_nodes(conn, later)
    second = {
        number: msgspec.structs.replace(
            moved.get(number, nodes[number]), first_at=nodes[number].first_at
        )
        for number in later
    }
    rest = {pair: link for pair, link in fresh.items() if pair[0] in later}
    other = await settle(
        conn, rest, second, now=now, at=at, learnt=learnt & later, again=again & later,
        prefer=prefer, anew=anew,
    )  # fmt: skip
    return Change(told=one.told + other.told)


def decide(
    hood: Hood,
    fresh: Mapping[Pair, Link],
    book: Mapping[str, Rule],
    *,
    touched: Collection[int],
    learnt: Collection[int] = (),
    prefer: UUID | None = None,
) -> Change:
    """What changes when components of `hood` are resolved: those with a touched identifier. No I/O.

    learnt: identifiers to be written whatever comes out.
    """
    change = Change(nodes={one: hood.nodes[one] for one in learnt})
    kinds = {one: node.kind for one, node in hood.nodes.items()}
    counted = hood.links.values()
    shared = hood.shared | rules.shared_ones(counted, kinds, book, hood.blocked)
    inner, parted = _loosen(change, hood, fresh)
    groups = rules.components(hood.nodes, (link.pair for link in inner))
    home = {one: index for index, group in enumerate(groups) for one in group}
    links: dict[int, list[Link]] = {}
    for link in inner:
        links.setdefault(home[link.a], []).append(link)
    foes: dict[int, list[Link]] = {}
    for link in parted:
        if home[link.a] == home[link.b]:
            foes.setdefault(home[link.a], []).append(link)
    for index in {home[one] for one in touched}:
        group, own = groups[index], links.get(index, [])
        if len(own) > model.LINKS_MAX or not hood.open_ends.isdisjoint(group):
            _quarantine(change, hood, group, own, fresh)
            continue
        of_group = {one: kinds[one] for one in group}
        evidence = own + foes.get(index, [])
        result = rules.resolve(evidence, of_group, book, blocked=hood.blocked, shared=shared)
        _note_refusals(change, hood, own, result, fresh)
        _turn(change, hood, result, group, prefer)
    return change


def _loosen(
    change: Change, hood: Hood, fresh: Mapping[Pair, Link]
) -> tuple[list[Link], list[Link]]:
    """Part the links that may hold something together from those that cannot, and note why.

    Answers the former, and those of the latter that a person has parted.
    """
    inner, parted = [], []
    for pair, link in hood.links.items():
        why = rules.standing(link, hood.blocked, hood.shared)
        if why is None:
            inner.append(link)
            continue
        if why == "parted":
            parted.append(link)
        _note_refusal(change, hood, pair, why, fresh)
    return inner, parted


def _note_refusals(
    change: Change,
    hood: Hood,
    links: Iterable[Link],
    result: rules.Resolution,
    fresh: Mapping[Pair, Link],
) -> None:
    for link in links:
        _note_refusal(change, hood, link.pair, result.refusals.get(link.pair), fresh)


def _note_refusal(
    change: Change, hood: Hood, pair: Pair, why: str | None, fresh: Mapping[Pair, Link]
) -> None:
    if pair in fresh:
        change.links.append((fresh[pair], why))
    elif hood.refusals[pair] != why:
        change.refusals[pair] = why


def _quarantine(
    change: Change,
    hood: Hood,
    group: Sequence[int],
    links: Sequence[Link],
    fresh: Mapping[Pair, Link],
) -> None:
    """Leave an outgrown component as it is; what is new stands alone until a person has looked."""
    for link in links:
        if link.pair in fresh:
            change.links.append((link, "quarantined"))
    hubs = hood.open_ends.intersection(group) or {min(group)}
    change.left.update(group)
    for one in hubs:
        change.quarantined[one] = len(links)
    for one in group:
        node = hood.nodes[one]
        if node.customer_id is None:
            _place(change, hood, frozenset((one,)), None, hood.shared)
        elif one in hubs and one in hood.open_ends:
            # Not followed any more: each look at it would cost ten thousand rows.
            change.nodes[one] = msgspec.structs.replace(node, is_shared=True)


def _turn(
    change: Change,
    hood: Hood,
    result: rules.Resolution,
    group: Sequence[int],
    prefer: UUID | None,
) -> None:
    nodes = {one: hood.nodes[one] for one in group}
    final = {_place(change, hood, part, prefer, result.shared): part for part in result.parts}
    told = len(change.facts)
    _tell(change, final, nodes)
    if len(change.facts) > told:
        change.turns.append(Turn(nodes, final, tuple(fact for fact, _ in change.facts[told:])))


def _place(
    change: Change,
    hood: Hood,
    part: frozenset[int],
    prefer: UUID | None,
    shared: Collection[int],
) -> UUID:
    """Give every identifier of a part its customer."""
    customer_id = rules.customer_of(part, hood.nodes, prefer)
    was = {hood.nodes[one].customer_id for one in part}
    if customer_id not in was:
        change.begun[customer_id] = min(hood.nodes[one].first_at for one in part)
        if was == {None}:
            anchor = next(one for one in part if hood.nodes[one].born_as == customer_id)
            change.facts.append((CustomerCreated(customer_id=customer_id), (anchor,)))
    for one in part:
        node = hood.nodes[one]
        is_shared, is_blocked = one in shared, one in hood.blocked
        if (customer_id, is_shared, is_blocked) != (
            node.customer_id,
            node.is_shared,
            node.is_blocked,
        ):
            change.nodes[one] = msgspec.structs.replace(
                node, customer_id=customer_id, is_shared=is_shared, is_blocked=is_blocked
            )
        if node.customer_id not in (None, customer_id):
            change.moved[node.born_as] = customer_id
    return customer_id


def _tell(change: Change, final: Mapping[UUID, frozenset[int]], nodes: Mapping[int, Node]) -> None:
    """State which customers became one, and which came apart."""
    anchors = {node.born_as: one for one, node in nodes.items()}
    for customer_id, part in final.items():
        for was in {nodes[one].customer_id for one in part} - {None, customer_id}:
            assert was is not None
            ends: tuple[int, ...] = (anchors[customer_id],)
            if was not in final and anchors.get(was) in part:
                told: log.Fact = CustomerMerged(customer_id=customer_id, gone=was)
                ends += (anchors[was],)
            else:
                told = CustomerSplit(customer_id=was, apart=customer_id)
            change.facts.append((told, ends))


async def _write(conn: Connection, change: Change, *, now: datetime, at: datetime) -> None:
    if change.begun:
        await Q.put_customers.run(
            conn, customer_ids=list(change.begun), created_ats=list(change.begun.values())
        )
    if change.nodes:
        await _write_nodes(conn, list(change.nodes.values()))
    if change.moved:
        await Q.put_redirects.run(
            conn, born_ases=list(change.moved), customer_ids=list(change.moved.values())
        )
    if change.links:
        await _write_links(conn, change.links)
    if change.refusals:
        await Q.put_refusals.run(
            conn,
            firsts=[a for a, _ in change.refusals],
            seconds=[b for _, b in change.refusals],
            refusals=list(change.refusals.values()),
        )
    for one, links in change.quarantined.items():
        await Q.put_quarantines.run(conn, identifier_ids=[one], links=links, noted_at=now)
    if change.facts:
        change.told = [_told(fact, ends, change, now, at) for fact, ends in change.facts]
        await log.state_all(conn, change.told)


def _told(
    fact: log.Fact, ends: Sequence[int], change: Change, now: datetime, at: datetime
) -> log.Entry:
    """A fact stated now. She came when she was first seen, however late we learn of it."""
    if isinstance(fact, CustomerCreated):
        at = change.begun.get(fact.customer_id, at)
    entry = log.entry_for(fact, at=min(at, now), identifiers=ends)
    return msgspec.structs.replace(entry, received_at=now)


async def _write_nodes(conn: Connection, nodes: Sequence[Node]) -> None:
    await Q.put_nodes.run(
        conn,
        identifier_ids=[node.identifier_id for node in nodes],
        kinds=[node.kind for node in nodes],
        customer_ids=[node.customer_id for node in nodes],
        born_ases=[node.born_as for node in nodes],
        first_ats=[node.first_at for node in nodes],
        shared=[node.is_shared for node in nodes],
        blocked=[node.is_blocked for node in nodes],
    )


async def _write_links(conn: Connection, links: Sequence[tuple[Link, str | None]]) -> None:
    await Q.put_links.run(
        conn,
        firsts=[link.a for link, _ in links],
        seconds=[link.b for link, _ in links],
        kinds=[link.kind for link, _ in links],
        event_ids=[link.event_id for link, _ in links],
        source_ids=[link.source_id for link, _ in links],
        occurred_ats=[link.occurred_at for link, _ in links],
        refusals=[refusal for _, refusal in links],
        verdicts=[link.verdict for link, _ in links],
        decided_ats=[link.decided_at for link, _ in links],
    )
