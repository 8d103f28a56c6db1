"""A line instead of a race: members first, lots before the opening, turns, limits."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from tests.stock.conftest import NOW

from setten.facts.stock import GoodsLine
from setten.platform import db, errors
from setten.platform.errors import SettenError
from setten.stock import allocations, availability, holds, releases
from setten.stock.holds import NotEnoughStock
from setten.stock.locations import Directory
from setten.stock.releases import (
    CustomerNeeded,
    Goods,
    NotInRelease,
    NotYourTurn,
    Release,
    ReleaseOver,
    TooManyForOne,
    UnknownRelease,
    UnknownTicket,
)

MINUTE = timedelta(minutes=1)
OPENS = NOW + 30 * MINUTE


def sneakers(**changes: object) -> Release:
    values = {
        "release_id": "mug2026", "name_ja": "限定マグ", "name_en": "Limited mug",
        "location_id": "ginza", "members_from": None, "opens_at": OPENS,
        "ends_at": OPENS + 60 * MINUTE, "per_person": 1, "per_minute": 60, "turn_minutes": 10,
        "needs_customer": False, "goods": (Goods("mug", 5),),
    }  # fmt: skip
    return Release(**{**values, **changes})


async def open_line(shop, **changes: object) -> Release:
    await shop.receive("mug", 5)
    release = sneakers(**changes)
    async with db.transaction(shop.pool) as conn:
        assert await releases.put(conn, [release], now=NOW) == []
    return release


async def join(shop, *, number: int | None = None, is_member: bool = False, now=NOW) -> UUID:
    async with db.transaction(shop.pool) as conn:
        ticket = await releases.join(
            conn, "mug2026", ticket_id=uuid4(), lot=uuid4(),
            identifier_ids=() if number is None else (number,), is_member=is_member, now=now,
        )  # fmt: skip
    return ticket.ticket_id


async def look(shop, ticket_id: UUID, now) -> releases.Standing:
    async with db.transaction(shop.pool) as conn:
        return (await releases.look(conn, ticket_id, now=now))[2]


async def take(shop, ticket_id: UUID, now, *, qty: int = 1, sku: str = "mug"):
    async with db.transaction(shop.pool) as conn:
        return await releases.take(conn, ticket_id, {sku: qty}, by="test", ttl_s=900, now=now)


async def turns(shop) -> list[tuple[UUID, object]]:
    async with shop.pool.acquire() as conn:
        rows = await conn.fetch(
            "select ticket_id, turn_at from stock.release_tickets order by turn_at"
        )
    return [(row["ticket_id"], row["turn_at"]) for row in rows]


async def free(shop, now=NOW) -> int:
    async with shop.pool.acquire() as conn:
        rows = await availability.at(conn, Directory(), ["mug"], location_ids=["ginza"], now=now)
    return sum(row.available for row in rows)


async def test_units_of_a_release_are_not_for_who_passes_the_line(shop):
    await open_line(shop)
    assert await free(shop) == 0
    with pytest.raises(NotEnoughStock):
        await shop.hold(("mug", "ginza", 1))


async def test_nobody_has_a_turn_before_the_opening(shop):
    await open_line(shop)
    ticket = await join(shop)
    standing = await look(shop, ticket, NOW)
    assert (standing.phase, standing.until) == ("before", OPENS)
    with pytest.raises(NotYourTurn):
        await take(shop, ticket, OPENS - timedelta(microseconds=1))
    assert (await look(shop, ticket, OPENS)).phase == "turn"
    assert (await take(shop, ticket, OPENS)).lines[0].sku == "mug"


async def test_who_came_before_the_opening_stands_by_lot_one_step_apart(shop):
    await open_line(shop)
    tickets = [await join(shop, now=NOW + n * MINUTE / 10) for n in range(20)]
    await look(shop, tickets[7], OPENS)
    found = await turns(shop)
    assert [at - OPENS for _, at in found] == [n * timedelta(seconds=1) for n in range(20)]
    assert [one for one, _ in found] != tickets  # 1 in 20! that a fair lot gives this


async def test_nothing_but_the_lot_decides(shop):
    await open_line(shop)
    tickets = [await join(shop, number=n) for n in range(1, 12)]
    await look(shop, tickets[3], OPENS)
    async with shop.pool.acquire() as conn:
        rows = await conn.fetch("select lot, joined_at from stock.release_tickets order by turn_at")
    assert [row["lot"] for row in rows] == sorted(row["lot"] for row in rows)


async def test_who_comes_after_the_opening_stands_behind(shop):
    await open_line(shop)
    early = [await join(shop) for _ in range(5)]
    late = await join(shop, now=OPENS + timedelta(seconds=1))
    later = await join(shop, now=OPENS + timedelta(seconds=2))
    assert [one for one, _ in await turns(shop)][5:] == [late, later]
    assert (await look(shop, later, OPENS + timedelta(seconds=2))).ahead == 4
    assert {(await look(shop, one, OPENS + timedelta(seconds=5))).phase for one in early} == {
        "turn"
    }


async def test_when_nobody_waits_whoever_comes_has_the_turn_at_once(shop):
    await open_line(shop)
    now = OPENS + 20 * MINUTE
    assert (await look(shop, await join(shop, now=now), now)).phase == "turn"


async def test_members_stand_before_everybody_however_late_they_join(shop):
    await open_line(shop, members_from=OPENS - 10 * MINUTE)
    strangers = [await join(shop) for _ in range(6)]
    members = [await join(shop, number=n, is_member=True) for n in range(1, 4)]
    now = OPENS - 10 * MINUTE
    assert (await look(shop, strangers[0], now)).phase == "before"
    await look(shop, members[0], now)
    latecomer = await join(shop, number=9, is_member=True, now=OPENS - MINUTE)
    await look(shop, strangers[0], OPENS)
    order = [one for one, _ in await turns(shop)]
    assert set(order[:3]) == set(members)
    assert order[3] == latecomer
    assert set(order[4:]) == set(strangers)


async def test_a_member_that_nobody_looked_at_is_drawn_with_everybody_and_never_lost(shop):
    await open_line(shop, members_from=OPENS - 10 * MINUTE)
    member = await join(shop, number=1, is_member=True)
    stranger = await join(shop)
    assert (await look(shop, stranger, OPENS + MINUTE)).phase == "turn"
    assert (await look(shop, member, OPENS + MINUTE)).phase in ("turn", "passed")
    assert all(at is not None for _, at in await turns(shop))


async def test_a_turn_passes(shop):
    await open_line(shop)
    ticket = await join(shop)
    await look(shop, ticket, OPENS)
    after = OPENS + 10 * MINUTE
    assert (await look(shop, ticket, after)).phase == "passed"
    with pytest.raises(NotYourTurn):
        await take(shop, ticket, after)


async def test_one_person_has_one_ticket_under_whichever_identifier(shop):
    await open_line(shop)
    one = await join(shop, number=1)
    assert await join(shop, number=1) == one
    async with db.transaction(shop.pool) as conn:
        again = await releases.join(conn, "mug2026", ticket_id=uuid4(), lot=uuid4(),
                                    identifier_ids=(2, 1), now=NOW)  # fmt: skip
    assert again.ticket_id == one


async def test_one_person_who_joins_at_once_from_many_windows_has_one_ticket(shop):
    await open_line(shop)
    assert len(set(await asyncio.gather(*(join(shop, number=7) for _ in range(8))))) == 1


async def test_nobody_takes_more_than_one_person_may_also_at_once(shop):
    await open_line(shop, per_person=2)
    ticket = await join(shop)
    with pytest.raises(TooManyForOne):
        await take(shop, ticket, OPENS, qty=3)
    answers = await asyncio.gather(
        *(take(shop, ticket, OPENS) for _ in range(6)), return_exceptions=True
    )
    assert sum(isinstance(one, TooManyForOne) for one in answers) == 4
    assert sum(not isinstance(one, Exception) for one in answers) == 2


async def test_however_many_take_at_once_no_more_is_promised_than_was_set_aside(shop):
    await open_line(shop, per_minute=6_000)
    tickets = await asyncio.gather(*(join(shop) for _ in range(12)))
    now = OPENS + MINUTE
    answers = await asyncio.gather(*(take(shop, one, now) for one in tickets),
                                   return_exceptions=True)  # fmt: skip
    kinds = Counter(type(one).__name__ for one in answers)
    assert kinds == {"Placed": 5, "NotEnoughStock": 7}


async def test_what_runs_out_unpaid_goes_to_the_next_in_the_line(shop):
    await open_line(shop, goods=(Goods("mug", 1),))
    async with db.transaction(shop.pool) as conn:
        everybody = await holds.place(
            conn, holds.Ask(lines=(shop_line("mug", 4),), by="test"), now=NOW
        )
    assert everybody.lines[0].qty == 4
    first, second = await join(shop, now=OPENS), await join(shop, now=OPENS)
    hold = await take(shop, first, OPENS + timedelta(seconds=5))
    with pytest.raises(NotEnoughStock):
        await take(shop, second, OPENS + timedelta(seconds=5))
    async with db.transaction(shop.pool) as conn:
        await holds.release(conn, hold.hold_id, by="test", now=OPENS + MINUTE)
    assert (await take(shop, second, OPENS + MINUTE)).lines[0].qty == 1


def shop_line(sku: str, qty: int):
    return GoodsLine(sku, "ginza", qty)


async def test_what_is_left_at_the_end_is_everybodys(shop):
    release = await open_line(shop)
    async with db.transaction(shop.pool) as conn:
        await allocations.end(conn, now=release.ends_at)
    assert await free(shop, release.ends_at) == 5
    with pytest.raises(ReleaseOver):
        await join(shop, now=release.ends_at)


async def test_foreign_goods_strangers_and_wrong_tickets_are_refused(shop):
    await open_line(shop, needs_customer=True)
    with pytest.raises(CustomerNeeded):
        await join(shop)
    ticket = await join(shop, number=3)
    with pytest.raises(NotInRelease):
        await take(shop, ticket, OPENS, sku="sofa")
    with pytest.raises(UnknownTicket):
        await take(shop, uuid4(), OPENS)
    with pytest.raises(UnknownRelease):
        async with db.transaction(shop.pool) as conn:
            await releases.get(conn, "nothing")


async def test_a_line_that_moves_keeps_its_times_and_bad_ones_are_refused_by_index(shop):
    await open_line(shop)
    await look(shop, await join(shop), OPENS)
    bad = [
        sneakers(), sneakers(release_id="Bad Id"), sneakers(release_id="a", ends_at=OPENS),
        sneakers(release_id="b", per_person=0), sneakers(release_id="c", goods=()),
        sneakers(release_id="d", goods=(Goods("none", 1),)),
        sneakers(release_id="e", location_id="none"),
        sneakers(release_id="f", members_from=OPENS), sneakers(release_id="g", name_en=""),
    ]  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        refused = await releases.put(conn, bad, now=NOW)
    assert [(one.index, one.reason) for one in refused] == [
        (0, "already_open"), (1, "bad_release_id"), (2, "bad_times"), (3, "bad_limits"),
        (4, "bad_goods"), (5, "unknown_item"), (6, "unknown_location"), (7, "bad_times"),
        (8, "bad_name"),
    ]  # fmt: skip


async def test_a_release_put_again_before_it_opens_sets_aside_what_it_says_now(shop):
    await open_line(shop)
    async with db.transaction(shop.pool) as conn:
        assert await releases.put(conn, [sneakers(goods=(Goods("mug", 2),))], now=NOW) == []
    assert await free(shop) == 3


async def test_a_crowd_joins_looks_and_takes_at_once_and_every_turn_is_one_step_apart(shop):
    release = await open_line(shop, per_minute=600)
    waiting = list(await asyncio.gather(*(join(shop) for _ in range(15))))

    async def arrive(n: int) -> UUID:
        ticket = await join(shop, now=OPENS + timedelta(milliseconds=n))
        await look(shop, waiting[n], OPENS + timedelta(milliseconds=n))
        return ticket

    await asyncio.gather(*(arrive(n) for n in range(15)))
    moments = [at for _, at in await turns(shop)]
    assert len(moments) == 30
    assert len(set(moments)) == 30
    gaps = [b - a for a, b in pairwise(moments)]
    assert min(gaps) >= release.step


def test_every_refusal_has_words():
    for refusal in (CustomerNeeded, NotInRelease, NotYourTurn, ReleaseOver, TooManyForOne,
                    UnknownRelease, UnknownTicket):  # fmt: skip
        assert issubclass(refusal, SettenError)
        for locale in ("ja", "en"):
            assert all(errors.say(refusal.code, locale, {"per_person": 1, "left": 1, "skus": []}))


async def test_whoever_waits_is_drawn_when_it_is_opened_before_its_time(shop):
    await open_line(shop)
    tickets = [await join(shop) for _ in range(4)]
    async with db.transaction(shop.pool) as conn:
        opened = await releases.open_now(conn, "mug2026", now=NOW + MINUTE)
        assert opened.opens_at == NOW + MINUTE
        await releases.draw(conn, opened, now=NOW + 2 * MINUTE)
        queue = await releases.line(conn, opened, now=NOW + 2 * MINUTE)
        assert (queue.waiting, queue.ahead + queue.having_turn) == (0, 4)
        with pytest.raises(releases.AlreadyOpen):
            await releases.open_now(conn, "mug2026", now=NOW + 2 * MINUTE)
        _, _, standing = await releases.look(conn, tickets[0], now=NOW + 10 * MINUTE)
    assert standing.phase == "turn"


async def test_what_nobody_took_is_everybodys_once_it_is_ended(shop):
    await open_line(shop)
    ticket = await join(shop)
    now = OPENS + MINUTE
    async with db.transaction(shop.pool) as conn:
        await releases.take(conn, ticket, {"mug": 1}, by="test", ttl_s=900, now=now)
        ended = await releases.end(conn, "mug2026", now=now)
        assert ended.ends_at == now
        queue = await releases.line(conn, ended, now=now)
        assert (queue.took, queue.left) == (1, {"mug": 0})
        assert await allocations.left(conn, [("mug", "ginza")]) == {}
        late = await releases.join(conn, "mug2026", ticket_id=uuid4(), lot=uuid4(),
                                   now=OPENS - MINUTE)  # fmt: skip
        with pytest.raises(NotYourTurn):
            await releases.take(conn, late.ticket_id, {"mug": 1}, by="t", ttl_s=900, now=now)
        with pytest.raises(ReleaseOver):
            await releases.end(conn, "mug2026", now=now)
        with pytest.raises(ReleaseOver):
            await releases.join(conn, "mug2026", ticket_id=uuid4(), lot=uuid4(), now=now)


async def test_releases_are_listed_newest_first_by_state_and_page_by_page(shop):
    await shop.receive("mug", 5)
    made = [sneakers(release_id=f"r{n}", opens_at=OPENS + n * MINUTE, goods=(Goods("mug", 1),))
            for n in range(5)]  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        assert await releases.put(conn, made, now=NOW) == []
        first = await releases.page(conn, limit=3, now=NOW)
        assert [one.release_id for one in first] == ["r4", "r3", "r2"]
        last = (first[-1].opens_at, first[-1].release_id)
        rest = await releases.page(conn, before=last, now=NOW)
        assert [one.release_id for one in rest] == ["r1", "r0"]
        coming = await releases.page(conn, phase="coming", now=OPENS + 2 * MINUTE)
        assert {one.release_id for one in coming} == {"r3", "r4"}
        await releases.end(conn, "r0", now=NOW)
        over = await releases.page(conn, phase="over", said="R0", now=NOW)
        assert [one.release_id for one in over] == ["r0"]
