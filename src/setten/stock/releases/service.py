"""Standing in line, getting one's turn, taking goods in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, ReleaseJoined
from setten.platform import db, log
from setten.platform.db import Connection
from setten.stock import allocations, catalog, holds, ledger, locations, sets
from setten.stock.allocations import Allocation
from setten.stock.holds import Ask, NotEnoughStock, Placed, Short
from setten.stock.refusals import Refused
from setten.stock.releases import rules
from setten.stock.releases.model import (
    COUNTED_MAX,
    PAGE_MAX,
    AlreadyOpen,
    CustomerNeeded,
    Goods,
    NotInRelease,
    NotYourTurn,
    Queue,
    Release,
    ReleaseOver,
    Standing,
    Ticket,
    TooManyForOne,
    UnknownRelease,
    UnknownTicket,
)

_Q = db.load(str(Path(__file__).with_name("store.py")))


async def put(conn: Connection, releases: Sequence[Release], *, now: datetime) -> list[Refused]:
    """Make or change releases and set their units aside; answer those refused.

    One whose line moves already is refused as `already_open`. Units are set aside as far as there
    are any: what is delivered later for this channel is the release's too.
    """
    skus = await catalog.known(
        conn, [g.sku for r in releases for g in r.goods if "\0" not in g.sku]
    )
    places = await locations.known(
        conn, [one.location_id for one in releases if "\0" not in one.location_id]
    )
    bundles = await sets.parts_of(conn, list(skus))
    refused = []
    for index, one in enumerate(releases):
        why = rules.check(one)
        why = why or (None if one.location_id in places else "unknown_location")
        why = why or (None if {g.sku for g in one.goods} <= skus else "unknown_item")
        why = why or ("is_a_set" if any(g.sku in bundles for g in one.goods) else None)
        why = why or (None if await _keep(conn, one, now) else "already_open")
        if why is not None:
            refused.append(Refused(index=index, key=one.release_id[:40], reason=why))
    return refused


async def _keep(conn: Connection, one: Release, now: datetime) -> bool:
    before = await _maybe(conn, one.release_id)
    kept = await _Q.put.value(
        conn,
        release_id=one.release_id,
        name_ja=one.name_ja,
        name_en=one.name_en,
        location_id=one.location_id,
        members_from=one.members_from,
        opens_at=one.opens_at,
        ends_at=one.ends_at,
        per_person=one.per_person,
        per_minute=one.per_minute,
        turn_minutes=one.turn_minutes,
        needs_customer=one.needs_customer,
        now=now,
    )
    if kept is None:
        return False
    await _Q.drop_goods.run(conn, release_id=one.release_id)
    await _Q.put_goods.run(
        conn,
        release_id=one.release_id,
        skus=[g.sku for g in one.goods],
        qtys=[g.qty for g in one.goods],
    )
    if before is not None:
        await _set_aside(conn, before, dict.fromkeys([g.sku for g in before.goods], 0), now)
    await _set_aside(conn, one, {g.sku: g.qty for g in one.goods}, now)
    return True


async def _set_aside(
    conn: Connection, release: Release, units: Mapping[str, int], now: datetime
) -> None:
    """Units for this line alone; what is left at its end is everybody's."""
    refused = await allocations.put(
        conn,
        [
            Allocation(sku=sku, location_id=release.location_id, channel=release.channel, qty=qty,
                       until=release.ends_at)
            for sku, qty in units.items()
        ],
        now=now,
    )  # fmt: skip
    assert not refused, refused  # goods and place were looked at before


async def get(conn: Connection, release_id: str) -> Release:
    """One release. Raises UnknownRelease."""
    found = await _maybe(conn, release_id)
    if found is None:
        raise UnknownRelease()
    return found


async def _maybe(conn: Connection, release_id: str) -> Release | None:
    row = await _Q.get.maybe(conn, release_id=release_id)
    return None if row is None else _release(row)


def _release(row: db.Record) -> Release:
    values = dict(row)
    goods = zip(values.pop("skus") or (), values.pop("qtys") or (), strict=True)
    return Release(**values, goods=tuple(Goods(sku, qty) for sku, qty in goods))


async def page(
    conn: Connection,
    *,
    said: str = "",
    phase: str = "",
    before: tuple[datetime, str] | None = None,
    limit: int = PAGE_MAX,
    oldest_first: bool = False,
    now: datetime,
) -> list[Release]:
    """Releases by their opening, the newest first; pages by the last (opens_at, release_id).

    said: part of an id or a name. phase: coming, open or over; "" for all.
    """
    opens, last = before or db.end(datetime, str, largest=not oldest_first)
    rows = await _Q.page.turned(oldest_first).all(
        conn, said=said, phase=phase, before_opens=opens, before_id=last, now=now,
        most=min(limit, PAGE_MAX + 1),
    )  # fmt: skip
    return [_release(row) for row in rows]


