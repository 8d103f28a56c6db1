"""Rules as data: counted before they are applied, applied to the past, and taken back."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from tests.customers.identity.conftest import NOW, STAFF

from setten.customers import identity
from setten.customers.identity import RuleAsked
from setten.platform import db

ANN, BO, COOKIE = "user_id:ann", "user_id:bo", "anonymous_id:pc"
SHOP = "email:info@shop.example.jp"


@pytest.fixture
def rules(people):
    return Rules(people)


class Rules:
    """Somebody who may change the rules."""

    def __init__(self, people) -> None:
        self.people = people

    async def propose(self, **asked) -> identity.RuleChange:
        async with db.transaction(self.people.pool) as conn:
            return await identity.propose(
                conn, self.people.vault, STAFF, identity.Asked(**asked), reason="試し", now=NOW
            )

    async def count(self, **asked) -> identity.RuleChange:
        change = await self.propose(**asked)
        await self.work()
        return await self.get(change)

    async def apply(self, change: identity.RuleChange) -> identity.RuleChange:
        async with db.transaction(self.people.pool) as conn:
            await identity.apply(conn, STAFF, change.change_id, now=NOW)
        await self.work()
        return await self.get(change)

    async def work(self) -> None:
        await identity.work(self.people.pool, self.people.vault)

    async def get(self, change: identity.RuleChange) -> identity.RuleChange:
        async with self.people.pool.acquire() as conn:
            return await identity.change(conn, change.change_id)

    async def book(self) -> identity.Book:
        async with self.people.pool.acquire() as conn:
            return await identity.book(conn, self.people.vault)

    async def state(self) -> list[tuple[object, ...]]:
        async with self.people.pool.acquire() as conn:
            rows = await conn.fetch(
                "select identifier_id, customer_id, is_shared, is_blocked"
                " from customers.identifiers order by 1"
            )
        return [tuple(row) for row in rows]


async def mails(people, count: int) -> None:
    for number in range(count):
        await people.happens(ANN, f"email:m{number}@example.jp", minute=number)
    await people.read()


async def test_what_a_lower_limit_would_split_is_counted_and_nothing_changes_before(people, rules):
    await mails(people, 4)
    before = await rules.state()
    change = await rules.count(rules=[RuleAsked(kind="email", most=2)])
    assert (change.state, change.progress) == ("counted", 1.0)
    assert (change.merges, change.splits) == (0, 2)
    [sample] = change.samples
    assert [group.n for group in sample.before] == [5]
    assert sorted(group.n for group in sample.after) == [1, 1, 3]
    assert await rules.state() == before
    done = await rules.apply(change)
    assert (done.state, done.split, done.merged) == ("applied", 2, 0)
    assert len(await people.numbers(ANN)) == 3
    assert await identity.rebuild(people.pool) == 0


async def test_a_limit_put_back_makes_the_same_people_again(people, rules):
    await mails(people, 4)
    before = await rules.state()
    await rules.apply(await rules.count(rules=[RuleAsked(kind="email", most=1)]))
    back = await rules.count(rules=[RuleAsked(kind="email", is_default=True)])
    assert back.merges == 3
    await rules.apply(back)
    assert await rules.state() == before
    assert all(rule.is_default for rule in (await rules.book()).rules)


async def test_a_blocked_value_joins_nobody_whether_known_or_new(people, rules):
    await people.happens(ANN, SHOP, minute=1)
    await people.happens(BO, "email:new@shop.example.jp", minute=2)
    await people.read()
    change = await rules.count(block=[("email", "INFO@shop.example.jp")])
    assert (change.merges, change.splits) == (0, 1)
    await rules.apply(change)
    assert not await people.together(ANN, SHOP)
    card = "loyalty_card:4417"
    await people.happens(card, SHOP, minute=3)
    await people.read()
    assert not await people.together(card, SHOP)
    [blocked] = (await rules.book()).blocked_values
    assert blocked.value == "info@shop.example.jp"
    await rules.apply(await rules.count(unblock=[int(blocked.blocked_id)]))
    assert await people.together(ANN, SHOP, card)


async def test_a_value_may_be_blocked_before_it_is_ever_seen(people, rules):
    await rules.apply(await rules.count(block=[("loyalty_card", "9999")]))
    await people.happens(ANN, "loyalty_card:9999", minute=1)
    await people.read()
    assert not await people.together(ANN, "loyalty_card:9999")


async def test_a_blocked_form_holds_for_the_past_and_for_newcomers(people, rules):
    await people.happens(ANN, SHOP, minute=1)
    await people.read()
    change = await rules.count(forms=[("email", "*@SHOP.example.jp")])
    assert change.splits == 1
    await rules.apply(change)
    for read in (people.read, people.read):
        await people.happens(BO, "email:till3@shop.example.jp", minute=2)
        await people.happens(BO, "email:bo@example.jp", minute=2)
        await read()
    assert not await people.together(ANN, SHOP)
    assert not await people.together(BO, "email:till3@shop.example.jp")
    assert await people.together(BO, "email:bo@example.jp")
    [form] = (await rules.book()).blocked_forms
    assert form.form == "*@SHOP.example.jp"
    await rules.apply(await rules.count(unform=[form.pattern_id]))
    assert await people.together(ANN, SHOP)
    assert await people.together(BO, "email:till3@shop.example.jp")


async def test_no_blocked_value_or_form_stands_open_in_the_database(people, rules, conn):
    await rules.apply(await rules.count(block=[("email", "hidden@example.jp")],
                                        forms=[("user_id", "tanaka-*")]))  # fmt: skip
    for table in ("rule_changes", "blocked_values", "blocked_patterns", "identity_rules"):
        for row in await conn.fetch(f"select * from customers.{table}"):
            assert "hidden" not in str(dict(row))
            assert "tanaka" not in str(dict(row))
            assert "試し" not in str(dict(row))


async def test_a_device_counts_as_shared_by_the_rule_of_the_day(people, rules):
    for number in range(4):
        await people.happens("device_id:till", f"user_id:u{number}", minute=number)
    await people.read()
    assert await people.together("device_id:till", "user_id:u0")
    lower = await rules.count(rules=[RuleAsked(kind="device_id", shared_after=3)])
    assert lower.splits == 1
    await rules.apply(lower)
    assert not await people.together("device_id:till", "user_id:u0")
    higher = await rules.count(rules=[RuleAsked(kind="device_id", shared_after=4)])
    assert higher.merges == 1
    await rules.apply(higher)
    assert await people.together("device_id:till", "user_id:u0")


async def test_a_kind_made_a_devices_joins_no_two_people_any_more(people, rules):
    card = "loyalty_card:family"
    await people.happens(card, "email:a@example.jp", minute=1)
    await people.happens(card, "email:b@example.jp", minute=2)
    await people.read()
    assert await people.together("email:a@example.jp", "email:b@example.jp")
    change = await rules.count(rules=[RuleAsked(kind="loyalty_card", is_weak=True)])
    await rules.apply(change)
    assert not await people.together("email:a@example.jp", "email:b@example.jp")


async def test_the_priority_says_whose_a_new_card_becomes_where_one_event_names_two_people(
    people, rules
):
    """A new card, his mail address and her phone in one event: the stronger kind takes the card."""
    mail, card, phone = "email:m@example.jp", "loyalty_card:4417", "phone:08012345678"
    await people.happens(ANN, phone, minute=1)
    await people.happens(BO, mail, minute=2)
    await people.happens(card, mail, phone, minute=3)
    await people.read()
    assert await people.together(card, BO)
    assert not await people.together(ANN, BO)
    change = await rules.count(rules=[RuleAsked(kind="phone", priority=1)])
    assert (change.merges, change.splits) == (0, 1), "the card leaves him for her"
    await rules.apply(change)
    assert await people.together(card, ANN)
    assert not await people.together(card, BO)
    await rules.apply(await rules.count(rules=[RuleAsked(kind="phone", is_default=True)]))
    assert await people.together(card, BO)
    assert not await people.together(card, ANN)


async def test_a_priority_changes_nothing_between_two_of_one_kind(people, rules):
    for number in range(6):
        await people.happens("user_id:u", f"phone:0801234567{number}", minute=1)
    await people.read()
    before = await rules.state()
    change = await rules.count(rules=[RuleAsked(kind="phone", priority=1)])
    assert (change.merges, change.splits) == (0, 0)
    await rules.apply(change)
    assert await rules.state() == before


async def test_many_parts_come_to_the_same_as_one(people, rules, monkeypatch):
    monkeypatch.setattr("setten.customers.identity.walking.PART", 2)
    await mails(people, 5)
    for number in range(5):
        await people.happens(f"user_id:u{number}", f"email:u{number}@example.jp", minute=number)
    await people.read()
    change = await rules.count(rules=[RuleAsked(kind="email", most=1)])
    assert (change.splits, change.examined, change.total) == (4, 10, 10)
    done = await rules.apply(change)
    assert (done.split, done.examined) == (4, 10)


async def test_a_hub_beyond_the_limit_is_listed_and_mended_by_blocking_it(
    people, rules, monkeypatch
):
    monkeypatch.setattr("setten.customers.identity.model.LINKS_MAX", 5)
    monkeypatch.setattr("setten.customers.identity.walking.PART", 3)
    for number in range(9):
        await people.happens("user_id:robot", f"anonymous_id:c{number}", minute=number)
        await people.read()
    async with people.pool.acquire() as conn:
        [hub, *_] = await identity.quarantines(conn)
    assert hub.identifier_id == await people.number("user_id:robot")
    assert await people.together("anonymous_id:c0", "anonymous_id:c1")
    change = await rules.count(block=[("user_id", "robot")])
    assert (change.total, change.examined) == (10, 10), "the progress is that of its neighbours"
    done = await rules.apply(change)
    assert done.examined == 10
    assert not await people.together("anonymous_id:c0", "anonymous_id:c1")
    async with people.pool.acquire() as conn:
        assert await identity.quarantines(conn) == ()
    await people.happens("anonymous_id:c0", ANN, minute=20)
    await people.read()
    assert await people.together("anonymous_id:c0", ANN)


async def test_what_a_dead_process_had_begun_is_carried_on(people, rules, monkeypatch):
    monkeypatch.setattr("setten.customers.identity.walking.PART", 2)
    await mails(people, 5)
    change = await rules.count(rules=[RuleAsked(kind="email", most=1)])
    async with db.transaction(people.pool) as conn:
        await identity.apply(conn, STAFF, change.change_id, now=NOW)
    calls = 0
    settle = identity.walking.settle

    async def dies(*args, **more):
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError
        return await settle(*args, **more)

    monkeypatch.setattr("setten.customers.identity.walking.settle", dies)
    with pytest.raises(RuntimeError):
        await rules.work()
    assert 0 < (await rules.get(change)).progress < 1
    await rules.work()
    assert (await rules.get(change)).state == "applied"
    assert len(await people.numbers(ANN)) == 2


async def test_one_change_at_a_time_and_only_when_counted(people, rules):
    await mails(people, 2)
    first = await rules.propose(rules=[RuleAsked(kind="email", most=1)])
    with pytest.raises(identity.RuleChangeNotCounted):
        await rules.apply(first)
    second = await rules.count(rules=[RuleAsked(kind="email", most=2)])
    assert (await rules.get(first)).state == "withdrawn"
    async with db.transaction(people.pool) as conn:
        await identity.apply(conn, STAFF, second.change_id, now=NOW)
    with pytest.raises(identity.RulesBusy):
        await rules.propose(rules=[RuleAsked(kind="email", most=3)])
    await rules.work()
    with pytest.raises(identity.RuleChangeNotCounted):
        await rules.apply(second)


async def test_many_who_propose_at_once_leave_one_open(people, rules):
    await mails(people, 2)
    asked = [rules.propose(rules=[RuleAsked(kind="email", most=n + 1)]) for n in range(4)]
    made = await asyncio.gather(*asked)
    states = [(await rules.get(one)).state for one in made]
    assert sorted(states) == ["counting", "withdrawn", "withdrawn", "withdrawn"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"rules": [RuleAsked(kind="shoe", most=1)]},
        {"rules": [RuleAsked(kind="email", most=0)]},
        {"rules": [RuleAsked(kind="email", most=10**9)]},
        {"rules": [RuleAsked(kind="email", priority=100)]},
        {"forms": [("email", "*")]},
        {"forms": [("email", "*a*b*c*d*e*")]},
        {"forms": [("email", "a" * 101)]},
        {"forms": [("shoe", "abc*")]},
        {"block": [("email", f"m{n}@example.jp") for n in range(101)]},
    ],
)
async def test_a_rule_outside_reason_is_refused(rules, asked):
    with pytest.raises(identity.BadRule):
        await rules.propose(**asked)


async def test_a_value_that_its_kind_cannot_have_is_refused(rules):
    with pytest.raises(identity.UnusableValue):
        await rules.propose(block=[("email", "nobody")])


async def test_what_is_not_blocked_cannot_be_unblocked(rules):
    with pytest.raises(identity.BlockedNotFound):
        await rules.propose(unform=[uuid.uuid4()])
    for number in (5, 0, -1, 2**63, 10**30):
        with pytest.raises(identity.BlockedNotFound):
            await rules.propose(unblock=[number])
