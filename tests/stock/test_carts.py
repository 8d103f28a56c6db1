"""One cart for a customer on every screen: no edit is lost, none counts twice."""

import asyncio
import random
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stock.conftest import NOW, Shop

from setten.facts.commerce import CartChanged, CartLeft
from setten.platform import db
from setten.stock import carts, catalog
from setten.stock.carts import Add, Cart, Change, Remove, SetMethod, SetQty
from setten.stock.carts.rules import apply, merged
from setten.stock.catalog import Item
from setten.stock.locations import Directory

PHONE, LAPTOP, CARD = 11, 12, 13


async def change(
    pool: db.Pool, *changes: Change, under: int = PHONE, whose: Sequence[int] = (), **more
) -> carts.Changed:
    async with db.transaction(pool) as conn:
        return await carts.change(
            conn, whose or (under,), changes, under=under, channel=more.pop("channel", "web"),
            now=more.pop("now", NOW),
        )  # fmt: skip


def units(cart: Cart | None) -> dict[str, int]:
    return {line.sku: line.qty for line in cart.lines} if cart else {}


async def facts(pool: db.Pool, kind: type = CartChanged) -> list:
    rows = await pool.fetch(
        "select identifiers, body from log.events where name = $1 order by position",
        kind.event_name,
    )
    return [(row["identifiers"], msgspec.json.decode(row["body"], type=kind)) for row in rows]


async def test_what_is_put_in_is_there_and_told(shop: Shop):
    done = await change(shop.pool, Add(sku="mug", qty=2), Add(sku="sofa"))
    assert units(done.cart) == {"mug": 2, "sofa": 1}
    ((whose, fact),) = await facts(shop.pool)
    assert whose == [PHONE]
    assert [(line.sku, line.qty) for line in fact.lines] == [("mug", 2), ("sofa", 1)]
    assert done.event_id is not None


async def test_signing_in_brings_carts_together_and_a_split_takes_them_apart(shop: Shop):
    await change(shop.pool, Add(sku="mug", qty=2), under=PHONE)
    await change(shop.pool, Add(sku="mug"), Add(sku="rug"), under=LAPTOP, channel="app")
    both = await carts.find(shop.pool, [PHONE, LAPTOP])
    assert units(both) == {"mug": 3, "rug": 1}
    line = both.line("mug")
    assert line is not None
    assert line.channels == ("web", "app")
    # As one person she changes what she put in as two.
    now_ = await change(shop.pool, SetQty(sku="mug", qty=5, version=line.version),
                        Remove(sku="rug"), under=PHONE, whose=[PHONE, LAPTOP])  # fmt: skip
    assert units(now_.cart) == {"mug": 5}
    assert units(await carts.find(shop.pool, [LAPTOP])) == {"mug": 1}
    assert units(await carts.find(shop.pool, [PHONE])) == {"mug": 4}


async def test_twenty_edits_at_once_from_two_screens_all_count(shop: Shop):
    skus = ("mug", "lamp", "rug")

    async def one(n: int) -> None:
        under = (PHONE, LAPTOP)[n % 2]
        await change(shop.pool, Add(sku=skus[n % 3]), under=under, whose=[PHONE, LAPTOP])

    await asyncio.gather(*(one(n) for n in range(21)))
    assert units(await carts.find(shop.pool, [PHONE, LAPTOP])) == {"mug": 7, "lamp": 7, "rug": 7}
    assert len(await facts(shop.pool)) == 21


async def test_of_two_who_set_the_same_line_the_second_is_told(shop: Shop):
    cart = (await change(shop.pool, Add(sku="mug"))).cart
    version = cart.lines[0].version
    done = await asyncio.gather(
        *(change(shop.pool, SetQty(sku="mug", qty=n, version=version)) for n in (4, 6)),
        return_exceptions=True,
    )
    refused = [one for one in done if isinstance(one, carts.LineChanged)]
    assert len(refused) == 1
    there = units(await carts.find(shop.pool, [PHONE]))["mug"]
    assert refused[0].facts == {"sku": "mug", "qty": there, "version": version + 1}


async def test_all_of_a_call_or_nothing(shop: Shop):
    await change(shop.pool, Add(sku="mug"))
    with pytest.raises(catalog.UnknownItem):
        await change(shop.pool, Add(sku="rug"), Add(sku="no such thing"))
    with pytest.raises(carts.LineChanged):
        await change(shop.pool, Add(sku="rug"), SetQty(sku="mug", qty=2, version=99))
    assert units(await carts.find(shop.pool, [PHONE])) == {"mug": 1}
    assert len(await facts(shop.pool)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        Add(sku="mug", qty=0),
        Add(sku="mug", qty=10_000),
        SetQty(sku="mug", qty=-1, version=0),
        Add(sku="mug", method="pickup"),
        Add(sku="mug", method="ship", location_id="ginza"),
        SetMethod(sku="mug", method="drone"),
    ],
)
async def test_what_cannot_be_meant_is_refused(shop: Shop, bad: Change):
    with pytest.raises(carts.BadCartChange):
        await change(shop.pool, bad)