async def line(conn: Connection, release: Release, *, now: datetime) -> Queue:
    """How its line goes now, and what is left."""
    since = now - timedelta(minutes=release.turn_minutes)
    row = await _Q.line.one(
        conn, release_id=release.release_id, now=now, since=since, most=COUNTED_MAX
    )
    keys = [(one.sku, release.location_id) for one in release.goods]
    aside = await allocations.left(conn, keys)
    left = {sku: _units(aside.get((sku, place, release.channel))) for sku, place in keys}
    return Queue(**dict(row), left=left)


async def draw(conn: Connection, release: Release, *, now: datetime) -> None:
    """Give their turns to all who came before an opening that has passed, if nobody did yet."""
    if now < release.ends_at:
        await _draw(conn, release, now)


async def open_now(conn: Connection, release_id: str, *, now: datetime) -> Release:
    """Let everybody in from now on. Raises UnknownRelease, AlreadyOpen."""
    await get(conn, release_id)
    if await _Q.open.maybe(conn, release_id=release_id, now=now) is None:
        raise AlreadyOpen()
    return await get(conn, release_id)


async def end(conn: Connection, release_id: str, *, now: datetime) -> Release:
    """End it now: what nobody took is everybody's; what was taken stays held.

    Raises UnknownRelease, ReleaseOver.
    """
    before = await get(conn, release_id)
    if await _Q.end.maybe(conn, release_id=release_id, now=now) is None:
        raise ReleaseOver()
    await _set_aside(conn, before, dict.fromkeys([one.sku for one in before.goods], 0), now)
    return await get(conn, release_id)


async def join(
    conn: Connection,
    release_id: str,
    *,
    ticket_id: UUID,
    lot: UUID,
    identifier_ids: Sequence[int] = (),
    is_member: bool = False,
    channel: str = "api",
    now: datetime,
) -> Ticket:
    """A ticket; somebody we know gets the one that they have already, under whichever identifier.

    ticket_id, lot: random, of the caller's making. identifier_ids: all of the person, the first is
    written down. Raises UnknownRelease, ReleaseOver, CustomerNeeded.
    """
    release = await get(conn, release_id)
    if now >= release.ends_at:
        raise ReleaseOver()
    if release.needs_customer and not identifier_ids:
        raise CustomerNeeded()
    row = await _Q.of_person.maybe(
        conn, release_id=release_id, identifier_ids=list(identifier_ids)
    ) or await _Q.join.maybe(
        conn,
        ticket_id=ticket_id,
        release_id=release_id,
        identifier_id=identifier_ids[0] if identifier_ids else None,
        is_member=is_member,
        now=now,
        lot=lot,
    )
    if row is None:  # the same person at the same moment
        row = await _Q.of_person.one(
            conn, release_id=release_id, identifier_ids=list(identifier_ids)
        )
    ticket = _ticket(row)
    if ticket.ticket_id == ticket_id and ticket.identifier_id is not None:
        fact = ReleaseJoined(release_id=release_id, is_member=is_member)
        await log.state(
            conn, fact, at=now, identifiers=(ticket.identifier_id,), channel=channel,
            location_id=release.location_id,
        )  # fmt: skip
    return await _with_turn(conn, release, ticket, now)


def _ticket(row: db.Record) -> Ticket:
    return Ticket(**{**dict(row), "hold_ids": tuple(row["hold_ids"])})


async def look(
    conn: Connection, ticket_id: UUID, *, now: datetime
) -> tuple[Release, Ticket, Standing]:
    """Where a ticket stands; its turn is assigned when its opening has passed.

    Raises UnknownTicket.
    """
    row = await _Q.ticket.maybe(conn, ticket_id=ticket_id)
    if row is None:
        raise UnknownTicket()
    ticket = _ticket(row)
    release = await get(conn, ticket.release_id)
    ticket = await _with_turn(conn, release, ticket, now)
    return release, ticket, rules.standing(release, ticket, now)


async def _with_turn(conn: Connection, release: Release, ticket: Ticket, now: datetime) -> Ticket:
    """The ticket with its turn, drawing for all who waited for the same opening when nobody has."""
    is_over = now >= release.ends_at
    if ticket.turn_at is not None or is_over or now < release.opening(is_member=ticket.is_member):
        return ticket
    await _draw(conn, release, now)
    ticket = _ticket(await _Q.ticket.one(conn, ticket_id=ticket.ticket_id))
    if ticket.turn_at is None:
        turn_at = await _next_turn(conn, release, now)
        await _Q.give_turn.run(conn, ticket_id=ticket.ticket_id, turn_at=turn_at)
        ticket = _ticket(await _Q.ticket.one(conn, ticket_id=ticket.ticket_id))
    return ticket


