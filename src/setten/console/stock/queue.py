"""The pickup queue of a place as a page shows it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from setten.console.customers.people import Person
from setten.console.customers.view import come_by
from setten.console.page import Page
from setten.console.places import Named
from setten.console.stock import naming
from setten.console.stock.goods import Good, goods
from setten.platform.db import Connection
from setten.platform.vault import Vault
from setten.stock import holds, ledger, tasks
from setten.stock.explaining import Held
from setten.stock.holds import Hold, HoldLine
from setten.stock.locations import Location
from setten.stock.tasks import Task

STAGES = ("collect", "ready", "done")
STATES = {"collect": "held", "ready": "ready", "done": "collected"}

PREPARE_WITHIN = timedelta(minutes=30)
"""We promise to have a hold picked this long after it was placed, while its place is open."""

TICKETS_MAX = 60
"""Tickets of one page: what one shop floor can work through in an hour."""

TASKS_MAX = 20


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What of a queue is looked at: the page of tickets after one, and of chores after one.

    first: a ticket to be shown whatever page it is on, as somebody has its code in hand.
    """

    at: str
    stage: str = "collect"
    after: UUID | None = None
    chores_after: UUID | None = None
    first: UUID | None = None

    def href(self, *, after: UUID | None = None, chores_after: UUID | None = None) -> str:
        """The address of another part of the same queue."""
        parts = {"at": self.at, "stage": self.stage, "after": after, "chores": chores_after}
        return "/stock/pickup?" + urlencode({k: str(v) for k, v in parts.items() if v})


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
    is_for_other: bool
    """The customer named somebody else who collects: the counter page opens that name."""

    @property
    def units(self) -> int:
        """Pieces that are promised, or were handed over: not what fell short or was given up."""
        return sum(line.qty for line in self.lines if line.state in ("held", "picked", "collected"))

    @property
    def to_hand(self) -> list[Line]:
        """Lines that may be handed over."""
        return [line for line in self.lines if line.state in ("held", "picked")]

    @property
    def to_pick(self) -> int:
        """Pieces that are not picked yet."""
        return sum(line.qty for line in self.lines if line.is_open)


# Pages of papers that tasks are about, by their kind.
_PAPERS = {"count_waiting": "/stock/counts", "transfer_missing": "/stock/transfers"}


class Chore(msgspec.Struct, frozen=True, kw_only=True):
    """Something a hand is needed for."""

    task_id: UUID
    kind: str
    good: Good | None
    opened_at: datetime
    alternative: str
    person: Person | None
    hold_id: UUID | None
    href: str
    """Where it is done; "" where nothing opens."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """A stage of a place's queue, with what the page counts."""

    window: Window
    tickets: list[Ticket]
    more: str
    """Where the tickets go on; "" at their end."""
    chores: list[Chore]
    chores_more: str
    counts: dict[str, int]
    due_today: int
    is_pressing: bool
    """A ticket on this page is due or about to be: its count turns vermilion."""
    version: str

    @property
    def at(self) -> str:
        """The place."""
        return self.window.at

    @property
    def stage(self) -> str:
        """What has become of its tickets."""
        return self.window.stage


class _Rows(msgspec.Struct, frozen=True):
    """What a window shows, before names are opened."""

    found: list[Hold]
    is_more: bool
    tasks: list[Task]
    is_more_tasks: bool
    counts: dict[str, int]
    for_others: set[UUID]


async def read(conn: Connection, vault: Vault, page: Page, names: Named, window: Window) -> Queue:
    """What a window shows, names opened. The caller audits them."""
    rows = await _rows(conn, page, window)
    found, open_tasks, counts, stage = rows.found, rows.tasks, rows.counts, window.stage
    task_holds = await _holds_of(conn, open_tasks, page)
    about = [(hold.identifier_id, [window.at]) for hold in (*found, *task_holds.values())]
    who = await naming.shown(conn, vault, page, about)
    skus = {line.sku for hold in found for line in hold.lines} | {
        task.sku for task in open_tasks if task.sku
    }
    shown = await goods(conn, skus, page)
    shelves, place = await _shelves(conn, skus), names.find(window.at)
    tickets = [
        ticket(hold, who, shown, shelves, place, page.now, for_others=rows.for_others)
        for hold in found
    ]
    return Queue(
        window=window,
        tickets=_in_order(tickets, stage),
        more=window.href(after=found[-1].hold_id, chores_after=window.chores_after)
        if rows.is_more
        else "",
        chores=[chore(task, task_holds, who, shown, names) for task in open_tasks],
        chores_more=window.href(after=window.after, chores_after=open_tasks[-1].task_id)
        if rows.is_more_tasks
        else "",
        counts=counts,
        due_today=_due_today(found, page) if stage == "ready" else 0,
        is_pressing=stage == "collect" and _is_pressing(tickets, page),
        version=_version(rows),
    )


def _is_pressing(tickets: Sequence[Ticket], page: Page) -> bool:
    f = page.shown()
    return any(f.urgency(one.due) == "is-soon" for one in tickets)


async def version(conn: Connection, page: Page, window: Window) -> str:
    """A stamp that differs whenever the queue would look different: small enough to ask often."""
    return _version(await _rows(conn, page, window))


