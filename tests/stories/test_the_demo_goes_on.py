"""The present of the demo's chain comes in as any client's: tills, tags, trucks, reservations."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from setten.demo import real
from setten.demo.chain import Chain, Deed, Kind, Line
from setten.demo.real.bringing import State, keep, kept
from setten.demo.real.year import Year
from setten.demo.telling import Client, Desk, follow
from setten.demo.world import JAPAN
from setten.platform import settings
from setten.platform.db import embedded
from tests.stories.town import READERS_LIMIT_S, Refusal, Shop, Town


class Floor:
    """A shop with goods of its own, and one person of a world of its own."""

    def __init__(self, town: Town, shop: Shop) -> None:
        self.town, self.shop = town, shop
        self.now = datetime.now(JAPAN)
        self.chain = Chain(uuid.uuid4().hex, self.now.date() - timedelta(days=1), count=1)
        self.person = self.chain.people[0]
        self.card = f"2100 {uuid.uuid4().int % 10**12:012d}"
        self.person.told["loyalty_card"] = self.card
        self.sku = town.new_item(
            f"PLATE-{uuid.uuid4().hex[:8]}", {shop.location_id: 6, "warehouse": 9}
        )
        self.told: list[datetime] = []

    def live(self, *deeds: Deed) -> None:
        client = Client(self.town.process.base_url, self.town.key, self.town.write_keys)
        follow(client, self.chain, deeds, self.told.append, threading.Event())

    def deed(self, kind: Kind, qty: int = 1, amount: int = 0, **more: Any) -> Deed:
        filled = {"place": self.shop.location_id, "who": self.person.key, "at": self.now}
        line = Line(self.sku, qty, amount)
        return Deed(kind=kind, lines=(line,), ref=uuid.uuid4().hex[:12], **(filled | more))

    def sale(self, qty: int, **more: Any) -> Deed:
        number = {"sequence": uuid.uuid4().hex[:8]}
        till = {"register": "1", "tender": "card", "said": number}
        return self.deed(Kind.sale, qty, 1480 * qty, **(till | more))

    def customer(self) -> dict[str, Any]:
        return self.wait_for("loyalty_card", self.card)

    def wait_for(self, kind: str, value: str) -> dict[str, Any]:
        """Whose it is, as soon as identity has read of it."""
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.town.look_up(kind, value)
            except Refusal:
                assert time.monotonic() < deadline, f"nobody has this {kind}"
                time.sleep(0.1)

    def lies_at(self, place: str) -> int:
        rows = self.town.api("GET", "/stock/balances", params={"sku": self.sku})["items"]
        return sum(one["on_hand"] + one["held"] for one in rows if one["location_id"] == place)


def known(town: Town, kind: str, value: str) -> dict[str, Any]:
    """Whose it is, as soon as identity has read of it."""
    deadline = time.monotonic() + READERS_LIMIT_S
    while True:
        try:
            return town.look_up(kind, value)
        except Refusal:
            assert time.monotonic() < deadline, f"nobody has this {kind}"
            time.sleep(0.1)


@pytest.fixture
def floor(town: Town, shop: Shop) -> Iterator[Floor]:
    return Floor(town, shop)


def test_what_a_till_sells_and_takes_back_is_gone_and_there_again(floor: Floor) -> None:
    sold = floor.sale(2)
    number = {**sold.said, "register": "1", "day": floor.now.date().isoformat()}
    back = floor.deed(
        Kind.refund, -1, said={**number, "condition": "resaleable"}, cause="changed_mind"
    )

    floor.live(sold, back, back)

    assert floor.lies_at(floor.shop.location_id) == 5
    assert floor.customer()["customer_id"]
    assert len(floor.told) == 3


def test_what_a_till_takes_back_by_itself_is_there_again(floor: Floor) -> None:
    named = {"register": "1", "sequence": "5123", "day": floor.now.date().isoformat()}
    said = {"sequence": uuid.uuid4().hex[:8], "condition": "resaleable", "named": named}
    till = {"who": None, "register": "1", "tender": "cash", "said": said}

    floor.live(floor.sale(2), floor.deed(Kind.till_refund, -1, -1480, **till))

    assert floor.lies_at(floor.shop.location_id) == 5


def test_what_is_reserved_is_fetched_and_paid_for_at_the_till(floor: Floor) -> None:
    floor.live(floor.sale(1))  # so that her card is known
    floor.customer()

    floor.live(floor.deed(Kind.hold, 2, source="web"), floor.deed(Kind.ready, 2, source="web"))

    ready = floor.town.queue(floor.shop.location_id, "ready")
    assert [one["lines"][0]["sku"] for one in ready] == [floor.sku]
    floor.live(floor.sale(2))
    assert not floor.town.queue(floor.shop.location_id, "ready")
    assert floor.lies_at(floor.shop.location_id) == 3


def test_a_truck_leaves_and_is_counted_in(floor: Floor) -> None:
    truck = floor.deed(Kind.truck, 4)

    floor.live(truck)
    assert (floor.lies_at("warehouse"), floor.lies_at(floor.shop.location_id)) == (5, 6)
    floor.live(Deed(at=floor.now, kind=Kind.arrival, ref=truck.ref, place=truck.place,
                    lines=truck.lines))  # fmt: skip
    assert floor.lies_at(floor.shop.location_id) == 10


def test_an_order_is_told_by_the_tag_and_the_shop_and_is_one_order(floor: Floor) -> None:
    ref = f"W-{uuid.uuid4().int % 10**9}"
    said = {"what": "order", "ref": ref, "fee": 880, "lines": [["SOAP-HINOKI", 2, 1760]]}
    floor.person.told["user_id"] = user = f"u-{uuid.uuid4().hex[:10]}"
    common = {"who": floor.person.key, "cookie": uuid.uuid4().hex, "said": said}
    tag = Deed(at=floor.now, kind=Kind.event, source="web", **common)
    server = Deed(at=floor.now + timedelta(milliseconds=9), kind=Kind.order, source="shop",
                  ref=ref, **common)  # fmt: skip

    floor.live(tag, server)

    customer = floor.wait_for("user_id", user)
    lines = floor.town.timeline(customer["customer_id"], wait_for="order.placed")
    placed = [one for one in lines if one["name"] == "order.placed"]
    assert len(placed) == 1


def test_what_our_own_shop_sells_is_packed_sent_and_delivered(floor: Floor) -> None:
    cookie = uuid.uuid4().hex
    address = {
        "name": "試し 花子", "postcode": "180-0004", "region": "東京都", "city": "武蔵野市",
        "street": "吉祥寺本町 1-1-1", "phone": "",
    }  # fmt: skip
    shop: dict[str, Any] = {
        "who": None, "place": "warehouse", "cookie": cookie, "source": "phone",
    }  # fmt: skip
    said = {"address": address, "pay": "card", "paid": "captured"}
    left, bought = floor.deed(Kind.cart, 5, **shop), floor.deed(Kind.bought, 2, **shop, said=said)

    floor.live(left, bought)

    customer = floor.wait_for("anonymous_id", cookie)["customer_id"]
    asked = {"customer_id": customer}
    (order,) = floor.town.api("POST", "/orders/lookup", json=asked)["items"]
    assert order["channel"] == "web"
    assert floor.lies_at("warehouse") == 9
    steps = [
        msgspec.structs.replace(bought, kind=kind, said={"step": step, "number": "4912-3456-7890"})
        for kind, step in (
            (Kind.step, "picked"), (Kind.step, "packed"), (Kind.sent, "shipped"),
            (Kind.sent, "shipped"), (Kind.step, "delivered"),
        )
    ]  # fmt: skip
    floor.live(*steps)
    (part,) = floor.town.api("GET", f"/orders/{order['order_id']}/where")["parts"]
    assert (part["state"], part["carrier_ref"]) == ("delivered", "4912-3456-7890")
    assert [line["qty"] for line in part["lines"]] == [2]
    assert floor.lies_at("warehouse") == 7


def test_a_cart_that_was_left_is_ordered_at_a_counter_by_its_code(floor: Floor) -> None:
    floor.person.told["user_id"] = user = f"u-{uuid.uuid4().hex[:10]}"
    shop: dict[str, Any] = {"place": "warehouse", "cookie": uuid.uuid4().hex, "source": "web"}
    floor.live(floor.deed(Kind.event, **shop, said={"what": "sign_in"}))
    customer = floor.wait_for("user_id", user)["customer_id"]
    address = {
        "name": "試し 花子", "postcode": "180-0004", "region": "東京都", "city": "武蔵野市",
        "street": "吉祥寺本町 1-1-1", "phone": "",
    }  # fmt: skip
    said = {
        "address": address, "pay": "card", "paid": "captured",
        "shown_at": floor.shop.location_id,
    }  # fmt: skip

    floor.live(
        floor.deed(Kind.cart, 2, **shop),
        floor.deed(Kind.bought, 2, **{**shop, "source": "store"}, said=said),
    )

    (order,) = floor.town.api("POST", "/orders/lookup", json={"customer_id": customer})["items"]
    assert order["channel"] == "store"
    (part,) = floor.town.api("GET", f"/orders/{order['order_id']}/where")["parts"]
    assert [(line["sku"], line["qty"]) for line in part["lines"]] == [(floor.sku, 2)]


def test_what_is_left_of_a_real_year_is_told_once_it_is_due(town: Town, tmp_path: Path) -> None:
    number, household = (uuid.uuid4().int % 10**9 + 10**9 for _ in range(2))
    town.api("PUT", "/stock/locations", json={"locations": [
        {"location_id": str(number), "name": {"ja": "店", "en": "Shop"}, "kind": "shop"}
    ]})  # fmt: skip
    sku = town.new_item(str(uuid.uuid4().int % 10**9 + 10**9), {str(number): 3})
    at = datetime.now(UTC).replace(microsecond=0, tzinfo=None) - timedelta(minutes=5)
    long_ago = datetime(2017, 3, 3)  # noqa: DTZ001 - the published tables name no zone
    for name, row in {
        "transactions": {
            "household_id": household, "store_id": number, "basket_id": 7, "product_id": int(sku),
            "quantity": 1, "sales_value": 1.25, "retail_disc": 0.25, "coupon_disc": 0.0,
            "coupon_match_disc": 0.0, "transaction_timestamp": at,
        },
        "campaign_descriptions": {
            "campaign_id": 1, "campaign_type": "A", "start_date": long_ago, "end_date": long_ago,
        },
        "campaigns": {"campaign_id": 1, "household_id": household},
        "coupon_redemptions": {
            "household_id": household, "coupon_upc": 9, "campaign_id": 1,
            "redemption_date": long_ago,
        },
    }.items():  # fmt: skip
        pq.write_table(pa.Table.from_pylist([row]), tmp_path / f"{name}.parquet")
    since = datetime.now(UTC) - timedelta(hours=1)
    state = State(is_whole=True, year=Year(days=0, until=since), told_until=since)
    for _ in range(2):  # as if how far it was told had been lost
        keep(tmp_path, state)
        client = Client(town.process.base_url, town.key, town.write_keys)
        real.follow(tmp_path, client, threading.Event(), source=tmp_path)

    told = kept(tmp_path)
    assert told is not None
    assert told.told_until == at.replace(tzinfo=UTC)
    rows = town.api("GET", "/stock/balances", params={"sku": sku})["items"]
    assert [one["on_hand"] for one in rows if one["location_id"] == str(number)] == [2]
    customer = known(town, "loyalty_card", f"HH-{household}")["customer_id"]
    lines = town.timeline(customer, wait_for="receipt.recorded")
    assert len([one for one in lines if one["name"] == "receipt.recorded"]) == 1


def test_what_is_said_is_written_down_by_those_who_heard_it(floor: Floor) -> None:
    floor.live(floor.sale(1))  # so that her card is known
    customer = floor.customer()["customer_id"]
    folder = floor.town.process.folder / "data"
    found = settings.load({"data_dir": str(folder)}, demo=True)
    desk = Desk(msgspec.structs.replace(found, database_url=str(embedded.attach(folder))))
    said = [
        Deed(at=floor.now, kind=Kind.words, who=floor.person.key, source="chat",
             said={"voice": voice, "text": f"{voice}の言葉"})
        for voice in ("customer", "staff")
    ]  # fmt: skip
    client = Client(floor.town.process.base_url, floor.town.key, floor.town.write_keys)

    follow(client, floor.chain, said, floor.told.append, threading.Event(), desk)

    lines = floor.town.timeline(customer, wait_for="note.written")
    assert {one["channel"] for one in lines if one["name"] == "note.written"} == {"chat"}
    assert len(floor.told) == 3


def test_what_breaks_is_booked_once_however_often_it_is_told(floor: Floor) -> None:
    broken = floor.deed(Kind.damage, 1)

    floor.live(broken, broken)

    assert floor.lies_at(floor.shop.location_id) == 5


def test_a_refusal_is_passed_over_and_the_day_goes_on(floor: Floor) -> None:
    nowhere = floor.sale(1, place="nowhere")

    floor.live(nowhere, floor.sale(1))

    assert floor.lies_at(floor.shop.location_id) == 5


def test_what_is_not_due_yet_waits_and_a_stop_ends_the_waiting(floor: Floor) -> None:
    client = Client(floor.town.process.base_url, floor.town.key, floor.town.write_keys)
    tomorrow = floor.sale(1, at=floor.now + timedelta(days=1))
    stop = threading.Event()
    told: list[datetime] = []
    beside = threading.Thread(
        target=follow, args=(client, floor.chain, [tomorrow], told.append, stop)
    )
    beside.start()
    stop.set()
    beside.join(10)
    assert not beside.is_alive()
    assert not told
    assert floor.lies_at(floor.shop.location_id) == 6