async def test_a_cart_has_limits(shop: Shop):
    await change(shop.pool, Add(sku="mug", qty=1000))
    with pytest.raises(carts.CartFull):
        await change(shop.pool, Add(sku="mug"), under=LAPTOP, whose=[PHONE, LAPTOP])


async def test_a_line_taken_out_never_comes_back_by_a_late_edit(shop: Shop):
    cart = (await change(shop.pool, Add(sku="mug", qty=3))).cart
    await change(shop.pool, Remove(sku="mug"))
    with pytest.raises(carts.LineChanged):
        await change(shop.pool, SetQty(sku="mug", qty=3, version=cart.lines[0].version))
    again = await change(shop.pool, Remove(sku="mug"))
    assert again.event_id is None
    assert again.cart.lines == ()


async def test_price_stock_and_promise_are_those_of_the_moment_of_looking(shop: Shop):
    async with db.transaction(shop.pool) as conn:
        await catalog.put(
            conn,
            [
                Item(sku="mug", name_ja="m", name_en="m", price_minor=1080, currency="JPY",
                     tax_rate=Decimal("0.08")),
                Item(sku="sofa", name_ja="s", name_en="s", price_minor=50000, currency="JPY",
                     tax_included=False),
            ],
            now=NOW,
        )  # fmt: skip
    await shop.receive("mug", 2, at="depot")
    await shop.receive("sofa", 1, at="ginza")
    await change(shop.pool, Add(sku="mug", qty=3), Add(sku="sofa", method="pickup",
                 location_id="ginza"), Add(sku="rug"))  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        cart = await carts.find(conn, [PHONE])
        found = await carts.quote(
            conn, Directory(), cart, now=NOW, senders=["depot"], shipping_minor=550
        )
    assert [(q.unit_price_minor, q.amount_minor, q.available) for q in found.lines] == [
        (1080, 3240, 2),
        (None, 0, 0),
        (55000, 55000, 1),
    ]
    assert [(one.sku, one.why) for one in found.problems] == [
        ("mug", "out_of_stock"),
        ("rug", "no_price"),
    ]
    assert found.total_minor == 3240 + 55000 + 550
    assert [(str(t.rate), t.tax_minor) for t in found.taxes] == [("0.1", 5050), ("0.08", 240)]


async def hand_over(pool: db.Pool, *whose: int, now=NOW) -> carts.Handed:
    async with db.transaction(pool) as conn:
        return await carts.hand_over(conn, await carts.find(conn, whose), now=now)


async def by_code(pool: db.Pool, code: str, *, by: str = "staff:a", now=NOW) -> int | None:
    async with db.transaction(pool) as conn:
        return await carts.find_by_code(conn, code, by=by, now=now)


async def test_a_code_leads_to_the_cart_for_a_while(shop: Shop):
    await change(shop.pool, Add(sku="mug"))
    first = await hand_over(shop.pool, PHONE)
    second = await hand_over(shop.pool, PHONE)
    assert await by_code(shop.pool, f" {second.code[:3]} {second.code[3:]} ") == PHONE
    if first.code != second.code:
        assert await by_code(shop.pool, first.code) is None
    late = NOW + carts.CODE_LASTS
    assert await by_code(shop.pool, second.code, now=late) is None
    with pytest.raises(carts.UnknownCartCode):
        await carts.find_by_token(shop.pool, second.token, now=late)
    assert await carts.find_by_token(shop.pool, second.token, now=NOW) == PHONE


async def test_codes_cannot_be_guessed(shop: Shop):
    await change(shop.pool, Add(sku="mug"))
    handed = await hand_over(shop.pool, PHONE)
    wrong = f"{(int(handed.code) + 1) % 1_000_000:06d}"
    for _ in range(10):
        assert await by_code(shop.pool, wrong) is None
    with pytest.raises(carts.TooManyCartGuesses):
        await by_code(shop.pool, handed.code)
    assert await by_code(shop.pool, handed.code, by="staff:b") == PHONE
    assert await by_code(shop.pool, handed.code, now=NOW + timedelta(minutes=11)) == PHONE


async def take(pool: db.Pool, giver: Sequence[int], taker: Sequence[int]) -> carts.Changed:
    async with db.transaction(pool) as conn:
        return await carts.take(conn, giver, taker, under=taker[0], channel="web", now=NOW)


