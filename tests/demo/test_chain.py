"""The world of the demo by itself: what holds on every day of it, whatever the dice say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from functools import cache

import msgspec
import pytest

from setten.demo import standing
from setten.demo.chain import Chain, Day, Deed, Kind, business, calendar, catalogue, promises
from setten.demo.telling import tills
from setten.demo.telling.events import event_of
from setten.demo.world import JAPAN
from setten.platform.vault import normalise
from setten.stock.catalog import gtin14

BEGIN = date(2026, 8, 24)
DAYS = 42
OURS_FROM = date(2026, 9, 14)  # from here on orders go through our own checkout
SHOPS = {shop.location_id: shop for shop in catalogue.shops()}


@cache
def lived() -> tuple[Chain, tuple[Day, ...]]:
    chain = Chain("any", BEGIN, count=600, size=0.25, holds_from=OURS_FROM)
    return chain, tuple(chain.days(DAYS))


@cache
def busy() -> tuple[Deed, ...]:
    """A fortnight of the whole chain: long enough for what happens once in some days."""
    chain = Chain("any", BEGIN, holds_from=BEGIN)
    return tuple(deed for day in chain.days(14) for deed in day.deeds)


def deeds(*kinds: Kind) -> Iterator[Deed]:
    return (deed for day in lived()[1] for deed in day.deeds if not kinds or deed.kind in kinds)


def test_there_are_four_hundred_goods_with_codes_that_a_scanner_takes() -> None:
    goods = catalogue.goods()
    assert len(goods) == 400
    assert len({one.sku for one in goods}) == len({one.gtin for one in goods}) == 400
    assert all(gtin14(one.gtin) for one in goods)
    assert len({one.name_ja for one in goods}) == len({one.name_en for one in goods}) == 400


def test_there_are_twelve_shops_each_with_towns_around_it() -> None:
    assert len(SHOPS) == 12
    for name, shop in SHOPS.items():
        for town in catalogue.towns()[name]:
            assert max(abs(town.lat - shop.lat), abs(town.lon - shop.lon)) < 0.2, town


def test_the_same_seed_gives_the_same_days_and_more_days_begin_as_fewer() -> None:
    _, days = lived()
    again = Chain("any", BEGIN, count=600, size=0.25, holds_from=OURS_FROM)
    assert tuple(again.days(10)) == days[:10]
    other = Chain("another", BEGIN, count=600, size=0.25)
    assert next(other.days(1)) != days[0]


def test_every_day_has_its_deeds_in_the_order_of_time_and_none_of_another_day() -> None:
    for day in lived()[1]:
        moments = [deed.at for deed in day.deeds]
        assert moments == sorted(moments)
        assert {moment.date() for moment in moments} == {day.day}


def test_nothing_is_sold_that_is_not_there() -> None:
    """Deeds told one after the other, as the product books them: no place ever goes below zero."""
    units: Counter[tuple[str, str]] = Counter()
    for day in lived()[1]:
        for deed in day.deeds:
            for sku, place, change in moved(deed):
                units[sku, place] += change
                # Goods that came back in the day are for sale on the next.
                assert units[sku, place] >= 0, (deed, sku)
    assert units == +lived()[0].room.units + held_now() + not_sent_yet()


def held_now() -> Counter[tuple[str, str]]:
    """Held units that nobody has paid for yet: they lie there still."""
    open_: Counter[tuple[str, str]] = Counter()
    paid = {deed.of for deed in deeds(Kind.sale) if deed.of}
    last = BEGIN.toordinal() + DAYS - 1
    for deed in deeds(Kind.hold):
        is_over = deed.at.date().toordinal() + 4 <= last  # freed on the fourth morning
        if deed.ref not in paid and not is_over:
            open_.update({(line.sku, deed.place): line.qty for line in deed.lines})
    return open_


def not_sent_yet() -> Counter[tuple[str, str]]:
    """What was ordered and waits in the warehouse."""
    sent = {deed.ref for deed in deeds(Kind.sent)}
    return Counter(
        {
            (line.sku, deed.place): line.qty
            for deed in deeds(Kind.bought)
            if deed.ref not in sent
            for line in deed.lines
        }
    )


def moved(deed: Deed) -> Iterator[tuple[str, str, int]]:
    """What a deed does to what lies in places. Held goods still lie there."""
    signs = {
        Kind.opening: 1, Kind.supply: 1, Kind.arrival: 1, Kind.sale: -1,
        Kind.damage: -1, Kind.counted: -1, Kind.dispatch: -1, Kind.sent: -1,
        Kind.till_refund: -1,
    }  # fmt: skip
    for line in deed.lines:
        if deed.kind is Kind.truck:
            yield line.sku, catalogue.WAREHOUSE, -line.qty
        elif deed.kind is Kind.refund:
            if deed.said["condition"] == "resaleable":
                yield line.sku, deed.place, 1
        elif deed.kind in signs:
            yield line.sku, deed.place, signs[deed.kind] * line.qty


def test_tills_sell_while_their_shop_is_open() -> None:
    for deed in deeds(Kind.sale, Kind.refund, Kind.till_refund):
        opens, closes = calendar.opening(SHOPS[deed.place], deed.at.date())
        assert opens < deed.at < closes


def test_what_comes_back_was_sold_there_within_a_fortnight_and_costs_what_was_paid() -> None:
    sales = {deed.ref: deed for deed in deeds(Kind.sale)}
    returns = list(deeds(Kind.refund, Kind.till_refund))
    assert len(returns) > 20
    for back in returns:
        sold = sales[back.of]
        assert sold.place == back.place
        assert 1 <= (back.at.date() - sold.at.date()).days <= 14
        paid = {line.sku: line.amount // line.qty for line in sold.lines}
        assert [-line.amount for line in back.lines] == [paid[line.sku] for line in back.lines]
        if back.kind is Kind.refund:
            number = (back.said["register"], back.said["sequence"], back.said["day"])
            assert number == (sold.register, sold.said["sequence"], sold.at.date().isoformat())


def test_a_till_takes_some_back_itself_and_names_no_receipt_or_one_that_is_none() -> None:
    printed = {
        (deed.place, deed.register, deed.said["sequence"], deed.at.date().isoformat())
        for deed in deeds(Kind.sale)
    }
    backs = list(deeds(Kind.till_refund))
    assert any(back.who is None for back in backs)
    named = [back.said["named"] for back in backs if "named" in back.said]
    assert len(named) < len(backs)
    for back in backs:
        if isinstance(said := back.said.get("named"), dict):
            assert (back.place, said["register"], said["sequence"], said["day"]) not in printed


def test_no_number_is_given_twice() -> None:
    receipts = Counter(
        (deed.place, deed.at.date(), deed.register, deed.said["sequence"])
        for deed in deeds(Kind.sale, Kind.till_refund)
    )
    orders = Counter(deed.ref for deed in deeds(Kind.order))
    assert max(receipts.values()) == max(orders.values()) == 1
    numbers = [int(deed.ref.removeprefix("W-")) for deed in deeds(Kind.order)]
    assert numbers == sorted(numbers)


def test_what_is_ordered_online_leaves_on_the_same_day() -> None:
    sent = {deed.ref: deed for deed in deeds(Kind.dispatch)}
    ordered = list(deeds(Kind.order))
    assert len(ordered) == len(sent) > 15
    for order in ordered:
        assert sent[order.ref].lines == order.lines
        assert sent[order.ref].at.date() == order.at.date()


def test_what_our_own_checkout_took_is_picked_packed_sent_and_delivered_in_this_order() -> None:
    ordered = {deed.ref: deed for deed in deeds(Kind.bought)}
    assert len(ordered) > 20
    assert all(deed.at.date() >= OURS_FROM for deed in ordered.values())
    went: dict[str, list[Deed]] = {ref: [] for ref in ordered}
    for deed in deeds(Kind.step, Kind.sent):
        went[deed.ref].append(deed)
    ways = ["picked", "packed", "shipped", "delivered"]
    for ref, steps in went.items():
        assert [one.said["step"] for one in steps] == ways[: len(steps)]
        assert all(one.at > ordered[ref].at for one in steps)
        assert all(one.lines == ordered[ref].lines for one in steps)
    assert sum(len(steps) == 4 for steps in went.values()) > 0.6 * len(went)


def test_some_carts_are_left_and_nothing_is_set_aside_for_them() -> None:
    left = list(deeds(Kind.cart))
    assert len(left) > 3
    assert all(deed.cookie and deed.lines for deed in left)


def test_a_cart_that_was_left_is_ordered_at_the_counter_of_her_shop_as_it_was() -> None:
    left = {(one.who, one.lines): one for one in busy() if one.kind is Kind.cart and one.who}
    shown = [one for one in busy() if one.kind is Kind.bought and "shown_at" in one.said]
    assert shown
    for deed in shown:
        before = left[deed.who, deed.lines]
        assert timedelta(0) < deed.at - before.at < timedelta(days=4)
        opens, closes = calendar.opening(SHOPS[str(deed.said["shown_at"])], deed.at.date())
        assert opens <= deed.at <= closes


def test_what_is_asked_for_by_voice_is_taken_down_while_the_shop_is_open() -> None:
    for held in deeds(Kind.hold):
        if held.source in ("phone", "chat"):
            opens, closes = calendar.opening(SHOPS[held.place], held.at.date())
            assert opens <= held.at <= closes


def test_a_till_may_sell_what_was_promised_and_then_nobody_comes_for_it() -> None:
    held = {deed.ref: deed for deed in busy() if deed.kind is Kind.hold}
    tills = [deed for deed in busy() if deed.kind is Kind.sale and deed.of]
    snatched = [deed for deed in tills if deed.who is None]
    assert snatched
    for deed in snatched:
        promised = held[deed.of]
        assert promised.at < deed.at
        assert {line.sku for line in deed.lines} == {line.sku for line in promised.lines}
    assert len({deed.of for deed in tills}) == len(tills), "nobody pays for it a second time"


def test_the_last_two_of_a_story_are_sold_to_nobody_by_chance() -> None:
    assert not [
        deed
        for deed in deeds(Kind.sale, Kind.order, Kind.bought, Kind.hold)
        for line in deed.lines
        if line.sku == "SOFA-V2-GRN"
    ]


def test_what_lies_aside_lies_there_until_its_shop_closes() -> None:
    business = lived()[0].business
    for held in deeds(Kind.hold):
        until = held.at + timedelta(seconds=promises.lasts_s(business, held))
        _, closes = calendar.opening(SHOPS[held.place], until.date())
        assert timedelta(0) <= until - closes < timedelta(seconds=1)
        assert (until.date() - held.at.date()).days == promises.HOLD_DAYS


def test_members_pay_with_points_and_coupons_and_the_till_adds_up() -> None:
    used = [deed for deed in deeds(Kind.sale) if deed.points or deed.coupon]
    assert any(deed.points for deed in used)
    assert any(deed.coupon for deed in used)
    for deed in used:
        assert deed.who is not None
        total = sum(line.amount for line in deed.lines)
        assert sum(amount for _, amount in tills.paid(deed)) == total
        assert all(amount > 0 for _, amount in tills.paid(deed))
        assert bool(deed.coupon) == any(line.coupon for line in deed.lines)
        assert all(line.amount >= 0 for line in deed.lines)


def test_no_transport_card_holds_more_than_it_can() -> None:
    paid = [sum(line.amount for line in deed.lines) for deed in deeds(Kind.sale)
            if deed.tender == "ic"]  # fmt: skip
    assert 0 < max(paid) <= 20_000


def test_talks_are_more_than_one_question_and_one_answer() -> None:
    said: dict[tuple[str | None, date, str], list[str]] = {}
    for deed in deeds(Kind.words):
        talk = (deed.who, deed.at.date(), deed.source)
        said.setdefault(talk, []).append(str(deed.said["voice"]))
    assert all(voices[0] == "customer" for voices in said.values())
    assert len({len(voices) for voices in said.values()}) > 1
    assert len({sum(d.kind is Kind.words for d in day.deeds) for day in lived()[1]}) > 2


def test_weekends_fill_shops_and_rain_empties_them() -> None:
    ordinary = [day for day in lived()[1] if day.sale is None]
    sold: dict[bool, Counter[bool]] = {True: Counter(), False: Counter()}
    count: dict[bool, Counter[bool]] = {True: Counter(), False: Counter()}
    for day in ordinary:
        is_weekend = calendar.like(day.day) >= calendar.HOLIDAY
        for shop in SHOPS.values():
            is_wet = shop.region in day.rain
            there = sum(
                one.kind is Kind.sale and one.place == shop.location_id for one in day.deeds
            )
            sold[is_weekend][is_wet] += there
            count[is_weekend][is_wet] += 1
    mean = {key: {wet: sold[key][wet] / count[key][wet] for wet in (True, False)} for key in sold}
    assert mean[True][False] > 1.5 * mean[False][False]
    assert all(mean[weekend][True] < 0.9 * mean[weekend][False] for weekend in mean)


def test_some_things_run_out_and_somebody_misses_them() -> None:
    chain, _ = lived()
    assert chain.room.lost
    assert all(place in (*SHOPS, catalogue.ONLINE) for _, _, place in chain.room.lost)


def test_what_people_told_of_themselves_can_be_used_and_is_nobody_elses() -> None:
    chain, _ = lived()
    for field in ("email", "phone", "loyalty_card", "line_id", "user_id"):
        said = [one.told[field] for one in chain.people if field in one.told]
        read = {normalise(field, value) for value in said}
        assert len(read) == len(said) > 100


@pytest.mark.parametrize("riddle", ["lost_card", "mistyped_mail", "shared_tablet"])
def test_some_people_are_hard_to_tell_apart(riddle: str) -> None:
    people = Chain("any", BEGIN).people
    assert len(people) == 3000
    assert 10 < sum(one.riddle == riddle for one in people) < 150


def test_partners_live_together_and_some_share_a_browser() -> None:
    people = Chain("any", BEGIN).people
    by_key = {one.key: one for one in people}
    partners = [one for one in people if one.household]
    for one in partners:
        other = by_key[str(one.household).removeprefix("h-")]
        assert (one.family, one.street, one.town) == (other.family, other.street, other.town)
        assert (one.cookies[1] == other.cookies[1]) == (one.riddle == "shared_tablet")


def test_what_is_told_of_a_deed_holds_nothing_of_the_truth() -> None:
    chain, _ = lived()
    secrets = ('"cause"', '"opinion"', '"riddle"', '"visits_a_month"', '"tastes"', '"household"')
    told = 0
    for number, deed in enumerate(deeds(Kind.event, Kind.order)):
        who = chain.person(deed.who) if deed.who else None
        body = msgspec.json.encode(event_of(chain.business, deed, number, who)).decode()
        assert not [one for one in secrets if one in body], body
        if who is not None:
            assert who.key not in body
            told += 1
    assert told > 1_000


@pytest.mark.parametrize("hour", range(24))
def test_staff_count_while_their_shop_is_open_and_not_long_ago(hour: int) -> None:
    every = [shop for one in business.names() for shop in business.load(one).shops]
    for shop in every:
        for minute in (0, 20, 59):
            now = datetime(2026, 11, 23, hour, minute, tzinfo=JAPAN)
            begun = [standing.counted_at(shop, number, now) for number in (0, 1)]
            for at in begun:
                opens, closes = calendar.opening(shop, at.date())
                done = at + timedelta(minutes=20)
                assert opens < at < done <= closes, (shop.location_id, now)
                assert now - timedelta(hours=20) < at < done <= now
            assert begun[0] < begun[1]
