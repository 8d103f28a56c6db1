"""One view of a customer."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.customers.conftest import START
from tests.customers.timeline.test_timeline import receipt
from tests.reading import caught_up

from setten.customers import homes, identity, profiles
from setten.platform import db
from setten.platform.vault import Trait


async def tell(people, vault, said: str, field: str, value: object, minute: int) -> None:
    """A personal trait, as ingest hands it to the vault."""
    number = await people.number(said)
    at = START + timedelta(minutes=minute)
    async with db.transaction(people.pool) as conn:
        await vault.put_traits(conn, [Trait(number, field, value, at)])


async def profile_of(people, vault, said: str, **more: bool) -> profiles.Profile:
    owner = await people.customer(said)
    async with people.pool.acquire() as conn:
        return await profiles.get(conn, vault, owner, **more)


async def test_identifiers_are_masked_until_they_are_revealed(people, vault):
    await people.happens("email:hanako@example.jp", "phone:090-1234-2266", "loyalty_card:1234417")
    await people.read()
    shut = await profile_of(people, vault, "loyalty_card:1234417")
    assert [(one.kind, one.value) for one in shut.identifiers] == [
        ("loyalty_card", "••4417"),
        ("email", "h•••@example.jp"),
        ("phone", "090-••••-2266"),
    ]
    whole = await profile_of(people, vault, "loyalty_card:1234417", reveal=True)
    assert "hanako@example.jp" in [one.value for one in whole.identifiers]


async def test_the_newest_word_of_each_trait_wins_over_all_identifiers(people, vault):
    said = {"type": "identify", "traits": {"tier": "silver", "size": "M"}}
    await people.happens("anonymous_id:a", "user_id:ann", minute=1, name="customer.identified",
                         body=said)  # fmt: skip
    await people.happens("loyalty_card:4417", "user_id:ann", minute=2)
    await people.happens("loyalty_card:4417", minute=3, name="customer.identified",
                         body={"type": "identify", "traits": {"tier": "gold"}})  # fmt: skip
    await tell(people, vault, "user_id:ann", "last_name", "旧姓", 1)
    await tell(people, vault, "loyalty_card:4417", "last_name", "山田", 3)
    await people.read()
    found = await profile_of(people, vault, "user_id:ann")
    assert found.traits == {"tier": "gold", "size": "M", "last_name": "山田"}
    plain = await profile_of(people, vault, "user_id:ann", personal=False)
    assert "last_name" not in plain.traits


async def test_a_late_identify_does_not_overwrite_a_newer_one(people, vault):
    for minute, tier in ((5, "gold"), (1, "silver")):
        await people.happens("user_id:ann", minute=minute, name="customer.identified",
                             body={"type": "identify", "traits": {"tier": tier}})  # fmt: skip
        await people.read()
    assert (await profile_of(people, vault, "user_id:ann")).traits == {"tier": "gold"}


async def test_purchases_add_up_by_channel_and_the_home_shop_is_where_most_were_made(people, vault):
    for minute, (place, yen) in enumerate((("kobe", 1_000), ("kobe", 2_000), ("naha", 500))):
        await people.happens("loyalty_card:4417", minute=minute, name="receipt.recorded",
                             channel="store", location_id=place, body=receipt(yen))  # fmt: skip
    await people.happens("loyalty_card:4417", minute=9, name="receipt.recorded", channel="store",
                         location_id="naha", body=receipt(-500))  # fmt: skip
    await people.read()
    found = await profile_of(people, vault, "loyalty_card:4417")
    [shop] = found.purchases
    assert (shop.n, shop.total_minor, shop.currency) == (3, 3_000, "JPY")
    assert found.home_location_id == "kobe"
    assert found.counters == {"receipt.recorded": 4}


SHOPS = {"kichijoji": (35.703, 139.580), "mitaka": (35.702, 139.560), "yokohama": (35.466, 139.622)}
IN_KICHIJOJI, IN_YOKOHAMA, IN_NAHA = (35.71, 139.58), (35.45, 139.64), (26.21, 127.68)


@pytest.fixture
def lives(people, vault, pool):
    """She tells where she lives, in a town with three shops."""

    async def say(who: str, minute: int, at: tuple[float, float]) -> None:
        async with db.transaction(pool) as conn:
            await conn.executemany(
                "insert into customers.segment_places values ($1, $2, $3) on conflict do nothing",
                [(name, lat, lon) for name, (lat, lon) in SHOPS.items()],
            )
        await tell(people, vault, who, "address", {"lat": at[0], "lon": at[1]}, minute)
        await people.happens(who, minute=minute, name="customer.identified",
                             body={"type": "identify"})  # fmt: skip
        await people.read()
        for reader in homes.readers(vault):
            await caught_up(reader, pool)

    return say


async def buys(people, place: str, minute: int, who: str = "user_id:ann") -> None:
    await people.happens(who, minute=minute, name="receipt.recorded", channel="store",
                         location_id=place, body=receipt(1_000))  # fmt: skip
    await people.read()


async def shop_of(people, vault, who: str = "user_id:ann") -> str | None:
    return (await profile_of(people, vault, who)).home_location_id


async def test_a_move_of_home_moves_the_home_shop(people, vault, lives):
    for minute in range(3):
        await buys(people, "kichijoji", minute)
    await lives("user_id:ann", 5, IN_KICHIJOJI)
    assert await shop_of(people, vault) == "kichijoji"
    await lives("user_id:ann", 10, IN_YOKOHAMA)
    assert await shop_of(people, vault) == "yokohama", "what she did before was elsewhere"
    await buys(people, "mitaka", 20)
    assert await shop_of(people, vault) == "mitaka", "she shops on her way from work now"
    await lives("user_id:ann", 30, IN_NAHA)
    assert await shop_of(people, vault) == "kichijoji", "no shop is near: what it was"


async def test_a_shop_she_named_is_hers_until_she_moves_away_from_it(people, vault, lives):
    said = {"type": "identify", "traits": {"home_store": "mitaka"}}
    await people.happens("user_id:ann", minute=1, name="customer.identified", body=said)
    await lives("user_id:ann", 2, IN_KICHIJOJI)
    assert await shop_of(people, vault) == "mitaka"
    await lives("user_id:ann", 3, (35.70, 139.57))
    assert await shop_of(people, vault) == "mitaka", "she has moved around the corner"
    await lives("user_id:ann", 4, IN_YOKOHAMA)
    assert await shop_of(people, vault) == "yokohama"
    await people.happens("user_id:ann", minute=5, name="customer.identified", body=said)
    await people.read()
    assert await shop_of(people, vault) == "mitaka", "she says so again, living where she does"


async def test_a_move_told_under_another_identifier_counts_and_goes_with_a_split(
    people, vault, lives
):
    await buys(people, "kichijoji", 1)
    await lives("user_id:ann", 2, IN_KICHIJOJI)
    await lives("line_id:U1", 3, IN_YOKOHAMA)
    assert await shop_of(people, vault, "line_id:U1") == "yokohama"
    await people.happens("user_id:ann", "line_id:U1", minute=4)
    await people.read()
    assert await shop_of(people, vault) == "yokohama"
    await lives("user_id:ann", 1, IN_KICHIJOJI)
    assert await shop_of(people, vault) == "yokohama", (
        "a late word of an older home changes nothing"
    )


async def test_the_same_address_said_again_or_placed_better_is_no_move(people, vault, pool, lives):
    await buys(people, "mitaka", 1)
    await lives("user_id:ann", 2, IN_KICHIJOJI)
    await lives("user_id:ann", 3, IN_KICHIJOJI)
    async with db.transaction(pool) as conn:
        await conn.execute("update customers.homes set lat = 35.45, lon = 139.64")
    await homes.work_out_again(pool, vault)
    async with pool.acquire() as conn:
        assert await conn.fetchval("select lat from customers.homes") == Decimal("35.71")
    assert await shop_of(people, vault) == "mitaka"


async def test_who_has_bought_nothing_yet_has_the_shop_near_her(people, vault, lives):
    await lives("user_id:ann", 1, IN_YOKOHAMA)
    assert await shop_of(people, vault) == "yokohama"


async def test_what_she_looked_at_last_comes_first_and_once(people, vault):
    for minute, sku in enumerate(("MUG", "SOFA-BL", "MUG", "SOFA-GR")):
        body = {"type": "track", "item": {"sku": sku, "name": sku, "product_id": "p"}}
        await people.happens("anonymous_id:a", minute=minute, name="product.viewed", body=body)
    await people.read()
    found = await profile_of(people, vault, "anonymous_id:a")
    assert [(one.sku, one.n) for one in found.last_viewed] == [
        ("SOFA-GR", 1),
        ("MUG", 2),
        ("SOFA-BL", 1),
    ]
    assert found.first_at == START
    assert found.last_at == START + timedelta(minutes=3)


async def test_names_for_a_list_come_together_and_nothing_else_is_opened(people, vault, pool):
    for who in ("ann", "bo"):
        await people.happens(f"user_id:{who}")
        await tell(people, vault, f"user_id:{who}", "last_name", who, 1)
        await tell(people, vault, f"user_id:{who}", "birthday", "1990-01-01", 1)
    await people.happens("user_id:nameless")
    await people.read()
    owners = [await people.customer(f"user_id:{who}") for who in ("ann", "bo", "nameless")]
    async with pool.acquire() as conn:
        found = await profiles.told(conn, vault, owners, ["last_name"])
    assert found == {
        owners[0]: {"last_name": "ann"},
        owners[1]: {"last_name": "bo"},
        owners[2]: {},
    }


async def test_an_id_that_was_merged_away_still_opens_the_survivor(people, vault, pool):
    await people.happens("anonymous_id:a", minute=1)
    await people.happens("user_id:ann", minute=2)
    await people.read()
    gone = await people.customer("user_id:ann")
    await people.happens("anonymous_id:a", "user_id:ann", minute=3)
    await people.read()
    async with pool.acquire() as conn:
        found = await profiles.get(conn, vault, gone)
    assert found.customer_id == await people.customer("anonymous_id:a")
    assert found.merged == (gone,)


async def test_a_customer_nobody_knows_is_refused(pool, vault):
    async with pool.acquire() as conn:
        with pytest.raises(identity.CustomerNotFound):
            await profiles.get(conn, vault, uuid.uuid4())


@pytest.mark.parametrize(
    ("said", "by"),
    [
        ("０９０−１２３４−２２６６", "phone"),
        ("Hanako@Example.jp", "email"),
        ("4417", "loyalty_card"),
        ("山田", "search"),
        ("ヤマダ", "search"),
        ("2266", "search"),
    ],
)
async def test_somebody_at_a_counter_is_found_by_what_she_says(people, vault, pool, said, by):
    await people.happens("email:hanako@example.jp", "phone:090-1234-2266", "loyalty_card:4417")
    await tell(people, vault, "loyalty_card:4417", "last_name", "山田", 1)
    await tell(people, vault, "loyalty_card:4417", "last_name_kana", "やまだ", 1)
    await tell(people, vault, "loyalty_card:4417", "phone", "090-1234-2266", 1)
    await people.read()
    async with pool.acquire() as conn:
        found = await identity.find_by(conn, vault, said)
    assert [(one.customer_id, one.by) for one in found] == [
        (await people.customer("loyalty_card:4417"), by)
    ]


async def test_a_name_and_its_reading_are_one_person_s(people, vault):
    await people.happens("user_id:ann", minute=1)
    await people.happens("loyalty_card:4417", minute=2)
    for who, said, minute in (
        ("user_id:ann", {"name": "川村 梓", "name_kana": "かわむら あずさ", "size": "M"}, 1),
        ("loyalty_card:4417", {"last_name": "田中", "first_name": "哲也", "kana": "たなか"}, 2),
    ):
        for field, value in said.items():
            await tell(people, vault, who, field, value, minute)
    await people.happens("loyalty_card:4417", "user_id:ann", minute=3)
    await people.read()
    found = await profile_of(people, vault, "user_id:ann")
    assert found.traits == {
        "last_name": "田中", "first_name": "哲也", "kana": "たなか", "size": "M",
    }  # fmt: skip


async def test_a_reading_told_elsewhere_stays_with_the_same_name(people, vault):
    await people.happens("loyalty_card:4417", "user_id:ann", minute=1)
    await people.happens("user_id:ann", "phone:090-1234-2266", minute=1)
    await tell(people, vault, "user_id:ann", "name", "川村 梓", 3)
    await tell(people, vault, "loyalty_card:4417", "last_name", "川村", 1)
    await tell(people, vault, "loyalty_card:4417", "first_name", "梓", 1)
    await tell(people, vault, "loyalty_card:4417", "last_name_kana", "カワムラ", 1)
    await tell(people, vault, "phone:090-1234-2266", "first_name_kana", "アズサ", 1)
    await people.read()
    found = await profile_of(people, vault, "user_id:ann")
    assert found.traits["last_name_kana"] == "カワムラ"
    assert found.traits["first_name_kana"] == "アズサ"
    assert found.traits["name"] == "川村 梓"


async def test_what_staff_and_the_clock_do_about_her_is_no_visit_of_hers(people, vault):
    await people.happens("user_id:ann", minute=1)
    for minute, name in enumerate(("customer.stage_changed", "stock.hold_expired", "reach.lost")):
        await people.happens("user_id:ann", minute=10 + minute, name=name)
    await people.happens("loyalty_card:4417", minute=5)
    await people.read()
    await people.happens("loyalty_card:4417", "user_id:ann", minute=6)
    await people.read()
    await people.read()  # that they were merged is told, and stands on her timeline
    assert await people.facts("customer.merged")
    found = await profile_of(people, vault, "user_id:ann")
    assert found.last_at == START + timedelta(minutes=6)
