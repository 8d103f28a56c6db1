"""Conditions about what stands: consent and reach, home and cart, relations."""

from __future__ import annotations

import pytest
from tests.customers.segments.conftest import STAFF, did

from setten.customers import relations, segments
from setten.customers.segments import CUSTOMERS_MAX
from setten.platform import clock, db
from setten.platform.expressions import BadExpression, TooLarge, UnknownName

ANN, BO, CY = "user_id:ann", "user_id:bo", "user_id:cy"
TOKYO, KOBE = (35.68, 139.76), (34.69, 135.19)


async def met(shop, *who: str) -> None:
    for one in who:
        await shop.people.happens(one, minute=1)
    await shop.read()


async def prefer(shop, who: str, value: bool) -> str:
    body = {"type": "track", "consent": {"Email": value}}
    return await shop.people.happens(who, minute=shop.minute, name="consent.reported", body=body)


async def test_a_word_of_consent_lets_her_in_and_out_at_once(shop, people):
    asks = {"kind": "consent", "channel": "email"}
    agreed = await shop.define("Agreed", asks)
    refused = await shop.define("Refused", {**asks, "state": "refused"})
    await met(shop, ANN, BO)
    assert await shop.inside(agreed) == set()
    await prefer(shop, ANN, True)
    await shop.read()
    assert await shop.is_in(ANN, agreed)
    shop.minute += 1
    await prefer(shop, ANN, False)
    await shop.read()
    assert not await shop.is_in(ANN, agreed)
    assert await shop.is_in(ANN, refused)
    assert not await shop.is_in(BO, refused), "who said nothing is in no state"
    [last, *_] = await shop.passages(agreed)
    assert (last.cause, last.entered) == ("event", False)


async def test_reach_asks_for_consent_an_address_and_no_bounce(shop, people):
    reached = await shop.define("Reached", {"kind": "reachable", "channel": "email"})
    await met(shop, ANN)
    await prefer(shop, ANN, True)
    await shop.read()
    assert not await shop.is_in(ANN, reached), "she has no mail address"
    await people.happens(ANN, "email:ann@example.jp", minute=shop.minute)
    await shop.read()
    shop.minute += 1
    await prefer(shop, ANN, True)
    await shop.read()
    assert await shop.is_in(ANN, reached)
    await people.happens("email:ann@example.jp", minute=shop.minute, name="custom.event",
                         body={"type": "track", "event": "Email Bounced"})  # fmt: skip
    await shop.read()
    assert not await shop.is_in(ANN, reached)


async def test_a_home_near_a_shop_and_a_shop_that_moves(shop, people):
    near = await shop.define("Near", {"kind": "lives_near", "location_id": "kobe", "km": 10})
    anywhere = await shop.define("Anywhere", {"kind": "lives_near", "km": 10})
    await met(shop, ANN, BO)
    assert await shop.open_shops(kobe=KOBE, ginza=TOKYO)
    await shop.fill()
    await shop.lives(ANN, 34.75, 135.20)
    await shop.lives(BO, 35.66, 139.73)
    await shop.read()
    assert await shop.inside(near) == {await people.customer(ANN)}
    assert len(await shop.inside(anywhere)) == 2
    shop.minute += 5
    await shop.lives(ANN, 43.06, 141.35)
    await shop.read()
    assert await shop.inside(near) == set()
    assert not await shop.open_shops(kobe=KOBE, ginza=TOKYO), "nothing has changed"
    assert await shop.open_shops(kobe=(43.05, 141.36))
    await shop.fill()
    assert await shop.inside(near) == {await people.customer(ANN)}
    assert await shop.inside(anywhere) == {await people.customer(ANN)}


async def test_goods_of_a_cart_that_come_back_near_home(shop, people):
    near = await shop.define("Back", {"kind": "cart_near", "km": 20})
    await met(shop, ANN, BO)
    await shop.open_shops(kobe=KOBE, ginza=TOKYO)
    for who in (ANN, BO):
        await shop.lives(who, *KOBE)
    await shop.carts(ANN, "SOFA", "MUG")
    await shop.stocked("SOFA", "ginza", "plenty")
    await shop.read()
    assert await shop.inside(near) == set(), "it is too far away"
    await shop.stocked("SOFA", "kobe", "few")
    await shop.read()
    assert await shop.inside(near) == {await people.customer(ANN)}
    [entered, *_] = await shop.passages(near)
    assert entered.event_id is not None, "the goods that came are the reason"
    await shop.stocked("SOFA", "kobe", "none")
    await shop.read()
    assert await shop.inside(near) == set()
    await shop.stocked("MUG", "kobe", "few")
    await shop.read()
    assert await shop.is_in(ANN, near)
    await shop.carts(ANN)
    await shop.read()
    assert await shop.inside(near) == set(), "an empty cart has nothing in it"


async def test_a_crowd_with_the_same_goods_is_looked_at_by_and_by(shop, people, monkeypatch):
    monkeypatch.setattr("setten.customers.segments.standing.CARTS_AT_ONCE", 2)
    near = await shop.define("Back", {"kind": "cart_near", "km": 20})
    crowd = [f"user_id:u{n}" for n in range(5)]
    await met(shop, *crowd)
    await shop.open_shops(kobe=KOBE)
    for who in crowd:
        await shop.lives(who, *KOBE)
        await shop.carts(who, "SOFA")
    await shop.read()
    await shop.stocked("SOFA", "kobe", "few")
    await shop.read()
    assert await shop.wake() >= 5
    assert len(await shop.inside(near)) == 5


