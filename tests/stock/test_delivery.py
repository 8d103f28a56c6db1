"""Who delivers there: zones that never overlap, cut-off hours, closed days, heavy goods, fees."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stock.conftest import DAILY, NOW

from setten.platform import db
from setten.stock import catalog, delivery, locations
from setten.stock.catalog import Item
from setten.stock.delivery import BadPostcode, Quote, Service, Wanted, Zone, rules
from setten.stock.locations import Directory, Location
from setten.stock.refusals import Refused

TOKYO = Zone(zone_id="tokyo", name_ja="東京", name_en="Tokyo", prefixes=("1", "20"))
ISLANDS = Zone(zone_id="islands", name_ja="伊豆諸島", name_en="Islands", prefixes=("1000", "1001"))


def service(service_id: str = "parcel", **changes: object) -> Service:
    values = {
        "service_id": service_id, "name_ja": "宅配便", "name_en": "Parcel", "origin": "depot",
        "zone_id": "tokyo", "cut_off": time(15), "ship_days": ("mon", "tue", "wed", "thu", "fri"),
        "lead_days_min": 1, "lead_days_max": 2, "fee_minor": 770, "free_from_minor": 11_000,
        "currency": "JPY", "carries": ("parcel",),
    }  # fmt: skip
    return Service(**{**values, **changes})


async def keep(shop, zones=(), services=()) -> list[Refused]:
    async with db.transaction(shop.pool) as conn:
        refused = await delivery.put_zones(conn, zones, now=NOW)
        return refused + await delivery.put_services(conn, services, now=NOW)


async def ask(shop, code: str = "180-0004", *, now: datetime = NOW, **wanted: int) -> Quote:
    async with shop.pool.acquire() as conn:
        lines = [Wanted(sku, qty) for sku, qty in (wanted or {"mug": 1}).items()]
        return await delivery.options(conn, Directory(), code, lines, now=now)


@pytest.mark.parametrize(
    "said", ["180-0004", "〒１８０−０００４", "1800004", " 180 0004 ", "180ー0004"]
)
def test_a_postcode_is_read_as_people_write_it(said):
    assert delivery.postcode(said) == "1800004"


@pytest.mark.parametrize("said", ["", "180", "18000045", "180-000a", "東京都武蔵野市", "١٨٠٠٠٠٤x"])
def test_what_is_no_postcode_is_refused(said):
    with pytest.raises(BadPostcode):
        delivery.postcode(said)


async def test_the_longest_prefix_wins_and_nobody_delivers_elsewhere(shop):
    assert await keep(shop, [TOKYO, ISLANDS]) == []
    async with shop.pool.acquire() as conn:
        assert (await delivery.zone_of(conn, "180-0004")).zone_id == "tokyo"
        assert (await delivery.zone_of(conn, "100-0101")).zone_id == "islands"
        assert await delivery.zone_of(conn, "900-0001") is None
    assert (await ask(shop, "900-0001")).zone is None


async def test_no_prefix_belongs_to_two_zones_and_the_others_go_through(shop):
    assert await keep(shop, [TOKYO]) == []
    thief = Zone(zone_id="thief", name_ja="他", name_en="Thief", prefixes=("3", "20"))
    twins = [Zone(zone_id=one, name_ja="双", name_en="Twin", prefixes=("5",)) for one in "ab"]
    empty = Zone(zone_id="none", name_ja="無", name_en="None", prefixes=())
    refused = await keep(shop, [thief, ISLANDS, *twins, empty])
    assert {(one.index, one.reason) for one in refused} == {
        (0, "prefix_taken"), (2, "prefix_taken"), (3, "prefix_taken"), (4, "bad_prefixes"),
    }  # fmt: skip
    async with shop.pool.acquire() as conn:
        assert [zone.zone_id for zone in await delivery.zones(conn)] == ["islands", "tokyo"]


async def test_a_zone_put_again_has_just_its_new_prefixes(shop):
    assert await keep(shop, [TOKYO], [service()]) == []
    moved = Zone(zone_id="tokyo", name_ja="東京", name_en="Tokyo", prefixes=("9",))
    assert await keep(shop, [moved]) == []
    async with shop.pool.acquire() as conn:
        assert await delivery.zone_of(conn, "180-0004") is None
        assert (await delivery.zone_of(conn, "900-0004")).zone_id == "tokyo"
        assert [one.service_id for one in await delivery.services(conn)] == ["parcel"]


async def test_writers_at_once_never_share_a_prefix(shop):
    rivals = [
        Zone(zone_id=f"z{n}", name_ja="区", name_en="Zone", prefixes=("7", f"8{n}"))
        for n in range(8)
    ]
    answers = await asyncio.gather(*(keep(shop, [zone]) for zone in rivals))
    assert sum(not refused for refused in answers) == 1
    async with shop.pool.acquire() as conn:
        assert len(await delivery.zones(conn)) == 1


async def test_services_that_cannot_be_are_refused_by_index(shop):
    await keep(shop, [TOKYO])
    refused = await keep(shop, [], [
        service("a", origin="nowhere"), service("b", zone_id="nowhere"), service("c"),
        service("d", lead_days_min=3), service("e", ship_days=("someday",)),
        service("f", fee_minor=-1), service("g", currency="yen"), service("h", carries=()),
        service("bad id"), service("i", origin="de\x00pot"),
    ])  # fmt: skip
    assert [(one.index, one.reason) for one in refused] == [
        (0, "unknown_location"), (1, "unknown_zone"), (3, "bad_lead_days"), (4, "bad_ship_days"),
        (5, "bad_fee"), (6, "bad_currency"), (7, "bad_carries"), (8, "bad_service_id"),
        (9, "unknown_location"),
    ]  # fmt: skip


async def test_all_goods_must_lie_at_the_origin_and_be_carried(shop):
    async with db.transaction(shop.pool) as conn:
        heavy = Item(sku="sofa", name_ja="ソファ", name_en="Sofa",
                     attributes={delivery.CLASS: "large"})  # fmt: skip
        await catalog.put(conn, [heavy], now=NOW)
    await keep(shop, [TOKYO], [
        service("parcel"), service("shop", origin="ginza"),
        service("movers", carries=("parcel", "large"), lead_days_max=7),
    ])  # fmt: skip
    await shop.receive("mug", 3, at="depot")
    await shop.receive("sofa", 1, at="depot")
    mugs = await ask(shop, mug=3)
    assert [one.service_id for one in mugs.options] == ["parcel", "movers"]
    assert [(one.service_id, one.reason, one.skus) for one in mugs.excluded] == [
        ("shop", "not_enough_stock", ("mug",))
    ]
    both = await ask(shop, mug=1, sofa=1)
    assert [one.service_id for one in both.options] == ["movers"]
    assert {one.service_id: one.reason for one in both.excluded} == {
        "parcel": "not_carried", "shop": "not_carried",
    }  # fmt: skip
    assert not (await ask(shop, mug=4)).options


async def test_what_is_promised_to_another_cannot_be_sent(shop):
    await keep(shop, [TOKYO], [service()])
    await shop.receive("mug", 2, at="depot")
    await shop.hold(("mug", "depot", 2))
    assert not (await ask(shop, mug=1)).options


def place(**days: list) -> Location:
    hours = {**DAILY, "days": days.get("days", {})} if days else DAILY
    return Location(location_id="depot", name_ja="倉庫", name_en="Depot", kind="warehouse",
                    hours=hours)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "ships", "arrives"),
    [
        ("2026-11-20T14:59+09:00", "2026-11-20", "2026-11-22"),  # Friday, before the cut-off
        ("2026-11-20T15:00+09:00", "2026-11-23", "2026-11-25"),  # too late: Monday
        ("2026-11-22T12:00+09:00", "2026-11-23", "2026-11-25"),  # Sunday
        ("2026-12-30T16:00+09:00", "2027-01-04", "2027-01-06"),  # New Year: closed until the 4th
    ],
)
def test_it_ships_on_the_next_day_that_ships(now, ships, arrives):
    shut = {f"2026-12-{day}": [] for day in (31,)} | {f"2027-01-0{day}": [] for day in (1, 2, 3)}
    offer = rules.option(service(), place(days=shut), subtotal_minor=None, now=at(now))
    assert (offer.ships_on.isoformat(), offer.arrives_to.isoformat()) == (ships, arrives)


def test_a_place_that_ships_nothing_for_weeks_offers_nothing():
    shut = {(NOW + timedelta(days=n)).date().isoformat(): [] for n in range(-1, 40)}
    offer = rules.option(service(), place(days=shut), subtotal_minor=None, now=NOW)
    assert offer.reason == "not_shipping"


@given(moment=st.integers(0, 2 * 365 * 86_400).map(lambda s: NOW + timedelta(seconds=s)))
def test_whoever_orders_before_the_last_moment_gets_the_same_day(moment):
    offer = rules.option(service(), place(), subtotal_minor=None, now=moment)
    assert moment < offer.order_by
    just_before = offer.order_by - timedelta(microseconds=1)
    assert rules.option(service(), place(), subtotal_minor=None, now=just_before) == offer
    after = rules.option(service(), place(), subtotal_minor=None, now=offer.order_by)
    assert after.ships_on > offer.ships_on


@pytest.mark.parametrize(("subtotal", "fee"), [(None, 770), (10_999, 770), (11_000, 0)])
def test_goods_worth_enough_travel_free(subtotal, fee):
    assert rules.fee_minor(service(), subtotal) == fee


async def test_a_place_in_another_time_zone_goes_by_its_own_clock(shop):
    async with db.transaction(shop.pool) as conn:
        naha = Location(location_id="honolulu", name_ja="ホノルル", name_en="Honolulu",
                        kind="shop", timezone="Pacific/Honolulu")  # fmt: skip
        await locations.put(conn, [naha], now=NOW)
    await keep(shop, [TOKYO], [service(origin="honolulu", ship_days=("sat",))])
    await shop.receive("mug", 1, at="honolulu")
    offer = (await ask(shop, now=at("2026-11-22T12:00+09:00"))).options[0]
    assert offer.ships_on.isoformat() == "2026-11-28"  # Saturday there, after 15:00 of the 21st
