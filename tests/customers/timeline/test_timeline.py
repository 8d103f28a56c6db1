"""Lines, counters and purchases, as readers of the log make them."""

from __future__ import annotations

import json
import uuid

import pytest

from setten.customers import timeline
from setten.platform import clock
from setten.platform.auth import Actor
from setten.platform.vault import Sealed

STAFF = Actor(kind="staff", id="1", name="Sato", role="agent")
VIEWED = {"type": "track", "item": {"sku": "SOFA-GR", "name": "ソファ", "variant": "緑"}}


def order(ref: str = "1001", total_minor: int = 88_000) -> dict[str, object]:
    return {"order_id": str(uuid.uuid4()), "system": "shop", "order_ref": ref, "currency": "JPY",
            "total_minor": total_minor, "lines": [{"sku": "SOFA-GR", "qty": 1}]}  # fmt: skip


def receipt(total_minor: int, **more: object) -> dict[str, object]:
    return {"receipt_id": str(uuid.uuid4()), "location_id": "kobe", "register": "1",
            "sequence": "7", "business_day": "2026-11-01", "currency": "JPY",
            "total_minor": total_minor, "lines": [{"sku": "MUG", "qty": 1}], **more}  # fmt: skip


async def page(people, pool, said: str, **more: object) -> timeline.Page:
    numbers = await people.numbers(said)
    async with pool.acquire() as conn:
        return await timeline.page(conn, numbers, **more)


async def test_the_past_of_a_cookie_comes_along_when_its_owner_signs_in(people, pool):
    await people.happens("anonymous_id:a", minute=1, name="product.viewed", body=VIEWED)
    await people.happens("anonymous_id:a", "user_id:ann", minute=2)
    await people.read()
    items = (await page(people, pool, "user_id:ann")).items
    assert [item.name for item in items] == ["page.viewed", "product.viewed"]
    assert items[1].summary["sku"] == "SOFA-GR"
    assert items[1].summary["item"] == "ソファ"


async def test_what_the_second_user_of_a_browser_does_stands_under_the_second(people, pool):
    await people.happens("anonymous_id:a", "user_id:ann", minute=1)
    await people.happens("anonymous_id:a", "user_id:bo", minute=2, event_id="of-bo")
    await people.read()
    assert [i.event_id for i in (await page(people, pool, "user_id:bo")).items] == ["of-bo"]
    assert "of-bo" not in [i.event_id for i in (await page(people, pool, "user_id:ann")).items]


async def test_pages_follow_each_other_newest_first_without_gap_or_repeat(people, pool):
    for minute in range(7):
        await people.happens("anonymous_id:a", minute=minute)
        await people.happens("anonymous_id:a", "user_id:ann", minute=minute)
    await people.read()
    seen, cursor = [], None
    while True:
        found = await page(people, pool, "user_id:ann", limit=4, cursor=cursor)
        seen += [item.event_id for item in found.items]
        cursor = found.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 14
    whole = (await page(people, pool, "user_id:ann", limit=200)).items
    assert seen == [item.event_id for item in whole]
    assert [i.occurred_at for i in whole] == sorted((i.occurred_at for i in whole), reverse=True)


@pytest.mark.parametrize("cursor", ["", "x", "1.", "1.x", "9" * 39, "٣.٤", "1e9.1"])
async def test_a_cursor_that_is_not_ours_is_refused(people, pool, cursor):
    await people.happens("user_id:ann")
    await people.read()
    with pytest.raises(timeline.BadCursor):
        await page(people, pool, "user_id:ann", cursor=cursor)


async def test_one_purchase_told_by_tag_webhook_and_till_counts_once(people, pool):
    report = {"type": "track", "order_id": "1001", "system": "shop", "total_minor": 88_000}
    await people.happens("anonymous_id:a", "user_id:ann", minute=1, name="order.reported",
                         body=report)  # fmt: skip
    await people.happens("user_id:ann", minute=2, name="order.reported",
                         body={**report, "is_record": True}, channel="online")  # fmt: skip
    await people.happens("user_id:ann", minute=2, name="order.placed", body=order(),
                         channel="online")  # fmt: skip
    till = receipt(88_000, order_system="shop", order_ref="1001")
    await people.happens("loyalty_card:4417", "user_id:ann", minute=3, name="receipt.recorded",
                         body=till, channel="store", location_id="kobe")  # fmt: skip
    await people.read()
    numbers = await people.numbers("user_id:ann")
    async with pool.acquire() as conn:
        [bought] = await timeline.purchases(conn, numbers)
        copies = await timeline.copies(conn, numbers, [bought.purchase_key])
        told = copies[bought.purchase_key]
    assert bought.total_minor == 88_000
    lines = (await page(people, pool, "user_id:ann")).items
    assert [line.name for line in lines] == ["receipt.recorded", "order.placed"]
    assert told[0].name == "receipt.recorded"
    assert len(told) == 4