async def _draw(conn: Connection, release: Release, now: datetime) -> None:
    """Give turns to all who came before an opening that has passed: members first."""
    state = await _Q.lock.one(conn, release_id=release.release_id)
    start = state["next_turn_at"]
    members_from = release.members_from
    if members_from is not None and members_from <= now and not state["members_drawn"]:
        start = await _give(conn, release, [True], members_from, start)
        await _mark(conn, release, start, members_drawn=True)
    if release.opens_at <= now and not state["is_drawn"]:
        start = await _give(conn, release, [True, False], release.opens_at, start)
        await _mark(conn, release, start, is_drawn=True)


async def _give(
    conn: Connection,
    release: Release,
    members: list[bool],
    opening: datetime,
    next_turn_at: datetime | None,
) -> datetime:
    """Draw among those waiting; the moment that the next in line gets."""
    start = max(opening, next_turn_at or opening)
    count = await _Q.draw.value(
        conn, release_id=release.release_id, members=members, opening=opening, start=start,
        step=release.step,
    )  # fmt: skip
    after: datetime = start + int(count) * release.step
    return after


async def _mark(
    conn: Connection,
    release: Release,
    next_turn_at: datetime,
    *,
    members_drawn: bool = False,
    is_drawn: bool = False,
) -> None:
    await _Q.drawn.run(
        conn, release_id=release.release_id, members_drawn=members_drawn, is_drawn=is_drawn,
        next_turn_at=next_turn_at,
    )  # fmt: skip


async def _next_turn(conn: Connection, release: Release, now: datetime) -> datetime:
    """The end of the line, for one who came after the draw. The release is locked by `_draw`."""
    state = await _Q.lock.one(conn, release_id=release.release_id)
    turn_at: datetime = max(now, state["next_turn_at"] or now)
    await _mark(conn, release, turn_at + release.step)
    return turn_at


async def take(
    conn: Connection,
    ticket_id: UUID,
    units: Mapping[str, int],
    *,
    by: str,
    ttl_s: int,
    channel_of_sale: str = "web",
    now: datetime,
) -> Placed:
    """Promise goods of the release to whoever has the turn.

    units: by sku, > 0. Raises UnknownTicket, NotYourTurn, TooManyForOne, NotInRelease,
    NotEnoughStock and what `holds.place` raises.
    """
    # Turns are given out before the ticket is locked: who gives them holds the release first.
    release, _, _ = await look(conn, ticket_id, now=now)
    ticket = _ticket(await _Q.lock_ticket.one(conn, ticket_id=ticket_id))
    standing = rules.standing(release, ticket, now)
    if standing.phase != "turn":
        raise NotYourTurn(phase=standing.phase, turn_at=standing.until)
    foreign = sorted(units.keys() - {one.sku for one in release.goods})
    if foreign:
        raise NotInRelease(skus=foreign)
    wanted = sum(units.values())
    if wanted > standing.left:
        raise TooManyForOne(per_person=release.per_person, left=standing.left)
    lines = tuple(GoodsLine(sku, release.location_id, qty) for sku, qty in units.items())
    await _look_aside(conn, release, lines)
    placed = await holds.place(
        conn,
        Ask(
            lines=lines,
            by=by,
            ttl_s=ttl_s,
            purpose="release",
            channel=release.channel,
            identifier_id=ticket.identifier_id,
        ),
        now=now,
    )
    await _Q.take.run(conn, ticket_id=ticket_id, qty=wanted, hold_id=placed.hold_id)
    return placed


async def _look_aside(conn: Connection, release: Release, lines: Sequence[GoodsLine]) -> None:
    """A release takes what was set aside for it, never what is everybody's. Raises NotEnoughStock.

    Locks the rows of stock, as placing does next.
    """
    keys = [(line.sku, line.location_id) for line in lines]
    await ledger.lock(conn, keys)
    left = await allocations.left(conn, keys)
    short = [
        Short(sku=line.sku, location_id=line.location_id, wanted=line.qty, available=there)
        for line in lines
        if (there := _units(left.get((line.sku, line.location_id, release.channel)))) < line.qty
    ]
    if short:
        raise NotEnoughStock(short=[msgspec.to_builtins(one) for one in short])


def _units(aside: Allocation | None) -> int:
    return 0 if aside is None else aside.qty
