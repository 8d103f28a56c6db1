"""Where it is: many questions at once, odd names, holds that have run out, the whole globe."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from tests.stock.conftest import NOW

from setten.platform import db
from setten.stock import availability, catalog, locations
from setten.stock.availability import Nearby
from setten.stock.catalog import Item
from setten.stock.locations import Directory, Location, distance_km
from setten.stock.movements import Movement

TOKYO = (35.68, 139.76)


async def asked(shop, *questions: Nearby, later_s: int = 0) -> list[list[tuple[str, str, int]]]:
    async with shop.pool.acquire() as conn:
        answers = await availability.near_many(
            conn, Directory(), questions, now=NOW + timedelta(seconds=later_s)
        )
    return [[(one.sku, one.location_id, one.available) for one in rows] for rows in answers]


def near(
    *skus: str, radius_km: float = 20.0, limit: int = 10, include_empty: bool = False
) -> Nearby:
    lat, lon = TOKYO
    return Nearby(skus=skus, lat=lat, lon=lon, radius_km=radius_km, limit=limit,
                  include_empty=include_empty)  # fmt: skip


async def test_questions_of_one_moment_get_their_own_answers(shop):
    await shop.receive("mug", 5)
    await shop.receive("mug", 2, at="ueno")
    await shop.receive("sofa", 1, at="ueno")
    answers = await asked(
        shop,
        near("mug"),
        near("sofa", "lamp"),
        near("mug", limit=1),
        near("rug"),
        near("mug", "mug"),
    )
    both = [("mug", "ginza", 5), ("mug", "ueno", 2)]
    assert answers == [both, [("sofa", "ueno", 1)], [("mug", "ginza", 5)], [], both]


async def test_a_question_of_another_never_fills_ones_own_places(shop):
    await shop.receive("mug", 5)
    await shop.receive("mug", 7, at="depot")
    wide, narrow = await asked(shop, near("mug", radius_km=500), near("mug", radius_km=2))
    assert [place for _, place, _ in wide] == ["ginza", "depot"]
    assert [place for _, place, _ in narrow] == ["ginza"]


async def test_places_without_any_are_named_when_asked_for(shop):
    await shop.receive("mug", 5)
    [answer] = await asked(shop, near("mug", "nothing", include_empty=True, limit=2))
    assert answer == [("mug", "ginza", 5), ("mug", "ueno", 0)]


@pytest.mark.parametrize(
    "sku", ['6" pot', "back\\slash", "a,b", "{curly}", "NULL", "ソファ 青", "'"]
)
async def test_a_sku_is_found_whatever_it_is_made_of(shop, sku):
    async with db.transaction(shop.pool) as conn:
        await catalog.put(conn, [Item(sku=sku, name_ja=sku, name_en=sku)], now=NOW)
    await shop.move(Movement(kind="receive", sku=sku, location_id="ginza", qty=3))
    assert await asked(shop, near(sku), near("mug")) == [[(sku, "ginza", 3)], []]


async def test_a_hold_that_has_run_out_is_free_to_all_who_ask(shop):
    await shop.receive("mug", 5)
    await shop.receive("sofa", 5)
    await shop.hold(("mug", "ginza", 4), ttl_s=60)
    assert await asked(shop, near("mug"), near("sofa")) == [
        [("mug", "ginza", 1)], [("sofa", "ginza", 5)]]  # fmt: skip
    assert await asked(shop, near("mug"), near("mug", "sofa"), later_s=61) == [
        [("mug", "ginza", 5)], [("mug", "ginza", 5), ("sofa", "ginza", 5)]]  # fmt: skip


async def test_the_farther_places_are_looked_at_when_the_nearest_have_none(shop):
    places = [
        Location(location_id=f"far-{n:03d}", name_ja="店", name_en="Shop", kind="shop",
                 lat=36.0 + n / 1000, lon=139.76)
        for n in range(60)
    ]  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        assert not await locations.put(conn, places, now=NOW)
    await shop.receive("lamp", 2, at="far-059")
    await shop.receive("mug", 2)
    lamp, mug = await asked(shop, near("lamp", radius_km=100), near("mug", radius_km=100))
    assert (lamp, mug) == ([("lamp", "far-059", 2)], [("mug", "ginza", 2)])


async def test_near_finds_the_same_places_as_measuring_every_one(pool):
    chance = random.Random(7)
    places = [
        Location(location_id=f"p{n}", name_ja="店", name_en="Shop", kind="shop",
                 lat=chance.choice([chance.uniform(-90, 90), 90.0, -90.0, 89.99, 35.0]),
                 lon=chance.choice([chance.uniform(-180, 180), 180.0, -180.0, 179.99]))
        for n in range(300)
    ]  # fmt: skip
    async with db.transaction(pool) as conn:
        assert not await locations.put(conn, places, now=NOW)
        directory = await Directory().fresh(conn)
    for radius_km in (0.5, 20.0, 500.0, 9_000.0, 21_000.0):
        for _ in range(20):
            here = chance.choice(places)
            found = directory.near(here.lat, here.lon, radius_km=radius_km)
            away = {one.location_id: distance_km(here, one) for one in places}
            assert {p.location_id for _, p in found} == {
                one for one, km in away.items() if km <= radius_km
            }
            assert [km for km, _ in found] == sorted(km for km, _ in found)


async def test_a_set_and_a_channel_are_found_behind_many_places_that_have_none(shop, monkeypatch):
    monkeypatch.setattr(availability, "PLACES_AT_ONCE", 3)
    async with db.transaction(shop.pool) as conn:
        await locations.put(
            conn,
            [Location(location_id=f"p{n}", name_ja=f"p{n}", name_en="", kind="shop",
                      lat=35.68 + n / 1000, lon=139.76) for n in range(10)],
            now=NOW,
        )  # fmt: skip
    await shop.make_set("pair", mug=1, lamp=2)
    for place, mugs, lamps in (("p3", 1, 1), ("p5", 2, 9), ("p7", 4, 2), ("p9", 9, 9)):
        await shop.receive("mug", mugs, at=place)
        await shop.receive("lamp", lamps, at=place)
    assert await asked(shop, near("pair", limit=2), near("pair", "mug", limit=1)) == [
        [("pair", "p5", 2), ("pair", "p7", 1)],
        [("mug", "p3", 1), ("pair", "p5", 2)],
    ]
    [full] = await asked(shop, near("pair", limit=2, include_empty=True))
    assert [units for _, _, units in full] == [0, 0]
    async with shop.pool.acquire() as conn:
        directory = await Directory().fresh(conn)

        async def look(part, skus):
            return await availability.for_channel(
                conn, directory, skus, places=part, channel="app", by=None, now=NOW
            )

        places = directory.near(*TOKYO, radius_km=20)
        rows = await availability.enough(places, ["pair", "rug", "lamp"], 3, look)
    assert [(one.sku, one.location_id, one.available) for one in rows] == [
        ("pair", "p5", 2), ("pair", "p7", 1), ("pair", "p9", 4),
        ("lamp", "p3", 1), ("lamp", "p5", 9), ("lamp", "p7", 2),
    ]  # fmt: skip