async def test_a_purchase_only_a_tag_tells_of_shows_but_is_no_revenue(people, pool):
    report = {"type": "track", "order_id": "1001", "system": "shop", "total_minor": 88_000}
    await people.happens("user_id:ann", name="order.reported", body=report)
    await people.read()
    numbers = await people.numbers("user_id:ann")
    async with pool.acquire() as conn:
        assert await timeline.purchases(conn, numbers) == ()
    assert len((await page(people, pool, "user_id:ann")).items) == 1


@pytest.mark.parametrize("order_of_arrival", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
async def test_the_till_outranks_the_order_in_any_order_of_arrival(people, pool, order_of_arrival):
    told = [
        ("order.placed", order(total_minor=90_000)),
        ("receipt.recorded", receipt(88_000, order_system="shop", order_ref="1001")),
        ("order.reported", {"type": "track", "order_id": "1001", "system": "shop"}),
    ]
    for index in order_of_arrival:
        name, body = told[index]
        await people.happens("user_id:ann", minute=index, name=name, body=body)
        await people.read()
    async with pool.acquire() as conn:
        [bought] = await timeline.purchases(conn, await people.numbers("user_id:ann"))
    assert bought.total_minor == 88_000


@pytest.mark.parametrize("order_of_arrival", [(0, 1), (1, 0)])
async def test_a_cancelled_order_counts_no_more_and_a_part_leaves_it(
    people, pool, order_of_arrival
):
    gone = {"system": "shop", "order_ref": "1001", "is_whole": True, "currency": "JPY"}
    told = [("order.placed", order()), ("order.cancelled", gone)]
    for index in order_of_arrival:
        name, body = told[index]
        await people.happens("user_id:ann", minute=index, name=name, body=body)
    await people.happens("user_id:ann", minute=3, name="order.placed", body=order("1002", 500))
    part = {"system": "shop", "order_ref": "1002", "currency": "JPY", "lines": []}
    await people.happens("user_id:ann", minute=4, name="order.cancelled", body=part)
    await people.read()
    async with pool.acquire() as conn:
        bought = await timeline.purchases(conn, await people.numbers("user_id:ann"))
    assert [one.total_minor for one in bought] == [500]


async def test_an_order_counts_as_what_is_left_of_it_until_a_receipt_knows_better(people, pool):
    left = {"system": "shop", "order_ref": "1002", "currency": "JPY", "lines": []}
    other = left | {"order_ref": "1003"}
    told = [
        ("order.placed", order("1002", 500)),
        ("order.placed", order("1003", 900)),
        ("order.cancelled", left | {"due_minor": 400}),
        ("order.cancelled", left | {"due_minor": 150}),
        ("receipt.recorded", receipt(800, order_system="shop", order_ref="1003")),
        ("order.cancelled", other | {"due_minor": 100}),  # the till had told already
    ]
    for minute, (name, body) in enumerate(told):
        await people.happens("user_id:ann", minute=minute, name=name, body=body)
        if minute % 2:
            await people.read()
    for _ in ("live", "rebuilt"):
        async with pool.acquire() as conn:
            bought = await timeline.purchases(conn, await people.numbers("user_id:ann"))
        assert sorted(one.total_minor for one in bought) == [150, 800]
        await timeline.rebuild(pool)


async def test_a_corrected_receipt_counts_no_more(people, pool):
    wrong = receipt(9_900)
    right = receipt(990, replaces=wrong["receipt_id"], sequence="8")
    await people.happens("loyalty_card:4417", minute=2, name="receipt.recorded", body=right)
    await people.happens("loyalty_card:4417", minute=1, name="receipt.recorded", body=wrong)
    await people.read()
    async with pool.acquire() as conn:
        found = await timeline.purchases(conn, await people.numbers("loyalty_card:4417"))
    assert [one.total_minor for one in found] == [990]


async def test_counters_by_channel_follow_the_person(people, pool):
    await people.happens("anonymous_id:a", minute=1, channel="web")
    await people.happens("anonymous_id:a", "user_id:ann", minute=2, channel="web")
    await people.happens("user_id:ann", minute=3, channel="app")
    await people.read()
    async with pool.acquire() as conn:
        counts = await timeline.counts_by_channel(conn, await people.numbers("user_id:ann"))
    assert counts == {"web": 2, "app": 1}


async def test_an_open_page_learns_what_is_new_also_when_it_happened_before(people, pool):
    await people.happens("user_id:ann", minute=5)
    await people.read()
    numbers = await people.numbers("user_id:ann")
    async with pool.acquire() as conn:
        cursor = await timeline.news_cursor(conn)
        assert await timeline.since(conn, numbers, cursor) == ((), cursor)
    await people.happens("user_id:ann", minute=1, event_id="late")
    await people.read()
    async with pool.acquire() as conn:
        items, later = await timeline.since(conn, numbers, cursor)
        assert [item.event_id for item in items] == ["late"]
        assert (await timeline.since(conn, numbers, later))[0] == ()


async def test_an_event_opens_whole_and_its_sealed_part_only_when_asked(people, pool, vault):
    number = await people.number("user_id:ann")
    async with pool.acquire() as conn, conn.transaction():
        [sealed_id] = await vault.seal(conn, [Sealed(number, {"properties.query": "緑のソファ"})])
    event_id = await people.happens("user_id:ann", name="products.searched", sealed_id=sealed_id,
                                    body={"type": "track"})  # fmt: skip
    await people.read()
    async with pool.acquire() as conn, conn.transaction():
        shut = await timeline.event(conn, vault, event_id, actor=STAFF, now=clock.now())
        opened = await timeline.event(
            conn, vault, event_id, actor=STAFF, now=clock.now(), reveal=True
        )
        noted = await conn.fetch("select action, fields from audit.entries order by entry_id")
    assert shut.has_sealed
    assert shut.sealed is None
    assert opened.sealed == {"properties.query": "緑のソファ"}
    assert [row["action"] for row in noted] == ["event.viewed", "event.revealed"]
    assert noted[1]["fields"] == ["properties.query"]


async def test_an_event_nobody_knows_is_not_found(pool, vault):
    async with pool.acquire() as conn:
        with pytest.raises(timeline.EventNotFound):
            await timeline.event(conn, vault, "nothing", actor=STAFF, now=clock.now())


async def test_a_body_that_is_not_what_its_name_promises_stays_a_plain_line(people, pool):
    await people.happens("user_id:ann", name="order.placed", body={"nonsense": True})
    await people.happens("user_id:ann", name="receipt.recorded", body={"total_minor": "much"})
    await people.read()
    assert len((await page(people, pool, "user_id:ann")).items) == 2


@pytest.mark.parametrize("said", ["座敷 五名", "x" * 900])
def test_an_event_outside_the_spec_tells_what_it_is_about(said: str) -> None:
    body = json.dumps({"event": "Table Booked", "properties": {"title": said, "guests": 5}})
    short = timeline.summary(body)
    assert short["event"] == "Table Booked"
    assert said.startswith(short["title"])
    assert 0 < len(short["title"]) <= 200
    assert "guests" not in short


async def test_a_summary_holds_no_more_than_a_line_needs(people, pool):
    body = {"type": "track", "event": "x" * 5_000, "properties": {"secret": "kept"}}
    await people.happens("user_id:ann", name="custom.event", body=body)
    await people.read()
    [item] = (await page(people, pool, "user_id:ann")).items
    assert len(json.dumps(item.summary)) < 300
    assert "kept" not in json.dumps(item.summary)


def test_a_line_keeps_every_sku_of_a_basket_once_and_no_more_than_fifty():
    def told(*skus: object) -> dict[str, object]:
        lines = [{"sku": sku, "qty": 1} for sku in skus]
        return timeline.summary(json.dumps({"lines": lines}))

    assert told("A", "B", "A")["skus"] == ["A", "B"]
    assert "skus" not in told("A", "A")
    assert "skus" not in told("A")
    assert told(None, "A", 7, "B")["skus"] == ["A", "B"]
    assert len(told(*(f"S{n}" for n in range(80)))["skus"]) == 50  # type: ignore[arg-type]
