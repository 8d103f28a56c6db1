"""Reading what a resolution needs: identifiers, everything that hangs together with them, rules."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from setten.customers.identity import model, rules
from setten.customers.identity.model import DEFAULTS, PARTED, Link, Node, Rule
from setten.platform import db
from setten.platform.db import Connection

Q = db.load(str(Path(__file__).with_name("store.py")))
Pair = tuple[int, int]


class Hood(msgspec.Struct):
    """Everything that new links can touch: identifiers, their links, and why some do not count.

    shared, blocked: identifiers known to be everybody's, or nobody's, which hold nothing together.
    open_ends: identifiers whose links were too many to read all.
    """

    nodes: dict[int, Node]
    links: dict[Pair, Link]
    refusals: dict[Pair, str | None]
    shared: set[int] = msgspec.field(default_factory=set)
    blocked: set[int] = msgspec.field(default_factory=set)
    open_ends: set[int] = msgspec.field(default_factory=set)

    def is_end(self, one: int) -> bool:
        """Whether links are not followed beyond this identifier."""
        return one in self.shared or one in self.blocked


class Anew(msgspec.Struct, frozen=True):
    """Resolve without what was concluded before. rules: to go by; None: those in force.

    blocked: whether an identifier is nobody's, where that differs from what was known.
    """

    rules: Mapping[str, Rule] | None = None
    blocked: Mapping[int, bool] = {}


async def load_rules(conn: Connection) -> dict[str, Rule]:
    """The rules by kind, as they are now: what this business has set, else the defaults."""
    return DEFAULTS | {
        row["kind"]: Rule(row["is_weak"], row["most"], row["shared_after"], row["priority"])
        for row in await Q.rules.all(conn)
    }


def array(values: Iterable[object]) -> str:
    """Numbers or truths as the text of an array: the driver looks into each element of a list."""
    return f"{{{','.join(map(str, values))}}}"


async def load_nodes(conn: Connection, numbers: Collection[int]) -> dict[int, Node]:
    """The identifiers that identity knows already."""
    if not numbers:
        return {}
    rows = await Q.nodes.all(conn, identifier_ids=array(numbers))
    return {row["identifier_id"]: Node(**dict(row)) for row in rows}


async def gather(
    conn: Connection,
    fresh: Mapping[Pair, Link],
    nodes: Mapping[int, Node],
    ends: Collection[int],
    *,
    most: int,
    anew: Anew | None = None,
) -> Hood:
    """Follow links outward from these identifiers until the components are whole, or too large."""
    hood = Hood(nodes={}, links=dict(fresh), refusals={})
    await _know(conn, hood, nodes, anew)
    frontier = {one for one in ends if nodes[one].customer_id and not hood.is_end(one)}
    seen = set(frontier)
    while frontier:
        found = await _around(conn, frontier, hood, anew)
        if len(hood.links) > most:
            hood.open_ends |= found - seen
            break
        frontier = {one for one in found - seen if not hood.is_end(one)}
        seen |= frontier
    return hood


async def _know(conn: Connection, hood: Hood, nodes: Mapping[int, Node], anew: Anew | None) -> None:
    hood.nodes.update(nodes)
    flagged = {one for one, node in nodes.items() if node.is_shared}
    if anew is None:
        hood.shared |= flagged
        hood.blocked.update(one for one, node in nodes.items() if node.is_blocked)
        return
    hood.shared |= await _still_shared(conn, flagged, nodes, anew)
    hood.blocked.update(
        one for one, node in nodes.items() if anew.blocked.get(one, node.is_blocked)
    )


async def _still_shared(
    conn: Connection, flagged: Collection[int], nodes: Mapping[int, Node], anew: Anew
) -> set[int]:
    """Which have met too many by the rules to go by: counted, as they met thousands."""
    if not flagged:
        return set()
    book = anew.rules if anew.rules is not None else await load_rules(conn)
    rows = await Q.met.all(
        conn,
        identifier_ids=list(flagged),
        blocked=[one for one, is_blocked in anew.blocked.items() if is_blocked],
        unblocked=[one for one, is_blocked in anew.blocked.items() if not is_blocked],
    )
    return {
        row["identifier_id"]
        for row in rows
        if not rules.rule_of(row["kind"], book).is_weak
        and row["met"] > rules.rule_of(nodes[row["identifier_id"]].kind, book).shared_after
    }


async def _around(conn: Connection, frontier: set[int], hood: Hood, anew: Anew | None) -> set[int]:
    degree: dict[int, int] = dict.fromkeys(frontier, 0)
    followed: set[int] = set()
    met: set[int] = set()
    # One that is being parted just now stands in the database as it was, and counts no more.
    parted = sum(link.verdict == PARTED for link in hood.links.values())
    rows = await Q.links_around.all(
        conn, identifier_ids=list(frontier), most=model.LINKS_MAX + 1 + parted
    )
    for row in rows:
        values = dict(row)
        around, refusal = values.pop("around"), values.pop("refusal")
        link = Link(**values)
        link = hood.links.setdefault(link.pair, link)
        hood.refusals[link.pair] = refusal
        met.update(link.pair)
        if link.verdict != PARTED:  # what a person parted holds nothing together
            degree[around] += 1
            followed.update(link.pair)
    hood.open_ends |= {one for one, links in degree.items() if links > model.LINKS_MAX}
    unknown = [one for one in met if one not in hood.nodes]
    if unknown:
        await _know(conn, hood, await load_nodes(conn, unknown), anew)
    return followed - hood.open_ends
