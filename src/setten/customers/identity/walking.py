"""Looking at everybody whom a change of rules touches, part by part: first to count, then to apply.

Runs in the background process. Each part is one short transaction, so that the live reader takes
its turns in between; where it was is kept, so that another process goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity import blocking
from setten.customers.identity.blocking import Pattern
from setten.customers.identity.gathering import Anew, load_nodes, load_rules
from setten.customers.identity.gathering import Q as STORE
from setten.customers.identity.model import DEFAULTS, Node, Rule
from setten.customers.identity.settling import Turn, foresee, settle
from setten.customers.identity.shapes import Body, End, Group, Sample, SealedForm
from setten.facts.customers import CustomerMerged, CustomerSplit
from setten.platform import clock, db
from setten.platform.db import Connection, Pool, Record
from setten.platform.vault import Vault

W = db.load(__file__)
# The readers of the log wait while a part is resolved: some twenty milliseconds.
PART = 200
SAMPLES_MAX = 10
SHOWN_MAX = 20  # identifiers of one customer of a sample
MEMBERS_MAX = 2_000  # of all customers of a sample
# Changes kept apart while counting: some tens of megabytes. A rule that turns more is wrong.
COUNTED_MAX = 500_000


class View(msgspec.Struct, frozen=True):
    """What a change goes by, wherever it is looked at from.

    told: forms that it blocks or unblocks; whoever has one is looked at closer.
    """

    body: Body
    rules: Mapping[str, Rule]
    forms: tuple[Pattern, ...]
    told: tuple[Pattern, ...]


class Tally(msgspec.Struct):
    """What has been counted.

    known: facts met before, since a component is met more than once. is_new: whether a sample was
    added since they were last written down, or none ever was.
    """

    merges: int = 0
    splits: int = 0
    examined: int = 0
    samples: list[Sample] = msgspec.field(default_factory=list)
    known: set[int] = msgspec.field(default_factory=set)
    is_new: bool = True

    @property
    def is_full(self) -> bool:
        return len(self.known) >= COUNTED_MAX


async def work(pool: Pool, vault: Vault, *, now: Callable[[], datetime] = clock.now) -> None:
    """Carry on with the open change of rules, if there is one, until it is counted or applied."""
    async with pool.acquire() as guard:
        if not await W.try_lock.value(guard):
            return
        try:
            for row in await W.to_do.all(guard):
                if row["state"] == "counting":
                    await _count(pool, vault, row)
                else:
                    await _apply(pool, vault, row, now)
        finally:
            await W.unlock.run(guard)


async def _count(pool: Pool, vault: Vault, row: Record) -> None:
    """From the beginning each time: what a dead process had counted is not known any more."""
    change_id, tally, after = row["change_id"], Tally(), 0
    body = msgspec.json.decode(row["body"], type=Body)
    for number in body.numbers:
        async with pool.acquire() as conn:
            view = await _view(conn, vault, body)
            tally.examined += await _foresee_flip(conn, vault, view, number, tally)
    while True:  # ends where it is noted, also when the values alone turn too many
        async with db.transaction(pool) as conn:
            view = await _view(conn, vault, body)
            numbers = await _next(conn, body, after)
            await _foresee_part(conn, vault, view, numbers, tally)
            after = numbers[-1] if numbers else after
            is_done = not numbers or tally.is_full
            if not await _note_count(conn, change_id, tally, after, is_done=is_done):
                return  # withdrawn meanwhile
        if is_done:
            return


async def _note_count(
    conn: Connection, change_id: UUID, tally: Tally, reached: int, *, is_done: bool
) -> bool:
    touched = await W.note_count.run(
        conn,
        change_id=change_id,
        state="counted" if is_done else "counting",
        reached=reached,
        examined=tally.examined,
        merges=tally.merges,
        splits=tally.splits,
        # Written with the first parts and never again: the row is rewritten with every part.
        samples=msgspec.json.encode(tally.samples).decode() if tally.is_new else None,
    )
    tally.is_new = False
    return touched > 0


async def _foresee_part(
    conn: Connection, vault: Vault, view: View, numbers: Sequence[int], tally: Tally
) -> None:
    nodes = await load_nodes(conn, numbers)
    tally.examined += len(numbers)
    blocked = await _flips(conn, vault, view, nodes)
    for number in blocked:
        await _foresee_flip(conn, vault, view, number, tally)
    await _foresee(conn, view, nodes, blocked, tally)


async def _foresee_flip(
    conn: Connection, vault: Vault, view: View, number: int, tally: Tally
) -> int:
    """One that becomes nobody's, or somebody's again, and all linked with it; how many."""
    nodes = await load_nodes(conn, [number])
    blocked = await _flips(conn, vault, view, nodes)
    await _foresee(conn, view, nodes, blocked, tally)
    after, seen = 0, 1
    while page := await _neighbours(conn, number, after):
        await _foresee(conn, view, await load_nodes(conn, page), blocked, tally)
        after, seen = page[-1], seen + len(page)
    return seen


async def _foresee(
    conn: Connection, view: View, nodes: Mapping[int, Node], blocked: Mapping[int, bool],
    tally: Tally,
) -> None:  # fmt: skip
    if not nodes:
        return
    anew = Anew(view.rules, dict(blocked))
    for turn in await foresee(conn, nodes, again=list(nodes), anew=anew, book=view.rules):
        if _count_turn(tally, turn) and len(tally.samples) < SAMPLES_MAX:
            tally.samples.append(await _sample(conn, turn))
            tally.is_new = True


def _count_turn(tally: Tally, turn: Turn) -> bool:
    """Answers whether it tells something not counted before."""
    is_new = False
    for fact in turn.facts:
        key = hash(msgspec.json.encode(fact) + fact.event_name.encode())
        if key in tally.known:
            continue
        tally.known.add(key)
        is_new = True
        tally.merges += isinstance(fact, CustomerMerged)
        tally.splits += isinstance(fact, CustomerSplit)
    return is_new


async def _sample(conn: Connection, turn: Turn) -> Sample:
    """Everybody whom a turn is about, whole: also those of theirs who stay as they are."""
    owners = {node.customer_id for node in turn.nodes.values()} | turn.final.keys()
    rows = await W.members.all(conn, customer_ids=[one for one in owners if one], most=MEMBERS_MAX)
    kinds = {row["identifier_id"]: row["kind"] for row in rows}
    kinds |= {one: node.kind for one, node in turn.nodes.items()}
    before: dict[UUID, list[int]] = {}
    after: dict[UUID, list[int]] = {}
    for row in rows:
        before.setdefault(row["customer_id"], []).append(row["identifier_id"])
        if row["identifier_id"] not in turn.nodes:
            after.setdefault(row["customer_id"], []).append(row["identifier_id"])
    for customer_id, part in turn.final.items():
        after.setdefault(customer_id, []).extend(sorted(part))
    everybody = before.keys() | after.keys()
    named = {one for one in everybody if set(before.get(one, ())) != set(after.get(one, ()))}
    return Sample(_groups(kinds, before, named), _groups(kinds, after, named))


def _groups(
    kinds: Mapping[int, str], parts: Mapping[UUID, Sequence[int]], named: Collection[UUID]
) -> tuple[Group, ...]:
    return tuple(
        Group(
            customer_id,
            len(parts[customer_id]),
            tuple(End(str(one), kinds[one]) for one in sorted(parts[customer_id])[:SHOWN_MAX]),
        )
        for customer_id in sorted(set(named) & parts.keys())
    )[:SHOWN_MAX]


async def _apply(pool: Pool, vault: Vault, row: Record, now: Callable[[], datetime]) -> None:
    change_id, after = row["change_id"], row["reached"]
    body = msgspec.json.decode(row["body"], type=Body)
    if after == 0:
        for number in body.numbers:
            await _apply_flip(pool, vault, body, number, change_id, now, is_counted=True)
    while True:
        async with pool.acquire() as conn:
            numbers = await _next(conn, body, after)
            view = await _view(conn, vault, body)
            flips = await _flips(conn, vault, view, await load_nodes(conn, numbers))
        for number in flips:
            await _apply_flip(pool, vault, body, number, change_id, now)
        async with db.transaction(pool) as conn:
            if not numbers:
                await W.end_applying.run(conn, change_id=change_id, now=now())
                return
            await _settle(conn, numbers, change_id, now(), reached=numbers[-1],
                          examined=len(numbers))  # fmt: skip
        after = numbers[-1]


async def _apply_flip(
    pool: Pool, vault: Vault, body: Body, number: int, change_id: UUID,
    now: Callable[[], datetime], *, is_counted: bool = False,
) -> None:  # fmt: skip
    """The flag first, so that the live reader goes by it while the neighbours are looked at.

    is_counted: whether the neighbours are among those that the change said it would look at.
    """
    async with db.transaction(pool) as conn:
        await STORE.lock.run(conn)
        view = await _view(conn, vault, body)
        flips = await _flips(conn, vault, view, await load_nodes(conn, [number]))
        await W.flag_blocked.run(conn, identifier_ids=list(flips), blocked=list(flips.values()))
        await _settle(conn, [number], change_id, now(), reached=0, examined=int(is_counted))
    after = 0
    while True:
        async with db.transaction(pool) as conn:
            page = await _neighbours(conn, number, after)
            if not page:
                return
            await _settle(conn, page, change_id, now(), reached=0,
                          examined=len(page) if is_counted else 0)  # fmt: skip
        after = page[-1]


async def _settle(
    conn: Connection,
    numbers: Sequence[int],
    change_id: UUID,
    now: datetime,
    *,
    reached: int,
    examined: int,
) -> None:
    await STORE.lock.run(conn)
    nodes = await load_nodes(conn, numbers)
    told: list[str] = []
    if nodes:
        change = await settle(conn, {}, nodes, now=now, again=list(nodes), anew=Anew())
        told = [entry.name for entry in change.told]
    await W.note_applied.run(
        conn,
        change_id=change_id,
        reached=reached,
        examined=examined,
        merged=told.count(CustomerMerged.event_name),
        split=told.count(CustomerSplit.event_name),
    )


async def _view(conn: Connection, vault: Vault, body: Body) -> View:
    """The rules as they will be, or are already: the same before and after the change."""
    rules = dict(await load_rules(conn))
    for kind, rule in body.rules.items():
        rules[kind] = rule or DEFAULTS[kind]
    coming, going = _opened(vault, body.forms), _opened(vault, body.unform)
    gone = {one.pattern_id for one in going}
    forms = {one.pattern_id: one for one in (*await blocking.patterns(conn, vault), *coming)}
    left = tuple(one for one in forms.values() if one.pattern_id not in gone)
    return View(body, rules, left, coming + going)


def _opened(vault: Vault, forms: Sequence[SealedForm]) -> tuple[Pattern, ...]:
    return tuple(
        Pattern(
            pattern_id=one.pattern_id, kind=one.kind, form=vault.open_setting(one.sealed).decode()
        )
        for one in forms
    )


async def _flips(
    conn: Connection, vault: Vault, view: View, nodes: Mapping[int, Node]
) -> dict[int, bool]:
    """Those whose standing the change decides, and whether they are nobody's by it."""
    kinds = {one: node.kind for one, node in nodes.items()}
    named = {one for one in view.body.numbers if one in nodes}
    named |= await blocking.matching(conn, vault, kinds, view.told)
    if not named:
        return {}
    rows = await W.blocked_among.all(conn, identifier_ids=list(named))
    values = {row["identifier_id"] for row in rows} - set(view.body.unblock)
    values |= view.body.block.keys()
    of_named = {one: kinds[one] for one in named}
    by_form = await blocking.matching(conn, vault, of_named, view.forms)
    return {one: one in values or one in by_form for one in sorted(named)}


async def _next(conn: Connection, body: Body, after: int) -> list[int]:
    if not body.kinds:
        return []
    rows = await W.next_of_kinds.all(conn, kinds=list(body.kinds), after=after, most=PART)
    return [row["identifier_id"] for row in rows]


async def _neighbours(conn: Connection, number: int, after: int) -> list[int]:
    rows = await W.neighbours.all(conn, identifier_id=number, after=after, most=PART)
    return [row["identifier_id"] for row in rows]
