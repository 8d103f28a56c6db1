"""The pickup queue of a place as a page shows it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Page
from setten.console.places import Named
from setten.console.stock.goods import Good, goods
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock import holds, ledger, tasks
from setten.stock.holds import Hold, HoldLine
from setten.stock.tasks import Task

STAGES = ("collect", "ready", "done")
STATES = {"collect": "held", "ready": "ready", "done": "collected"}

PREPARE_WITHIN = timedelta(minutes=30)
"""We promise to have a hold picked this long after it was placed."""

TICKETS_MAX = 60
"""Tickets of one page: what one shop floor can work through in an hour."""

TASKS_MAX = 20


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a ticket."""

    good: Good
    location_id: str
    qty: int
    shelf: str
    state: str

    @property
    def is_open(self) -> bool:
        """Still to be picked."""
        return self.state == "held"

    @property
    def is_picked(self) -> bool:
        """In the bag."""
        return self.state in ("picked", "collected")


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One hold, ready for the floor."""

    hold_id: UUID
    code: str
    state: str
    due: datetime
    placed_at: datetime
    ended_at: datetime | None
    expires_at: datetime
    channel: str
    person: Person | None
    lines: tuple[Line, ...]

    @property
    def units(self) -> int:
        """Pieces of the whole ticket."""
        return sum(line.qty for line in self.lines if line.state != "short")

    @property
    def to_hand(self) -> list[Line]:
        """Lines that may be handed over."""
        return [line for line in self.lines if line.state in ("held", "picked")]

    @property
    def to_pick(self) -> int:
        """Lines that are not picked yet."""
        return sum(line.is_open for line in self.lines)


class Chore(msgspec.Struct, frozen=True, kw_only=True):
    """Something a hand is needed for."""

    task_id: UUID
    kind: str
    good: Good | None
    opened_at: datetime
    alternative: str
    person: Person | None
    hold_id: UUID | None


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a place's queue, with what the page counts."""

    at: str
    stage: str
    tickets: list[Ticket]
    chores: list[Chore]
    counts: dict[str, int]
    due_today: int
    is_pressing: bool
    """A ticket on this page is due or about to be: its count turns vermilion."""
    version: str


async def read(
    conn: Connection, vault: Vault, page: Page, names: Named, at: str, stage: str
) -> Queue:
    """The queue of `at` at `stage`, names opened. The caller audits them."""
    found, open_tasks, counts = await _rows(conn, page, at, stage)
    numbers = {hold.identifier_id for hold in found if hold.identifier_id is not None}
    task_holds = await _holds_of(conn, open_tasks, page)
    numbers |= {h.identifier_id for h in task_holds.values() if h.identifier_id is not None}
    who = await people.behind(conn, vault, numbers, page.locale)
    skus = {line.sku for hold in found for line in hold.lines} | {
        task.sku for task in open_tasks if task.sku
    }
    shown = await goods(conn, skus, page)
    shelves = await _shelves(conn, skus)
    return Queue(
        at=at,
        stage=stage,
        tickets=_tickets(found, who, shown, shelves, stage),
        chores=[_chore(task, task_holds, who, shown, names) for task in open_tasks],
        counts=counts,
        due_today=_due_today(found, page) if stage == "ready" else 0,
        is_pressing=stage == "collect" and _is_pressing(found, page),
        version=_version(found, open_tasks, counts),
    )


def _is_pressing(found: Sequence[Hold], page: Page) -> bool:
    f = page.shown()
    return any(f.urgency(hold.placed_at + PREPARE_WITHIN) == "is-soon" for hold in found)


async def version(conn: Connection, page: Page, at: str, stage: str) -> str:
    """A stamp that differs whenever the queue would look different: small enough to ask often."""
    return _version(*await _rows(conn, page, at, stage))