async def test_a_cart_filled_in_the_shop_goes_home_with_its_customer(shop: Shop):
    await change(shop.pool, Add(sku="sofa", method="pickup", location_id="ginza"), under=CARD)
    await change(shop.pool, Add(sku="mug"), under=PHONE)
    taken = await take(shop.pool, [CARD], [PHONE])
    assert units(taken.cart) == {"mug": 1, "sofa": 1}
    sofa = taken.cart.line("sofa")
    assert sofa is not None
    assert sofa.location_id == "ginza"
    assert await carts.open_of(shop.pool, [CARD]) is None
    with pytest.raises(carts.UnknownCart):
        await take(shop.pool, [CARD], [PHONE])


async def test_two_who_take_each_others_carts_do_not_wait_for_ever(shop: Shop):
    await change(shop.pool, Add(sku="mug", qty=2), under=PHONE)
    await change(shop.pool, Add(sku="rug", qty=3), under=CARD)
    await asyncio.gather(take(shop.pool, [CARD], [PHONE]), take(shop.pool, [PHONE], [CARD]))
    both = await carts.find(shop.pool, [PHONE, CARD])
    assert units(both) == {"mug": 2, "rug": 3}


async def test_a_cart_that_nobody_touches_is_told_once_with_its_reason(shop: Shop):
    cart = (await change(shop.pool, Add(sku="mug"))).cart
    await change(shop.pool, Add(sku="rug"), under=LAPTOP)
    async with db.transaction(shop.pool) as conn:
        await carts.note_refusal(conn, cart, refusal=None, shipping_minor=550)
        assert await carts.tidy(conn, now=NOW + timedelta(minutes=59)) == 0
        assert await carts.tidy(conn, now=NOW + timedelta(minutes=61)) == 2
        assert await carts.tidy(conn, now=NOW + timedelta(minutes=62)) == 0
    told = {whose[0]: fact for whose, fact in await facts(shop.pool, CartLeft)}
    assert (told[PHONE].reason, told[PHONE].shipping_minor) == ("shipping_cost", 550)
    assert told[LAPTOP].reason is None
    listed = await carts.latest(shop.pool, only_left=True)
    assert len(listed) == 2
    # Touched again it is a cart like any other, and may be left again.
    await change(shop.pool, Add(sku="mug"), now=NOW + timedelta(hours=2))
    assert len(await carts.latest(shop.pool, only_left=True)) == 1


async def test_a_cart_of_last_season_is_dropped(shop: Shop):
    await change(shop.pool, Add(sku="mug"))
    async with db.transaction(shop.pool) as conn:
        await carts.tidy(conn, now=NOW + timedelta(days=91))
    assert await carts.open_of(shop.pool, [PHONE]) is None


SKUS = ("a", "b", "c")
_change = st.one_of(
    st.builds(Add, sku=st.sampled_from(SKUS), qty=st.integers(1, 5)),
    st.builds(Add, sku=st.sampled_from(SKUS), qty=st.integers(-5, -1)),
    st.builds(Remove, sku=st.sampled_from(SKUS)),
    st.builds(SetMethod, sku=st.sampled_from(SKUS), method=st.just("ship")),
)


def played(changes: Sequence[tuple[Change, int]]) -> dict[str, int]:
    rows: dict = {}
    for n, (one, part) in enumerate(changes):
        rows = apply(rows, [one], into=UUID(int=part + 1), channel="web",
                     now=NOW + timedelta(seconds=n))  # fmt: skip
    return {line.sku: line.qty for line in merged(rows)}


@given(
    st.lists(
        st.tuples(st.builds(Add, sku=st.sampled_from(SKUS), qty=st.integers(1, 9)),
                  st.integers(0, 2)),
        max_size=20,
    ),
    st.randoms(),
)  # fmt: skip
def test_what_is_put_in_adds_up_in_every_order_and_wherever_it_stands(changes, chance):
    shuffled = list(changes)
    chance.shuffle(shuffled)
    assert played(shuffled) == played(changes)
    expected: dict[str, int] = {}
    for one, _ in changes:
        expected[one.sku] = expected.get(one.sku, 0) + one.qty
    assert played(changes) == expected


@given(st.lists(st.tuples(_change, st.integers(0, 2)), max_size=30))
def test_a_cart_over_three_screens_is_the_cart_of_one(changes):
    assert played(changes) == played([(one, 0) for one, _ in changes])


def test_versions_only_rise():
    chance, rows, last = random.Random(7), {}, {}
    for n in range(500):
        sku = chance.choice(SKUS)
        one = chance.choice([Add(sku=sku), Add(sku=sku, qty=-1), Remove(sku=sku)])
        rows = apply(rows, [one], into=UUID(int=chance.randint(1, 3)), channel="web",
                     now=NOW + timedelta(seconds=n))  # fmt: skip
        for line in merged(rows):
            seen = last.get(line.sku)
            assert seen is None or (line.version, line.qty) >= seen or line.version > seen[0]
            last[line.sku] = (line.version, line.qty)
