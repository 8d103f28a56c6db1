"""A segment that is new says how large it would have been on the days before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.customers.conftest import START
from tests.customers.segments.conftest import TOKYO, did, no

from setten.customers import segments
from setten.platform import db
from setten.platform.expressions import instant
from setten.platform.lake import Lake

DAY = 24 * 60
# 18:00 in Tokyo; so that many hours later the first of its nights begins.
FIRST_NIGHT = date(2026, 11, 2)


@pytest.fixture
def water(tmp_path: Path) -> Lake:
    return Lake(tmp_path, segments.LAKE_COLUMNS, segments.lake_lines)


async def past(shop: Any, water: Lake, segment_id: int) -> dict[date, int]:
    """The sizes that were told of nights, by the day that begins there."""
    await water.carry(shop.pool)
    await segments.tell_past(shop.pool, water, calendar=TOKYO)
    async with shop.pool.acquire() as conn:
        flows = await segments.flows(conn, segment_id, since=START - timedelta(days=90))
    return {
        one.hour_at.astimezone(TOKYO.zone).date(): one.size
        for one in flows
        if not one.entered and not one.gone
    }


def night(n: int) -> date:
    return FIRST_NIGHT + timedelta(days=n)


async def test_a_window_that_moves_is_asked_of_each_day_as_it_was(shop, people, water):
    await people.happens("user_id:ann", minute=0, name="product.viewed")
    await people.happens("user_id:bo", minute=2 * DAY, name="product.viewed")
    await people.happens("user_id:cy", minute=4 * DAY, name="product.viewed")
    shop.minute = 6 * DAY
    await shop.read()
    segment_id = await shop.define("Lookers", did("product.viewed", days=3))
    await shop.fill()
    found = await past(shop, water, segment_id)
    assert len(found) == 30
    assert {day: size for day, size in found.items() if size} == {
        night(0): 1, night(1): 1, night(2): 2, night(3): 1, night(4): 2, night(5): 1,
    }  # fmt: skip
    assert max(found) == night(5)  # the night before it was defined


async def test_who_was_not_known_yet_did_not_do_without_it(shop, people, water):
    await people.happens("user_id:ann", minute=0, name="product.viewed")
    await people.happens("user_id:bo", minute=3 * DAY, name="product.viewed")
    await people.happens("user_id:bo", minute=4 * DAY, name="cart.reported")
    shop.minute = 5 * DAY
    await shop.read()
    segment_id = await shop.define("No cart", no(did("cart.reported")))
    await shop.fill()
    found = await past(shop, water, segment_id)
    assert [found[night(n)] for n in range(-1, 5)] == [0, 1, 1, 1, 2, 1]


async def test_what_stands_now_says_nothing_of_what_was(shop, people, water):
    await people.happens("user_id:ann", minute=0, name="product.viewed")
    shop.minute = 5 * DAY
    await shop.read()
    reach = await shop.define("Reach", {"kind": "reachable", "channel": "email"})
    stage = {"kind": "field", "name": "stage", "claim": {"op": "is", "value": "acquisition"}}
    new = await shop.define("New", stage)
    through = await shop.define("Through", {"kind": "group", "name": "New"})
    await shop.fill()
    for segment_id in (reach, new, through):
        assert await past(shop, water, segment_id) == {}


async def test_the_past_is_told_once_and_of_the_first_meaning_alone(shop, people, water):
    await people.happens("user_id:ann", minute=0, name="product.viewed")
    shop.minute = 3 * DAY
    await shop.read()
    first = await shop.define("First", did("product.viewed"))
    other = await shop.define("Other", did("product.viewed"))
    await shop.change(other, did("cart.reported"))
    await water.carry(shop.pool)
    assert await segments.tell_past(shop.pool, water, calendar=TOKYO) == 0, "not filled yet"
    await shop.fill()
    assert (await past(shop, water, first))[night(1)] == 1
    assert await past(shop, water, other) == {}
    async with db.transaction(shop.pool) as conn:
        await conn.execute("delete from customers.segment_flows where entered = 0 and gone = 0")
    assert await past(shop, water, first) == {}


async def test_a_night_that_is_told_is_that_of_the_business(shop, people, water):
    midnight = instant(TOKYO.midnight(night(0)))
    before = (midnight - START).total_seconds() / 60
    await people.happens("user_id:ann", minute=before - 1, name="product.viewed")
    await people.happens("user_id:bo", minute=before + 1, name="product.viewed")
    shop.minute = 2 * DAY
    await shop.read()
    segment_id = await shop.define("Lookers", did("product.viewed"))
    await shop.fill()
    found = await past(shop, water, segment_id)
    assert (found[night(0)], found[night(1)]) == (1, 2)
