"""Segments that follow what happens: by event, by time, by merge, by definition."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import pytest
from tests.customers.conftest import START
from tests.customers.segments.conftest import did, no
from tests.customers.timeline.test_timeline import order, receipt

from setten.customers import segments
from setten.customers.segments import reader
from setten.platform import clock

DAY = 24 * 60
GROUP = {"kind": "group"}


async def test_a_customer_enters_by_the_event_that_makes_it_true(shop, people):
    looked = await shop.define("Lookers", did("product.viewed", times=2))
    await people.happens("user_id:ann", minute=1, name="product.viewed", event_id="first")
    await people.happens("user_id:bo", minute=1, name="product.viewed")
    await shop.read()
    assert await shop.inside(looked) == set()
    await people.happens("user_id:ann", minute=2, name="product.viewed", event_id="second")
    await shop.read()
    assert await shop.inside(looked) == {await people.customer("user_id:ann")}
    (passage,) = await shop.passages(looked)
    assert (passage.entered, passage.cause, passage.event_id) == (True, "event", "second")


async def test_entering_and_leaving_are_facts_that_name_why(shop, people):
    recent = await shop.define("Recent", did("page.viewed", days=1))
    await people.happens("user_id:ann", minute=1, event_id="look")
    await shop.read()
    shop.minute += 2 * DAY
    assert await shop.wake() == 1
    ann = str(await people.customer("user_id:ann"))
    passed = [{"segment_id": recent, "name": "Recent", "version": 1}]
    assert await people.facts("memberships.changed") == [
        {"customer_id": ann, "entered": passed, "cause": "event", "because": "look"},
        {"customer_id": ann, "left": passed, "cause": "time"},
    ]


async def test_no_visit_for_ten_days_comes_true_to_the_second_with_no_event_at_all(shop, people):
    away = await shop.define("Away", no(did("page.viewed", days=10)))
    await people.happens("user_id:ann", minute=5)
    await shop.read()
    shop.minute = 5 + 10 * DAY - 1 / 60
    assert await shop.wake() == 0
    assert not await shop.is_in("user_id:ann", away)
    shop.minute = 5 + 10 * DAY
    assert await shop.wake() == 1
    assert await shop.is_in("user_id:ann", away)
    assert await shop.wake() == 0


async def test_a_wake_up_that_comes_early_arms_itself_again(shop, people, pool):
    await shop.define("Away", no(did("page.viewed", days=10)))
    await people.happens("user_id:ann", minute=0)
    await shop.read()
    shop.minute = 3 * DAY
    await people.happens("user_id:ann", minute=3 * DAY)
    await shop.read()

    async def due() -> list[timedelta]:
        rows = await pool.fetch("select due_at from customers.segment_wakes")
        return [row["due_at"] - START for row in rows]

    assert await due() == [timedelta(days=10)], "a visit does not rewrite the wake-up"
    shop.minute = 10 * DAY
    assert await shop.wake() == 1
    assert await due() == [timedelta(days=13)]
    assert await people.facts("memberships.changed") == []


async def test_who_was_there_before_a_definition_is_found(shop, people):
    await people.happens("user_id:ann", minute=1, name="product.viewed")
    await people.happens("user_id:bo", minute=1)
    await shop.read()
    looked = await shop.define("Lookers", did("product.viewed"))
    assert await shop.inside(looked) == set()
    assert await shop.fill() == 2
    assert await shop.is_in("user_id:ann", looked)
    assert not await shop.is_in("user_id:bo", looked)
    assert [p.cause for p in await shop.passages(looked)] == ["definition"]
    async with shop.pool.acquire() as conn:
        assert (await segments.get(conn, looked)).is_filled


async def test_a_filling_goes_on_where_it_stopped(shop, people, monkeypatch):
    for number in range(7):
        await people.happens(f"user_id:u{number}", minute=1)
    await shop.read()
    seen = await shop.define("Seen", did("page.viewed"))
    monkeypatch.setattr("setten.customers.segments.reader.AT_ONCE", 3)
    monkeypatch.setattr("setten.customers.segments.reader.ROUNDS_MAX", 1)
    sizes = []
    for _ in range(4):
        await shop.fill()
        sizes.append(len(await shop.inside(seen)))
    assert sizes == [3, 6, 7, 7]


def test_rounds_become_as_large_as_fits_into_their_time():
    most = reader.AT_ONCE_FIRST
    assert reader.paced(most, reader.ROUND_S) == most
    assert reader.paced(most, reader.ROUND_S / 2) == 2 * most
    assert reader.paced(most, 0.0) == reader.AT_ONCE
    assert reader.paced(reader.AT_ONCE, 3_600.0) == reader.AT_ONCE_LEAST


async def test_a_filling_in_the_smallest_rounds_leaves_nobody_out(shop, people, monkeypatch):
    for number in range(7):
        await people.happens(f"user_id:u{number}", minute=1)
    await shop.read()
    seen = await shop.define("Seen", did("page.viewed"))
    monkeypatch.setattr(reader, "ROUND_S", 0.0)
    monkeypatch.setattr(reader, "AT_ONCE_FIRST", 3)
    monkeypatch.setattr(reader, "AT_ONCE_LEAST", 2)
    assert await shop.fill() == 7
    assert len(await shop.inside(seen)) == 7


async def test_a_new_customer_belongs_to_those_who_have_not_done_something(shop, people):
    strangers = await shop.define("No purchase", no(did("purchase")))
    await people.happens("anonymous_id:a", minute=1, name="products.searched")
    await shop.read()
    assert await shop.is_in("anonymous_id:a", strangers)


async def test_a_merge_takes_the_past_along_and_leaves_nobody_behind(shop, people, pool):
    twice = await shop.define("Twice", did("product.viewed", times=2))
    never = await shop.define("Never searched", no(did("products.searched")))
    await people.happens("anonymous_id:a", minute=1, name="product.viewed")
    await people.happens("user_id:ann", minute=2, name="product.viewed")
    await shop.read()
    assert await shop.inside(twice) == set()
    assert len(await shop.inside(never)) == 2
    await people.happens("anonymous_id:a", "user_id:ann", minute=3)
    await shop.read()
    ann = await people.customer("user_id:ann")
    assert await shop.inside(twice) == await shop.inside(never) == {ann}
    left = [fact for fact in await people.facts("memberships.changed") if "left" in fact]
    assert [fact["cause"] for fact in left] == ["identity"]
    assert left[0]["customer_id"] != str(ann)


async def test_who_loses_a_purchase_to_another_leaves_at_once(shop, people):
    buyers = await shop.define("Buyers", did("purchase"))
    await people.happens("email:ann@example.jp", minute=1, name="order.placed", body=order("1001"))
    await shop.read()
    assert await shop.is_in("email:ann@example.jp", buyers)
    await people.happens(
        "loyalty_card:4417", minute=2, name="receipt.recorded",
        body=receipt(88_000, order_system="shop", order_ref="1001"),
    )  # fmt: skip
    await shop.read()
    assert not await shop.is_in("email:ann@example.jp", buyers)
    assert await shop.is_in("loyalty_card:4417", buyers)
    left = (await people.facts("memberships.changed"))[-1]
    assert [one["name"] for one in left["left"]] == ["Buyers"]
    assert left["because"] is not None
    assert await shop.look_at_all() == 0


async def test_one_purchase_told_by_tag_webhook_and_till_counts_once(shop, people):
    once = await shop.define("Once", did("purchase", times=1))
    twice = await shop.define("Twice", did("purchase", times=2))
    rich = await shop.define("Rich", {
        "kind": "total", "measure": "sum", "property": "total_minor",
        "match": {"events": ["purchase", "return"]}, "claim": {"op": "at_least", "value": 88_000},
    })  # fmt: skip
    told = {"order_id": "1001", "action": "placed", "total_minor": 88_000, "system": "shop"}
    await people.happens("user_id:ann", minute=1, name="order.reported", body=told)
    await people.happens("user_id:ann", minute=1, name="order.placed", body=order("1001"))
    await people.happens(
        "user_id:ann", minute=2, name="receipt.recorded", location_id="kobe",
        body=receipt(88_000, order_system="shop", order_ref="1001"),
    )  # fmt: skip
    await shop.read()
    assert await shop.is_in("user_id:ann", once)
    assert not await shop.is_in("user_id:ann", twice)
    assert await shop.is_in("user_id:ann", rich)
    await people.happens("user_id:ann", minute=3, name="receipt.recorded", body=receipt(-1_000))
    await shop.read()
    assert not await shop.is_in("user_id:ann", rich), "what came back is not spent"


async def test_where_she_bought_and_what_she_said_count(shop, people):
    both = await shop.define("Kobe gold", {"kind": "all", "of": [
        did("purchase", location_id="kobe", currency="JPY"),
        {"kind": "field", "name": "rank", "claim": {"op": "is", "value": "gold"}},
    ]})  # fmt: skip
    for who, place in (("ann", "kobe"), ("bo", "osaka")):
        await people.happens(f"user_id:{who}", minute=1, name="receipt.recorded",
                             location_id=place, body=receipt(500))  # fmt: skip
        await people.happens(f"user_id:{who}", minute=2, name="customer.identified",
                             body={"type": "identify", "traits": {"rank": "gold"}})  # fmt: skip
    await shop.read()
    assert await shop.inside(both) == {await people.customer("user_id:ann")}
    await people.happens("user_id:ann", minute=3, name="customer.identified",
                         body={"type": "identify", "traits": {"rank": "silver"}})  # fmt: skip
    await shop.read()
    assert await shop.inside(both) == set()


async def test_where_she_stands_counts_and_follows_her_purchases(shop, people):
    # The log's readers look at days of arrival, so the change of stage must arrive today.
    shop.minute = (clock.now() - START).total_seconds() / 60
    stage = {"kind": "field", "name": "stage", "claim": {"op": "is", "value": "trial"}}
    trying = await shop.define("Trying", stage)
    rest = await shop.define("Not trying", no(stage))
    await people.happens("user_id:ann", minute=1)
    await shop.read()
    assert await shop.inside(rest) == {await people.customer("user_id:ann")}
    await people.happens("user_id:ann", minute=shop.minute - 1, name="receipt.recorded",
                         body=receipt(500))  # fmt: skip
    await shop.read()
    assert await shop.inside(trying) == {await people.customer("user_id:ann")}
    assert await shop.inside(rest) == set()


async def test_segments_are_made_of_segments_and_follow_in_one_step(shop, people):
    lookers = await shop.define("Lookers", did("product.viewed"))
    idle = await shop.define("Idle", {"kind": "all", "of": [
        {"kind": "group", "name": "Lookers"}, no(did("purchase"))]})  # fmt: skip
    await people.happens("user_id:ann", minute=1, name="product.viewed")
    await shop.read()
    assert await shop.inside(lookers) == await shop.inside(idle) != set()
    async with shop.pool.acquire() as conn:
        assert await segments.used_by(conn, lookers) == ("Idle",)
        ann = await people.customer("user_id:ann")
        found = await segments.memberships(conn, [ann])
        assert [(one.name, one.version) for one in found[ann]] == [("Idle", 1), ("Lookers", 1)]
    with pytest.raises(segments.SegmentInUse):
        await shop.retire(lookers)


async def test_two_who_close_a_circle_at_once_are_not_both_let(shop):
    one = await shop.define("One", did("product.viewed"))
    two = await shop.define("Two", did("page.viewed"))
    done = await asyncio.gather(
        shop.change(one, {"kind": "group", "name": "Two"}),
        shop.change(two, {"kind": "group", "name": "One"}),
        return_exceptions=True,
    )
    assert [type(each) for each in done].count(segments.SegmentCircle) == 1
    assert done.count(2) == 1


async def test_who_has_read_an_older_version_overwrites_nothing(shop):
    one = await shop.define("One", did("product.viewed"))
    assert await shop.change(one, did("page.viewed"), known=1) == 2
    with pytest.raises(segments.SegmentChanged):
        await shop.change(one, did("purchase"), known=1)
    assert await shop.change(one, did("page.viewed"), known=1) == 2, "the same words are no change"
    assert await shop.change(one, did("purchase"), known=2) == 3


async def test_a_circle_is_refused_and_says_its_way(shop):
    a = await shop.define("A", did("purchase"))
    await shop.define("B", no({"kind": "group", "name": "A"}))
    with pytest.raises(segments.SegmentCircle) as refused:
        await shop.change(a, {"kind": "group", "name": "B"})
    assert refused.value.facts["through"] == "A → B → A"
    with pytest.raises(segments.SegmentCircle):
        await shop.define("C", {"kind": "group", "name": "C"})
    with pytest.raises(segments.SegmentNotFound):
        await shop.define("D", {"kind": "group", "name": "nobody knows"})


async def test_names_are_taken_once_and_free_again(shop):
    first = await shop.define("A", did("purchase"))
    with pytest.raises(segments.SegmentNameTaken):
        await shop.define("A", did("return"))
    for name in ("", " A", "x" * 101):
        with pytest.raises(segments.BadSegmentName):
            await shop.define(name, did("purchase"))
    await shop.retire(first)
    assert await shop.define("A", did("return")) != first


async def test_a_changed_definition_lets_go_who_does_not_belong_any_more(shop, people):
    seen = await shop.define("Seen", did("page.viewed"))
    await people.happens("user_id:ann", minute=1)
    await people.happens("user_id:bo", minute=1)
    await people.happens("user_id:bo", minute=2)
    await shop.read()
    await shop.fill()
    assert len(await shop.inside(seen)) == 2
    assert await shop.change(seen, did("page.viewed", times=2)) == 2
    assert await shop.change(seen, did("page.viewed", times=2)) == 2, "nothing new, no version"
    await shop.fill()
    assert await shop.inside(seen) == {await people.customer("user_id:bo")}


async def test_members_of_a_retired_segment_leave_as_facts(shop, people, pool):
    seen = await shop.define("Seen", did("page.viewed"))
    await people.happens("user_id:ann", minute=1)
    await shop.read()
    await shop.retire(seen)
    await shop.fill()
    assert await pool.fetchval("select count(*) from customers.segment_members") == 0
    assert ["left" in one for one in await people.facts("memberships.changed")] == [False, True]
    assert await pool.fetchval("select size from customers.segments") == 0


async def test_size_over_time_adds_up_to_who_is_in(shop, people):
    recent = await shop.define("Recent", did("page.viewed", days=1))
    for number in range(3):
        await people.happens(f"user_id:u{number}", minute=number)
    await shop.read()
    shop.minute += DAY
    await shop.wake()
    async with shop.pool.acquire() as conn:
        flows = await segments.flows(conn, recent, since=START - timedelta(days=1))
    assert [(f.entered, f.gone, f.size) for f in flows] == [(3, 0, 3), (0, 3, 0)]


async def test_members_page_by_when_they_entered(shop, people):
    seen = await shop.define("Seen", did("page.viewed"))
    for number in range(5):
        await people.happens(f"user_id:u{number}", minute=1)
    await shop.read()
    found, after = [], None
    async with shop.pool.acquire() as conn:
        while page := await segments.members(conn, seen, after=after, limit=2):
            found += page
            after = page[-1]
    assert len({one.customer_id for one in found}) == len(found) == 5


async def test_a_text_that_no_database_keeps_harms_nobody(shop, people):
    odd = await shop.define("Odd", did("product.viewed", sku="x"))
    body = {"type": "track", "item": {"sku": "a\u0000b", "name": "\u0000"}}
    await people.happens("user_id:ann", minute=1, name="product.viewed", body=body)
    await people.happens("user_id:bo", minute=1, name="product.viewed",
                         body={"type": "track", "item": {"sku": "x"}})  # fmt: skip
    await shop.read()
    assert await shop.inside(odd) == {await people.customer("user_id:bo")}


async def test_a_fact_of_ours_is_no_line_of_the_timeline(shop, people, pool):
    await shop.define("Seen", did("page.viewed"))
    await people.happens("user_id:ann", minute=1)
    await shop.read()
    names = await pool.fetch("select distinct name from customers.timeline")
    assert [row["name"] for row in names] == ["page.viewed"]
    assert uuid.UUID((await people.facts("memberships.changed"))[0]["customer_id"])
