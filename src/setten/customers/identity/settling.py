"""Weighing new evidence: read what it touches, resolve that whole, write what has changed.

Set-based: one call for all new links of a batch. The caller holds the lock of `Q.lock`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.customers.identity import model, rules
from setten.customers.identity.model import Link, Node, Rule
from setten.facts.customers import CustomerCreated, CustomerMerged, CustomerSplit
from setten.platform import db, log
from setten.platform.db import Connection

Q = db.load(str(Path(__file__).with_name("store.py")))
Pair = tuple[int, int]


class Hood(msgspec.Struct):
    """Everything that new links can touch: identifiers, their links, and why some do not count.

    open_ends: identifiers whose links were too many to read all.
    """

    nodes: dict[int, Node]
    links: dict[Pair, Link]
    refusals: dict[Pair, str | None]
    open_ends: set[int] = msgspec.field(default_factory=set)

    def is_flagged(self, pair: Pair) -> bool:
        return self.nodes[pair[0]].is_shared or self.nodes[pair[1]].is_shared


class Change(msgspec.Struct):
    """What a resolution makes different."""

    nodes: dict[int, Node] = msgspec.field(default_factory=dict)
    links: list[tuple[Link, str | None]] = msgspec.field(default_factory=list)
    refusals: dict[Pair, str | None] = msgspec.field(default_factory=dict)
    begun: dict[UUID, datetime] = msgspec.field(default_factory=dict)
    merged: dict[UUID, UUID] = msgspec.field(default_factory=dict)
    facts: list[tuple[log.Fact, tuple[int, ...]]] = msgspec.field(default_factory=list)
    quarantined: dict[int, int] = msgspec.field(default_factory=dict)
    told: list[log.Entry] = msgspec.field(default_factory=list)


async def load_rules(conn: Connection) -> dict[str, Rule]:
    """The rules by kind, as they are now."""
    return {
        row["kind"]: Rule(row["is_weak"], row["most"], row["shared_after"])
        for row in await Q.rules.all(conn)
    }


async def load_nodes(conn: Connection, numbers: Collection[int]) -> dict[int, Node]:
    """The identifiers that identity knows already."""
    rows = await Q.nodes.all(conn, identifier_ids=list(numbers))
    return {row["identifier_id"]: Node(**dict(row)) for row in rows}


async def settle(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    *,
    now: datetime,
    learnt: Collection[int] = (),
    again: Collection[int] = (),
    prefer: UUID | None = None,
) -> Change:
    """Take in links that are new, or earlier than what was kept, and answer what changed.

    nodes: both ends of every link, those in `learnt` (new, or older than we thought), and those
    in `again`, to be resolved anew though nothing is new. prefer: who survives if she lives on.
    """
    groups = rules.components({one for pair in fresh for one in pair}.union(again), fresh)
    # What hangs together by itself cannot be settled in halves: past twice its limit, it is known
    # to be too large.
    most = model.GATHERED_MAX if len(groups) > 1 else model.LINKS_MAX * 2
    ends = {one for group in groups for one in group}
    hood = await _gather(conn, fresh, nodes, ends, most=most)
    if len(hood.links) > most and len(groups) > 1:
        return await _settle_halves(
            conn, fresh, nodes, groups, now=now, learnt=set(learnt), again=set(again)
        )
    change = decide(hood, fresh, await load_rules(conn), learnt=learnt, prefer=prefer)
    await _write(conn, change, now=now)
    return change


async def _settle_halves(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    groups: Sequence[Sequence[int]],
    *,
    now: datetime,
    learnt: set[int],
    again: set[int],
) -> Change:
    """Too much at once is settled in two parts: only what hangs together must be seen together."""
    later = {one for group in groups[len(groups) // 2 :] for one in group}
    first = {one: node for one, node in nodes.items() if one not in later}
    links = {pair: link for pair, link in fresh.items() if pair[0] not in later}
    one = await settle(conn, links, first, now=now, learnt=learnt - later, again=again - later)
    # The first part may have moved these: look again, but keep how old they have turned out.
    moved = await load_nodes(conn, later)
    second = {
        number: msgspec.structs.replace(
            moved.get(number, nodes[number]), first_at=nodes[number].first_at
        )
        for number in later
    }
    rest = {pair: link for pair, link in fresh.items() if pair[0] in later}
    other = await settle(conn, rest, second, now=now, learnt=learnt & later, again=again & later)
    return Change(told=one.told + other.told)


async def _gather(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    ends: Collection[int],
    *,
    most: int,
) -> Hood:
    """Follow links outward from these identifiers until the components are whole, or too large."""
    hood = Hood(nodes=dict(nodes), links={}, refusals={})
    frontier = {one for one in ends if nodes[one].customer_id and not nodes[one].is_shared}
    seen = set(frontier)
    while frontier:
        found = await _around(conn, frontier, hood)
        if len(hood.links) > most:
            hood.open_ends |= found - seen
            break
        frontier = {one for one in found - seen if not hood.nodes[one].is_shared}
        seen |= frontier
    hood.links.update(fresh)
    return hood


async def _around(conn: Connection, frontier: set[int], hood: Hood) -> set[int]:
    degree: dict[int, int] = dict.fromkeys(frontier, 0)
    found: set[int] = set()
    rows = await Q.links_around.all(conn, identifier_ids=list(frontier), most=model.LINKS_MAX + 1)
    for row in rows:
        link = Link(row["a"], row["b"], row["kind"], row["event_id"], row["occurred_at"],
                    row["source_id"])  # fmt: skip
        degree[row["around"]] += 1
        found.update(link.pair)
        hood.links[link.pair] = link
        hood.refusals[link.pair] = row["refusal"]
    hood.open_ends |= {one for one, links in degree.items() if links > model.LINKS_MAX}
    unknown = [one for one in found if one not in hood.nodes]
    if unknown:
        hood.nodes.update(await load_nodes(conn, unknown))
    return found - hood.open_ends


def decide(
    hood: Hood,
    fresh: Mapping[Pair, Link],
    rules_by_kind: Mapping[str, Rule],
    *,
    learnt: Collection[int] = (),
    prefer: UUID | None = None,
) -> Change:
    """What changes when the components of `hood` are resolved anew. No I/O."""
    change = Change(nodes={one: hood.nodes[one] for one in learnt})
    flagged = {pair for pair in hood.links if hood.is_flagged(pair)}
    for pair in flagged & fresh.keys():
        change.links.append((fresh[pair], "shared"))
    by_component: dict[int, list[Link]] = {}
    inner = [pair for pair in hood.links if pair not in flagged]
    groups = rules.components(hood.nodes, inner)
    home = {one: index for index, group in enumerate(groups) for one in group}
    for pair in inner:
        by_component.setdefault(home[pair[0]], []).append(hood.links[pair])
    for index, group in enumerate(groups):
        links = by_component.get(index, [])
        if len(links) > model.LINKS_MAX or not hood.open_ends.isdisjoint(group):
            _quarantine(change, hood, group, links, fresh)
        elif links or not change.nodes.keys().isdisjoint(group):
            _resolve(change, hood, group, links, fresh, rules_by_kind, prefer)
    return change


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
    hubs = hood.open_ends.intersection(group) or {group[0]}
    for one in hubs:
        change.quarantined[one] = len(links)
    for one in group:
        node = hood.nodes[one]
        if node.customer_id is None:
            _place(change, frozenset((one,)), {one: node}, None, shared=frozenset())
        elif one in hubs and one in hood.open_ends:
            # Not followed any more: each look at it would cost ten thousand rows.
            change.nodes[one] = msgspec.structs.replace(node, is_shared=True)


def _resolve(
    change: Change,
    hood: Hood,
    group: Sequence[int],
    links: Sequence[Link],
    fresh: Mapping[Pair, Link],
    rules_by_kind: Mapping[str, Rule],
    prefer: UUID | None,
) -> None:
    nodes = {one: hood.nodes[one] for one in group}
    kinds = {one: node.kind for one, node in nodes.items()}
    result = rules.resolve(links, kinds, rules_by_kind)
    for link in links:
        refusal = result.refusals.get(link.pair)
        if link.pair in fresh:
            change.links.append((link, refusal))
        elif hood.refusals[link.pair] != refusal:
            change.refusals[link.pair] = refusal
    shared = result.shared | {one for one, node in nodes.items() if node.is_shared}
    final = {_place(change, part, nodes, prefer, shared=shared): part for part in result.parts}
    _tell(change, final, nodes)


def _place(
    change: Change,
    part: frozenset[int],
    nodes: Mapping[int, Node],
    prefer: UUID | None,
    *,
    shared: frozenset[int],
) -> UUID:
    """Give every identifier of a part its customer."""
    customer_id = rules.customer_of(part, nodes, prefer)
    was = {nodes[one].customer_id for one in part}
    if customer_id not in was:
        change.begun[customer_id] = min(nodes[one].first_at for one in part)
        if was == {None}:
            anchor = next(one for one in part if nodes[one].born_as == customer_id)
            change.facts.append((CustomerCreated(customer_id=customer_id), (anchor,)))
    for one in part:
        node = nodes[one]
        if node.customer_id != customer_id or node.is_shared != (one in shared):
            change.nodes[one] = msgspec.structs.replace(
                node, customer_id=customer_id, is_shared=one in shared
            )
    return customer_id


def _tell(change: Change, final: Mapping[UUID, frozenset[int]], nodes: Mapping[int, Node]) -> None:
    """State which customers became one, and which came apart."""
    anchors = {node.born_as: one for one, node in nodes.items()}
    for customer_id, part in final.items():
        for was in {nodes[one].customer_id for one in part} - {None, customer_id}:
            assert was is not None
            ends: tuple[int, ...] = (anchors[customer_id],)
            if was not in final and anchors.get(was) in part:
                change.merged[was] = customer_id
                told: log.Fact = CustomerMerged(customer_id=customer_id, gone=was)
                ends += (anchors[was],)
            else:
                told = CustomerSplit(customer_id=was, apart=customer_id)
            change.facts.append((told, ends))


async def _write(conn: Connection, change: Change, *, now: datetime) -> None:
    if change.begun:
        await Q.put_customers.run(
            conn, customer_ids=list(change.begun), created_ats=list(change.begun.values())
        )
    if change.nodes:
        await _write_nodes(conn, list(change.nodes.values()))
    if change.merged:
        await Q.put_merges.run(
            conn, gone=list(change.merged), survivors=list(change.merged.values())
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
        change.told = [log.entry_for(fact, at=now, identifiers=ends) for fact, ends in change.facts]
        await log.state_all(conn, change.told)


async def _write_nodes(conn: Connection, nodes: Sequence[Node]) -> None:
    await Q.put_nodes.run(
        conn,
        identifier_ids=[node.identifier_id for node in nodes],
        kinds=[node.kind for node in nodes],
        customer_ids=[node.customer_id for node in nodes],
        born_ases=[node.born_as for node in nodes],
        first_ats=[node.first_at for node in nodes],
        shared=[node.is_shared for node in nodes],
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
    )
