"""The one ordered reader that says who is whom. Everybody else follows with their own cursor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

import msgspec

from setten.customers.identity import blocking, rules
from setten.customers.identity.gathering import Pair, Q, array, load_nodes
from setten.customers.identity.model import Link, Node
from setten.customers.identity.remembering import Memory
from setten.customers.identity.settling import settle
from setten.facts.customers import (
    CustomerCreated,
    CustomerMerged,
    CustomerSplit,
    RelationEnded,
    RelationMade,
)
from setten.facts.lifecycle import CustomerStageChanged
from setten.facts.reported import Alias, CustomerAliased
from setten.facts.segments import MembershipsChanged
from setten.platform import clock, ids
from setten.platform.db import Connection
from setten.platform.log import Reader, Row
from setten.platform.vault import Vault

logger = logging.getLogger(__name__)
READER = "identity"
# What we state ourselves is no evidence: to read it would be to believe our own echo.
_OWN = frozenset(
    fact.event_name
    for fact in (
        CustomerCreated,
        CustomerMerged,
        CustomerSplit,
        RelationMade,
        RelationEnded,
        # Stated of somebody known, under one identifier: nothing new, and of many there are most.
        MembershipsChanged,
        CustomerStageChanged,
    )
)


class _Aliased(msgspec.Struct):
    alias: Alias | None = None


# Only this of it: older and newer forms of the fact are read alike.
_decode_alias = msgspec.json.Decoder(_Aliased).decode


def readers(vault: Vault | None = None, *, now: Callable[[], datetime] = clock.now) -> list[Reader]:
    """The reader of this feature.

    vault: opens what newcomers stand for where this business blocks values by their form. now: the
    clock, for the facts it states.
    """
    handle = partial(_handle, vault=vault, now=now, memory=Memory())
    return [Reader(READER, handle, wants=_tells_of_somebody)]


def _tells_of_somebody(row: Row) -> bool:
    return bool(row.identifiers) and row.name not in _OWN


async def _handle(
    conn: Connection,
    rows: Sequence[Row],
    *,
    vault: Vault | None,
    now: Callable[[], datetime],
    memory: Memory,
) -> None:
    await take_in(conn, vault, rows, now=now(), memory=memory)


async def take_in(
    conn: Connection, vault: Vault | None, rows: Sequence[Row], *, now: datetime, memory: Memory
) -> None:
    """Learn from events: whom we had not met, and who turns out to be one."""
    await memory.begin(conn)
    told = [row for row in rows if not memory.tells_nothing(row)]
    if not told:
        return
    first = _first_seen(told)
    earliest = min(first.values())
    # Of most events nothing is new: who and what is known is told by the database in a word.
    nodes, unknown = await _unfamiliar(conn, first, earliest)
    older = {one for one, node in nodes.items() if first[one] < node.first_at}
    newcomers = await _newcomers(conn, vault, first, unknown)
    nobody = set(unknown) - newcomers.keys()
    links = await _untold(conn, links_of_rows(told, first.keys() - nobody), earliest)
    fresh = news(links.new, links.known)
    memory.learn(told, asked_from=earliest, doubtful={*nodes, *unknown}.union(*links.new))
    learnt = older | newcomers.keys()
    if not learnt and not fresh:
        return
    nodes |= newcomers
    touched = learnt.union(*fresh)
    nodes |= await load_nodes(conn, touched - nodes.keys())
    ends = {one: _aged(nodes[one], first[one]) for one in touched}
    came_at = max(row.received_at for row in rows)  # long ago, where this view is behind
    await settle(conn, fresh, ends, learnt=learnt, now=now, at=came_at)


async def _unfamiliar(
    conn: Connection, first: Mapping[int, datetime], earliest: datetime
) -> tuple[dict[int, Node], list[int]]:
    """The identifiers that these events may make older than they were known, and the unknown."""
    rows = await Q.unfamiliar.all(conn, identifier_ids=array(first), earliest=earliest)
    nodes: dict[int, Node] = {}
    unknown: list[int] = []
    for row in rows:
        values = dict(row)
        asked = values.pop("asked")
        if values["identifier_id"] is None:
            unknown.append(asked)
        else:
            nodes[asked] = Node(**values)
    return nodes, unknown


def _first_seen(rows: Iterable[Row]) -> dict[int, datetime]:
    first: dict[int, datetime] = {}
    for row in rows:
        for one in row.identifiers:
            met = first.get(one)
            if met is None or row.occurred_at < met:
                first[one] = row.occurred_at
    return first


def _aged(node: Node, seen: datetime) -> Node:
    if seen >= node.first_at:
        return node
    return msgspec.structs.replace(node, first_at=seen)


async def _newcomers(
    conn: Connection,
    vault: Vault | None,
    first: Mapping[int, datetime],
    unknown: Collection[int],
) -> dict[int, Node]:
    if not unknown:
        return {}
    rows = await Q.kinds.all(conn, identifier_ids=list(unknown))
    # What the vault has forgotten meanwhile was erased: it becomes nobody.
    kinds = {row["identifier_id"]: row["kind"] for row in rows}
    blocked = {row["identifier_id"] for row in rows if row["is_blocked"]}
    blocked |= await blocking.matching(conn, vault, kinds)
    return {
        one: Node(
            identifier_id=one,
            kind=kind,
            customer_id=None,
            born_as=ids.uuid7(),
            first_at=first[one],
            is_blocked=one in blocked,
        )
        for one, kind in kinds.items()
    }


def links_of_rows(rows: Iterable[Row], somebodys: Collection[int]) -> dict[Pair, Link]:
    """The links that a batch of events is evidence of, one for each pair.

    somebodys: the identifiers that stand for somebody; others have been forgotten.
    """
    found: dict[Pair, Link] = {}
    for row in rows:
        if len(row.identifiers) < 2 and row.name != CustomerAliased.event_name:
            continue
        for link in rules.links_of_event(
            [one for one in row.identifiers if one in somebodys],
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            source_id=row.source_id,
            alias=_alias(row, somebodys),
        ):
            kept = found.get(link.pair)
            found[link.pair] = link if kept is None else rules.weigh(kept, link)
    return found


def _alias(row: Row, somebodys: Collection[int]) -> Pair | None:
    if row.name != CustomerAliased.event_name:
        return None
    try:
        alias = _decode_alias(row.body).alias
    except msgspec.DecodeError:
        logger.warning("event %s at position %d is no alias", row.event_id, row.position)
        return None
    if alias is None or alias.previous not in somebodys or alias.user not in somebodys:
        return None
    return (alias.previous, alias.user)


class _Untold(msgspec.Struct, frozen=True):
    """Links that may tell something new, and what is kept of them already."""

    new: Mapping[Pair, Link]
    known: Sequence[Link]


async def _untold(conn: Connection, links: Mapping[Pair, Link], earliest: datetime) -> _Untold:
    """Unknown pairs, and those of whose evidence these may be earlier."""
    if not links:
        return _Untold({}, ())
    rows = await Q.untold_links.all(
        conn,
        firsts=array(a for a, _ in links),
        seconds=array(b for _, b in links),
        aliases=array(link.kind == "alias" for link in links.values()),
        earliest=earliest,
    )
    told, known = {}, []
    for row in rows:
        values = dict(row)
        pair = (values.pop("one"), values.pop("other"))
        told[pair] = links[pair]
        if values["a"] is not None:
            known.append(Link(**values))
    return _Untold(told, known)


def news(links: Mapping[Pair, Link], known: Iterable[Link]) -> dict[Pair, Link]:
    """The links as they are to be kept, without those that tell what was known."""
    fresh = dict(links)
    for kept in known:
        weighed = rules.weigh(kept, links[kept.pair])
        if weighed == kept:
            del fresh[kept.pair]
        else:
            fresh[kept.pair] = weighed
    return fresh