async def test_what_a_relative_does_moves_her_and_ending_it_too(shop, people):
    asks = {"kind": "related", "relation": "household", "of": did("purchase")}
    kin = await shop.define("Kin bought", asks)
    has = await shop.define("Has kin", {"kind": "related", "relation": "household"})
    await met(shop, ANN, BO, CY)
    made = await shop.relate("household", ANN, BO)
    await shop.read()
    assert await shop.inside(has) == {await people.customer(ANN), await people.customer(BO)}
    assert await shop.inside(kin) == set()
    await people.happens(BO, minute=shop.minute, name="receipt.recorded", body={
        "receipt_id": "0190a0a0-0000-7000-8000-000000000001", "location_id": "kobe",
        "register": "1", "sequence": "1", "business_day": "2026-11-01", "currency": "JPY",
        "total_minor": 900, "lines": [{"sku": "MUG", "qty": 1}],
    })  # fmt: skip
    await shop.read()
    assert await shop.inside(kin) == {await people.customer(ANN)}
    [entered, *_] = await shop.passages(kin)
    assert entered.event_id is not None
    async with db.transaction(shop.pool) as conn:
        await relations.end(
            conn, people.vault, STAFF, customer_id=await people.customer(ANN),
            relation_id=made.relation.relation_id, reason=None, now=clock.now(),
        )  # fmt: skip
    await shop.read()
    assert await shop.inside(kin) == set() == await shop.inside(has)


async def test_somebody_with_thousands_of_relations_moves_them_all_some_at_a_time(shop, people):
    crowd = CUSTOMERS_MAX * 2 + 100
    guests = await shop.define("Brought by a regular", {
        "kind": "related", "relation": "referred_by", "of": did("product.viewed")})  # fmt: skip
    await met(shop, ANN)
    number = await people.number(ANN)
    async with db.transaction(shop.pool) as conn:
        await conn.execute(
            "insert into customers.customers (customer_id, created_at)"
            " select md5('g' || n)::uuid, now() from generate_series(1, $1::int) n",
            crowd,
        )
        await conn.execute(
            "insert into customers.identifiers"
            " (identifier_id, kind, customer_id, born_as, first_at)"
            " select n, 'user_id', md5('g' || n)::uuid, md5('g' || n)::uuid, now()"
            " from generate_series(1, $1::int) n",
            crowd,
        )
        await conn.execute(
            "insert into customers.relations (relation_id, kind, one, other, made_at, made_by)"
            " select gen_random_uuid(), 'referrer', $2, n, now(), 'staff:x'"
            " from generate_series(1, $1::int) n", crowd, number)  # fmt: skip
    await shop.fill()
    assert await shop.inside(guests) == set()
    await people.happens(ANN, minute=shop.minute, name="product.viewed")
    await shop.read()
    while await shop.wake():
        pass
    async with shop.pool.acquire() as conn:
        assert (await segments.get(conn, guests)).size == crowd


async def test_relations_have_a_direction(shop, people):
    asks = {"kind": "related", "of": {"kind": "lives_near", "km": 5}}
    ours = await shop.define("Friends live near", {**asks, "relation": "referred"})
    theirs = await shop.define("Referrer lives near", {**asks, "relation": "referred_by"})
    await met(shop, ANN, BO)
    await shop.open_shops(kobe=KOBE)
    await shop.relate("referrer", ANN, BO)
    await shop.lives(BO, *KOBE)
    await shop.read()
    await shop.fill()
    assert await shop.inside(ours) == {await people.customer(ANN)}
    assert await shop.inside(theirs) == set()


async def test_time_that_passes_for_a_relative_is_noticed(shop, people):
    lately = {"kind": "related", "relation": "household", "of": did("page.viewed", days=2)}
    kin = await shop.define("Kin looked lately", lately)
    await met(shop, ANN, BO)
    await shop.relate("household", ANN, BO)
    await people.happens(BO, minute=shop.minute)
    await shop.read()
    assert await shop.is_in(ANN, kin)
    shop.minute += 3 * 24 * 60
    while await shop.wake():
        pass
    assert not await shop.is_in(ANN, kin)
    assert await shop.look_at_all() == 0


async def test_a_segment_may_be_asked_of_somebody_related_and_no_deeper(shop, people):
    await shop.define("Buyers", did("purchase"))
    of = {"kind": "group", "name": "Buyers"}
    deep = {"kind": "related", "relation": "household", "of": of}
    kin = await shop.define("Kin of buyers", deep)
    again = {**deep, "of": {"kind": "group", "name": "Kin of buyers"}}
    with pytest.raises(segments.RelatedTooDeep):
        await shop.define("Kin of kin", again)
    with pytest.raises(BadExpression):
        await shop.define("Kin of kin", {**deep, "of": deep})
    with pytest.raises(segments.RelatedTooDeep):
        await shop.change(1, {"kind": "related", "relation": "referred"})
    assert await shop.inside(kin) == set()


@pytest.mark.parametrize(
    ("bad", "refusal"),
    [
        ({"kind": "consent", "channel": "pigeon"}, BadExpression),
        ({"kind": "consent", "channel": "email", "purpose": "A b"}, UnknownName),
        ({"kind": "reachable"}, BadExpression),
        ({"kind": "lives_near", "km": 0}, TooLarge),
        ({"kind": "lives_near", "km": 5.5}, BadExpression),
        ({"kind": "lives_near", "km": 5, "location_id": ""}, UnknownName),
        ({"kind": "lives_near", "km": 5, "location_id": "a\0"}, UnknownName),
        ({"kind": "cart_near", "km": 201}, TooLarge),
        ({"kind": "listed", "name": ""}, UnknownName),
        ({"kind": "listed", "name": "x" * 101}, TooLarge),
        ({"kind": "related", "relation": "enemy"}, UnknownName),
    ],
)
def test_what_no_condition_can_say_is_refused(bad, refusal):
    with pytest.raises(refusal):
        segments.LANGUAGE.read(bad)
