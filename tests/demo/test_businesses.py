"""Other businesses than the chain: one engine, each its own goods, places, people and acts."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from functools import cache

import pytest

from setten.customers.segments import LANGUAGE
from setten.demo import standing
from setten.demo.chain import Chain, Day, Deed, Kind, UnknownBusiness, business, calendar
from setten.stock.catalog import gtin14

BEGIN, DAYS = date(2026, 9, 1), 12
NAMES = business.names()
OTHERS = NAMES[1:]


@cache
def lived(name: str) -> tuple[Chain, tuple[Day, ...]]:
    chain = Chain("any", BEGIN, business=business.load(name), holds_from=date(2026, 9, 6))
    return chain, tuple(chain.days(DAYS))


def deeds(name: str, *kinds: Kind) -> list[Deed]:
    return [deed for day in lived(name)[1] for deed in day.deeds if deed.kind in kinds]


def test_there_are_five_others_beside_the_chain() -> None:
    assert NAMES == ("home", "bank", "cosmetics", "electronics", "restaurants", "travel")


def test_a_business_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(UnknownBusiness):
        business.load("pet_shop")
    with pytest.raises(UnknownBusiness):
        business.load("../names")


@pytest.mark.parametrize("name", NAMES)
def test_its_goods_have_names_in_two_languages_and_codes_that_scanners_take(name: str) -> None:
    goods = business.load(name).goods
    assert len({one.sku for one in goods}) == len(goods) > 10
    assert len({one.name_ja for one in goods}) == len({one.name_en for one in goods}) == len(goods)
    assert all(gtin14(one.gtin) for one in goods if one.gtin)
    assert all(one.attributes["drawing"] for one in goods)


@pytest.mark.parametrize("name", OTHERS)
def test_its_people_come_while_it_is_open_and_in_the_order_of_time(name: str) -> None:
    chain, days = lived(name)
    for day in days:
        moments = [deed.at for deed in day.deeds]
        assert moments == sorted(moments)
    for deed in deeds(name, Kind.sale):
        opens, closes = calendar.opening(chain.business.shop(deed.place), deed.at.date())
        assert opens < deed.at < closes


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_is_sold_that_is_not_there(name: str) -> None:
    units: Counter[tuple[str, str]] = Counter()
    signs = {
        Kind.opening: 1, Kind.supply: 1, Kind.arrival: 1, Kind.sale: -1, Kind.damage: -1,
        Kind.counted: -1, Kind.dispatch: -1, Kind.sent: -1, Kind.kept: -1,
        Kind.till_refund: -1,
    }  # fmt: skip
    for day in lived(name)[1]:
        for deed in day.deeds:
            for line in deed.lines:
                if deed.kind is Kind.refund and deed.said["condition"] == "resaleable":
                    units[line.sku, deed.place] += 1
                units[line.sku, deed.place] += signs.get(deed.kind, 0) * line.qty
                if deed.kind is Kind.truck:
                    units[line.sku, "warehouse"] -= line.qty
                assert units[line.sku, deed.place] >= 0, (deed, line)


@pytest.mark.parametrize("name", OTHERS)
def test_its_people_do_what_only_its_people_do(name: str) -> None:
    chain, _ = lived(name)
    said = {deed.said["name"] for deed in deeds(name, Kind.event) if deed.said["what"] == "act"}
    assert said == {act.name for act in chain.business.acts}


def test_who_has_a_skin_mostly_buys_for_it_and_the_counter_is_told_of_it() -> None:
    chain, _ = lived("cosmetics")
    assert chain.business.tastes["skin_type"].told
    fits: Counter[bool] = Counter()
    for deed in deeds("cosmetics", Kind.sale, Kind.order, Kind.bought):
        if deed.who and (skin := chain.person(deed.who).tastes.get("skin_type")):
            goods = [chain.business.by_sku[line.sku] for line in deed.lines]
            made_for = [good.attributes.get("skin_type") for good in goods]
            fits.update(one == skin for one in made_for if one)
    assert fits[True] > 1.5 * fits[False] > 0  # of four skins


def test_a_bank_has_no_tills_and_sends_no_parcels() -> None:
    assert not deeds("bank", Kind.sale, Kind.order, Kind.bought, Kind.truck, Kind.damage)
    assert len(deeds("bank", Kind.hold)) > 10
    assert len(deeds("bank", Kind.kept)) > 5
    assert not deeds("cosmetics", Kind.kept)


def test_dishes_are_made_each_morning_and_none_comes_back() -> None:
    mornings = Counter(deed.at.date() for deed in deeds("restaurants", Kind.supply))
    assert len(mornings) == DAYS - 1
    assert not deeds("restaurants", Kind.refund, Kind.till_refund, Kind.truck)
    noon = sum(11 <= deed.at.hour < 14 for deed in deeds("restaurants", Kind.sale))
    assert noon > 0.35 * len(deeds("restaurants", Kind.sale))


@pytest.mark.parametrize("name", NAMES)
def test_staff_look_at_segments_of_their_own_business_whose_acts_there_are(name: str) -> None:
    asked = [one for one in standing.told()["segments"] if name in one["of"]]
    acts = {act.name for act in business.load(name).acts}
    assert asked
    for one in asked:
        said = LANGUAGE.json(LANGUAGE.read_words(one["words"], "ja"))
        named = re.findall(r"'property': 'event', 'op': 'is', 'value': '([^']+)'", str(said))
        assert set(named) <= acts


def test_who_is_led_to_a_table_eats_before_she_pays() -> None:
    paid = {(deed.who, deed.at.date()): deed.at for deed in deeds("restaurants", Kind.sale)}
    seated = [
        deed for deed in deeds("restaurants", Kind.event)
        if deed.cause == "Table Seated" and (deed.who, deed.at.date()) in paid
    ]  # fmt: skip
    waits = [(paid[deed.who, deed.at.date()] - deed.at).total_seconds() / 60 for deed in seated]
    assert len(waits) > 20
    assert sorted(waits)[len(waits) // 2] > 25