async def _rows(conn: Connection, page: Page, window: Window) -> _Rows:
    found = await _found(conn, page, window)
    waiting = await tasks.list_open(conn, window.at, after=window.chores_after, limit=TASKS_MAX + 1)
    shown = await _first(conn, page, window, found[:TICKETS_MAX])
    return _Rows(
        found=shown,
        is_more=len(found) > TICKETS_MAX,
        tasks=waiting[:TASKS_MAX],
        is_more_tasks=len(waiting) > TASKS_MAX,
        counts=await holds.count_open(conn, window.at, now=page.now),
        for_others=await holds.with_collector(conn, [hold.hold_id for hold in shown]),
    )


async def _found(conn: Connection, page: Page, window: Window) -> list[Hold]:
    """One more than a page, in the order of pages: first come first, handed over last first."""
    most = TICKETS_MAX + 1
    if window.stage == "done":
        return await holds.collected(conn, window.at, now=page.now, before=window.after, limit=most)
    return await holds.queue(
        conn, window.at, now=page.now, state=STATES[window.stage], after=window.after, limit=most
    )


async def _first(conn: Connection, page: Page, window: Window, found: list[Hold]) -> list[Hold]:
    """The page, and the wanted ticket before it where it is on another one."""
    if window.first is None or any(hold.hold_id == window.first for hold in found):
        return found
    return await holds.find_many(conn, [window.first], now=page.now) + found


def _version(rows: _Rows) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for hold in rows.found:
        states = ",".join(line.state for line in hold.lines)
        other = hold.hold_id in rows.for_others
        digest.update(f"{hold.hold_id}{hold.state}{hold.expires_at}{states}{other};".encode())
    digest.update(repr(sorted(rows.counts.items())).encode())
    digest.update("".join(str(task.task_id) for task in rows.tasks).encode())
    digest.update(f"{rows.is_more}{rows.is_more_tasks}".encode())
    return digest.hexdigest()


async def _holds_of(conn: Connection, open_tasks: Sequence[Task], page: Page) -> dict[UUID, Hold]:
    found = {}
    for hold_id in dict.fromkeys(task.hold_id for task in open_tasks if task.hold_id):
        found[hold_id] = await holds.get(conn, hold_id, now=page.now)
    return found


async def _shelves(conn: Connection, skus: set[str]) -> dict[tuple[str, str], str]:
    rows = await ledger.balances_of(conn, sorted(skus)) if skus else []
    return {row.key: row.shelf for row in rows if row.shelf}


def _in_order(tickets: Sequence[Ticket], stage: str) -> list[Ticket]:
    if stage == "done":
        return sorted(tickets, key=lambda one: one.ended_at or one.placed_at, reverse=True)
    return sorted(tickets, key=lambda one: (one.due, one.hold_id))


def ticket(
    hold: Hold,
    who: Mapping[int, Person],
    shown: Mapping[str, Good],
    shelves: Mapping[tuple[str, str], str],
    place: Location | None,
    now: datetime,
    *,
    for_others: Collection[UUID] = (),
) -> Ticket:
    """One hold as the floor sees it: due by its promise to be picked, then by its own term.

    for_others: holds whose customers named somebody else to collect.
    """
    return Ticket(
        hold_id=hold.hold_id,
        code=hold.code,
        state=hold.state,
        due=pick_by(hold, place) if hold.state == "held" else last_chance(hold, place, now),
        placed_at=hold.placed_at,
        ended_at=hold.ended_at,
        expires_at=hold.expires_at,
        channel=hold.channel,
        person=who.get(hold.identifier_id) if hold.identifier_id is not None else None,
        is_for_other=hold.hold_id in for_others,
        lines=tuple(
            sorted(
                (_line(line, shown, shelves) for line in hold.lines),
                key=lambda line: (not line.shelf, natural(line.shelf)),
            )
        ),
    )


def pick_by(hold: Hold, place: Location | None) -> datetime:
    """When a hold is to be picked: within opening hours, never later than it lapses."""
    since = hold.placed_at
    due = place.after_open(since, PREPARE_WITHIN) if place else since + PREPARE_WITHIN
    return min(due, hold.expires_at)


def last_chance(hold: Hold | Held, place: Location | None, now: datetime) -> datetime:
    """When its customer must have come: where the shop is closed at its end, the closing before it.
    After that closing, the end itself: until then it is hers."""
    closing = come_by(hold, place)
    return closing if closing > now else hold.expires_at


def natural(shelf: str) -> list[tuple[int, str]]:
    """Shelves in the order of one's feet: A-2 before A-10."""
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", shelf)
    ]


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


def chore(
    task: Task,
    task_holds: Mapping[UUID, Hold],
    who: Mapping[int, Person],
    shown: Mapping[str, Good],
    names: Named,
) -> Chore:
    """A task as a page shows it."""
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
        href=_paper(task),
    )


def _paper(task: Task) -> str:
    """The page of what a task is about."""
    if task.about is not None and task.kind in _PAPERS:
        return f"{_PAPERS[task.kind]}/{task.about}"
    return f"/stock/holds/{task.hold_id}" if task.hold_id else ""


def _due_today(found: Sequence[Hold], page: Page) -> int:
    shown = page.shown()
    return sum(shown.local(hold.expires_at).date() == shown.now.date() for hold in found)
