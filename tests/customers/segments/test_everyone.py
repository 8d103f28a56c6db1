"""What everybody's count says is what the live segments are."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests import seeds
from tests.customers.conftest import People
from tests.customers.segments.conftest import TOKYO, Shop, did, no
from tests.customers.segments.random_shop import DAY, SHOPS, condition, happen, stand
from tests.platform.expressions.test_agreement import tell

from setten.customers import segments
from setten.platform.lake import Lake, LakeTooSlow


@pytest.fixture
def water(tmp_path: Path) -> Lake:
    return Lake(tmp_path, segments.LAKE_COLUMNS, segments.lake_lines)


async def ask(shop: Shop, water: Lake, expression: dict[str, Any]) -> segments.Preview:
    (water.folder / "people.parquet").unlink(missing_ok=True)
    return await segments.preview(shop.pool, water, expression, calendar=TOKYO, now=shop.now)


async def test_a_count_and_a_sample_come_before_anything_is_defined(shop, people, water):
    for number in range(14):
        await people.happens(f"user_id:u{number}", minute=1, name="product.viewed")
    await people.happens("user_id:bo", minute=1)
    await shop.read()
    empty = await ask(shop, water, did("product.viewed"))
    assert (empty.size, empty.everybody, empty.as_of) == (0, 15, None)
    await water.carry(shop.pool)
    found = await ask(shop, water, did("product.viewed"))
    assert (found.size, found.everybody, len(found.sample)) == (14, 15, segments.SAMPLE)
    assert found.as_of is not None
    again = await ask(shop, water, did("product.viewed", days=30))
    assert again.sample == found.sample
    assert await people.customer("user_id:bo") not in found.sample
    rest = await ask(shop, water, no(did("product.viewed")))
    assert rest.sample == (await people.customer("user_id:bo"),)


async def test_a_condition_may_be_made_of_segments(shop, people, water):
    await shop.define("Lookers", did("product.viewed"))
    await people.happens("user_id:ann", minute=1, name="product.viewed")
    await people.happens("user_id:bo", minute=1)
    await shop.read()
    await water.carry(shop.pool)
    assert (await ask(shop, water, {"kind": "group", "name": "Lookers"})).size == 1
    with pytest.raises(segments.SegmentNotFound):
        await ask(shop, water, {"kind": "group", "name": "nobody"})


async def test_nothing_personal_and_no_customer_stands_in_the_lake(shop, people, water):
    await people.happens("email:ann@example.jp", minute=1, name="product.viewed")
    await shop.read()
    await water.carry(shop.pool)
    whole = b"".join(path.read_bytes() for path in water.folder.rglob("*.parquet"))
    assert b"example" not in whole


async def test_who_waits_no_longer_is_told_so(shop, people, water):
    await people.happens("user_id:ann", minute=1)
    await shop.read()
    with pytest.raises(LakeTooSlow):
        await segments.preview(
            shop.pool, water, did("purchase"), calendar=TOKYO, now=shop.now, most_s=0.0
        )


async def test_live_segments_and_the_count_of_everybody_agree(
    shop: Shop, people: People, water: Lake, is_long: bool, request: pytest.FixtureRequest
) -> None:
    """Random conditions over a random month, looked at by event, by time and by filling."""
    seed = seeds.drawn()
    chance = random.Random(seed)
    reached: Counter[str] = Counter()
    known: dict[str, tuple[int, dict[str, Any]]] = {}
    rounds = 6 if is_long else 2
    for round_ in range(rounds):
        for number in range(12 if is_long else 8):
            name = f"{round_}.{number}"
            expression = condition(chance, list(known))
            known[name] = (await shop.define(name, expression), expression)
        await happen(people, chance, 60)
        await stand(shop, chance, 40)
        if round_ == 0:
            await shop.read()
            await shop.bring("招待", "user_id\nu1\nu2\n")
            await shop.open_shops(**SHOPS)
        # The log is read by the day of arrival, and facts of ours arrive by this clock: only the
        # last round goes beyond today.
        shop.minute = chance.randrange(10, 20 if round_ < rounds - 1 else 60) * DAY
        await shop.read()
        await shop.fill()
        while await shop.wake():
            pass
        assert await shop.look_at_all() == 0, f"seed {seed}: somebody was not looked at in time"
        await water.carry(shop.pool)
        if chance.random() < 0.5:
            await water.merge(shop.pool)
        for name, (segment_id, expression) in known.items():
            inside = await shop.inside(segment_id)
            found = await ask(shop, water, expression)
            assert found.size == len(inside), f"seed {seed}, {name}: {expression}"
            assert set(found.sample) <= inside
            for kind in segments.LANGUAGE.kinds_in(segments.LANGUAGE.read(expression)):
                reached[f"{kind} {'some' if inside else 'none'}"] += 1
    tell(request, f"seed {seed}; reached: {dict(sorted(reached.items()))}")


async def test_whatever_lies_in_a_basket_was_bought(shop, people, water):
    for who, skus in (("ann", ["MUG", "SOFA"]), ("bo", ["MUG", "MUG"]), ("cy", ["SOFA"])):
        body = {
            "order_id": f"00000000-0000-4000-8000-0000000000{ord(who[0]):02x}", "system": "shop",
            "order_ref": who, "currency": "JPY", "total_minor": 500,
            "lines": [{"sku": sku, "qty": 1} for sku in skus],
        }  # fmt: skip
        await people.happens(f"user_id:{who}", minute=1, name="order.placed", body=body)
    claims = {
        "sofa": ("is", "SOFA", {"ann", "cy"}),
        "either": ("in", ["SOFA", "BED"], {"ann", "cy"}),
        "part": ("contains", "OF", {"ann", "cy"}),
        "begins": ("starts_with", "SO", {"ann", "cy"}),
        "none": ("is_not", "SOFA", {"bo"}),
        "neither": ("not_in", ["SOFA", "BED"], {"bo"}),
    }
    kept = {}
    for name, (op, value, _) in claims.items():
        where = [{"property": "sku", "op": op, "value": value}]
        expression = {"kind": "did", "match": {"events": ["purchase"], "where": where}}
        kept[name] = (await shop.define(name, expression), expression)
    await shop.read()
    await shop.fill()
    await water.carry(shop.pool)
    for name, (segment_id, expression) in kept.items():
        wanted = {await people.customer(f"user_id:{who}") for who in claims[name][2]}
        assert await shop.inside(segment_id) == wanted, name
        assert (await ask(shop, water, expression)).size == len(wanted), name