async def _rows(
    conn: Connection, page: Page, at: str, stage: str
) -> tuple[list[Hold], list[Task], dict[str, int]]:
    found = await holds.queue(conn, at, now=page.now, state=STATES[stage], limit=TICKETS_MAX)
    open_tasks = await tasks.list_open(conn, at, limit=TASKS_MAX)
    return found, open_tasks, await holds.count_open(conn, at, now=page.now)


def _version(found: Sequence[Hold], open_tasks: Sequence[Task], counts: Mapping[str, int]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for hold in found:
        states = ",".join(line.state for line in hold.lines)
        digest.update(f"{hold.hold_id}{hold.state}{hold.expires_at}{states};".encode())
    digest.update(repr(sorted(counts.items())).encode())
    digest.update("".join(str(task.task_id) for task in open_tasks).encode())
    return digest.hexdigest()


async def _holds_of(conn: Connection, open_tasks: Sequence[Task], page: Page) -> dict[UUID, Hold]:
    found = {}
    for hold_id in dict.fromkeys(task.hold_id for task in open_tasks if task.hold_id):
        found[hold_id] = await holds.get(conn, hold_id, now=page.now)
    return found


async def _shelves(conn: Connection, skus: set[str]) -> dict[tuple[str, str], str]:
    rows = await ledger.balances_of(conn, sorted(skus)) if skus else []
    return {row.key: row.shelf for row in rows if row.shelf}


def _tickets(
    found: Sequence[Hold],
    who: Mapping[int, Person],
    shown: Mapping[str, Good],
    shelves: Mapping[tuple[str, str], str],
    stage: str,
) -> list[Ticket]:
    tickets = [ticket(hold, who, shown, shelves) for hold in found]
    if stage == "done":
        return sorted(tickets, key=lambda one: one.ended_at or one.placed_at, reverse=True)
    return sorted(tickets, key=lambda one: (one.due, one.hold_id))


def ticket(
    hold: Hold,
    who: Mapping[int, Person],
    shown: Mapping[str, Good],
    shelves: Mapping[tuple[str, str], str],
) -> Ticket:
    """One hold as the floor sees it: due by its promise to be picked, then by its own term."""
    picked_by = min(hold.placed_at + PREPARE_WITHIN, hold.expires_at)
    return Ticket(
        hold_id=hold.hold_id,
        code=hold.code,
        state=hold.state,
        due=picked_by if hold.state == "held" else hold.expires_at,
        placed_at=hold.placed_at,
        ended_at=hold.ended_at,
        expires_at=hold.expires_at,
        channel=hold.channel,
        person=who.get(hold.identifier_id) if hold.identifier_id is not None else None,
        lines=tuple(
            sorted(
                (_line(line, shown, shelves) for line in hold.lines),
                key=lambda line: (not line.shelf, natural(line.shelf)),
            )
        ),
    )


def natural(shelf: str) -> list[tuple[int, str]]:
    """Shelves in the order of one's feet: A-2 before A-10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", shelf)]


def _line(
    line: HoldLine, shown: Mapping[str, Good], shelves: Mapping[tuple[str, str], str]
) -> Line:
    return Line(
        good=shown[line.sku],
        location_id=line.location_id,
        qty=line.qty,
        shelf=shelves.get((line.sku, line.location_id), ""),
        state=line.state,
    )


def _chore(
    task: Task,
    task_holds: Mapping[UUID, Hold],
    who: Mapping[int, Person],
    shown: Mapping[str, Good],
    names: Named,
) -> Chore:
    hold = task_holds.get(task.hold_id) if task.hold_id else None
    number = hold.identifier_id if hold else None
    return Chore(
        task_id=task.task_id,
        kind=task.kind,
        good=shown.get(task.sku) if task.sku else None,
        opened_at=task.opened_at,
        alternative=names(task.alternative),
        person=who.get(number) if number is not None else None,
        hold_id=task.hold_id,
    )


def _due_today(found: Sequence[Hold], page: Page) -> int:
    shown = page.shown()
    return sum(shown.local(hold.expires_at).date() == shown.now.date() for hold in found)
