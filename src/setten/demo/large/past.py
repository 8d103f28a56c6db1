"""Twenty million events: ninety days on which people looked, put into carts, ordered and bought."""

from __future__ import annotations

import asyncio
import struct
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta

import msgspec
import numpy as np

from setten.customers import timeline
from setten.demo.large import goods, people
from setten.demo.large.people import Numbers
from setten.demo.large.sizes import Size, is_member
from setten.facts.commerce import CartReported, Item, ProductViewed
from setten.facts.customers import CustomerCreated
from setten.facts.reported import CustomerIdentified, PageViewed
from setten.facts.stock import OrderPlaced, ReceiptRecorded, SoldLine
from setten.platform import db, log
from setten.platform.db import Pool
from setten.platform.log import Entry, Fact

Q = db.load(__file__)
TABLES = ("log.seen", "customers.timeline", "stock.orders", "stock.order_lines",
          "stock.receipts", "stock.receipt_lines")  # fmt: skip
AT_ONCE = 10_000
_SEED = 20_260
# Of a thousand events, beside those by which people become known.
_MIX = {"page": 460, "product": 365, "cart": 70, "order": 35, "receipt": 70}
_KINDS = tuple(_MIX)
# How many of a thousand visits fall into each hour of the day in Japan, from midnight.
_HOURS = (22, 12, 7, 5, 5, 8, 16, 28, 36, 42, 48, 55, 66, 58, 52, 50, 52, 58, 64, 72, 82, 80, 54,
          28)  # fmt: skip
_JAPAN = timedelta(hours=9)
_OLD_ONES = 1.6  # above 1 who came first comes most: a few have thousands of lines
_PAGES = (("top", "/"), ("新着", "/new"), ("特集 冬支度", "/stories/winter"),
          ("店舗一覧", "/stores"), ("ソファ", "/c/sofa"), ("食器", "/c/tableware"),
          ("カーテン", "/c/curtain"), ("ラグ", "/c/rug"), ("寝具", "/c/bedding"),
          ("照明", "/c/light"))  # fmt: skip
_LOOKED_AT = 3_000  # goods that people look at, of those that lie everywhere
_LINE = ("arrived_on", "position", "occurred_at", "xid", "identifier_id", "event_id", "name",
         "channel", "location_id", "purchase_key", "summary")  # fmt: skip
_line = struct.Struct("!hiiiqiqiqiq").pack
_length = struct.Struct("!i").pack
_encode = msgspec.json.Encoder().encode
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAYS = date(2000, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_NAMES = uuid.UUID("5e77e000-0000-4000-8000-000000000005")
Progress = Callable[[int, int], None]


class Saying(msgspec.Struct, frozen=True):
    """An event that many say in the same words. tail: of its line, as COPY takes it."""

    name: str
    body: str
    tail: bytes


class Chunk(msgspec.Struct):
    """Some events, and what belongs to them."""

    entries: list[Entry] = []
    tails: list[bytes] = []
    orders: list[tuple[object, ...]] = []
    order_lines: list[tuple[object, ...]] = []
    receipts: list[tuple[object, ...]] = []
    receipt_lines: list[tuple[object, ...]] = []


_ORDER = ("order_id", "system", "order_ref", "identifier_id", "channel", "total_minor", "currency",
          "placed_at", "event_id")  # fmt: skip
_ORDER_LINE = ("order_id", "line_no", "sku", "qty", "amount_minor")
_RECEIPT = ("receipt_id", "location_id", "register", "sequence", "business_day", "occurred_at",
            "recorded_at", "mode", "identifier_id", "total_minor", "currency", "line_count",
            "content_hash", "moved_stock", "event_id")  # fmt: skip
_RECEIPT_LINE = ("receipt_id", "line_no", "sku", "qty", "amount_minor")


class Past:
    """Makes events. sources: ids of the web's and the app's."""

    def __init__(
        self, size: Size, numbers: Numbers, sources: dict[str, int], places: Sequence[str]
    ) -> None:
        self._size = size
        self._numbers = numbers
        self._places = places
        looked_at = min(_LOOKED_AT, size.everywhere)
        self._sayings = {
            channel: {
                "page": [self._page(channel, *one) for one in _PAGES],
                "product": [self._product(channel, sku) for sku in range(1, looked_at + 1)],
                "cart": [self._cart(channel, sku) for sku in range(1, looked_at + 1)],
            }
            for channel in ("web", "app")
        }
        self._sources = sources
        self._known = [
            self._saying(
                CustomerIdentified(type="identify", system="web", traits={"tier": tier}), "web"
            )
            for tier in ("silver", "gold", "platinum")
        ]

    def chunks(self) -> Iterator[tuple[date, Chunk]]:
        """All events, in the order of time, each day's together."""
        size = self._size
        rest = size.events - 2 * size.people
        later = len(size.days) - 1  # nobody is known before the first day
        for place, day in enumerate(size.days):
            share = rest * place // later - rest * (place - 1) // later if place else 0
            yield from ((day, one) for one in self._day(place, day, share))

    def _day(self, place: int, day: date, count: int) -> Iterator[Chunk]:
        rng = np.random.default_rng((_SEED, place))
        midnight = datetime.combine(day, time(), UTC)
        known = self._size.known_by(place - 1)
        hours = rng.choice(24, count, p=np.array(_HOURS) / sum(_HOURS))
        local = np.sort(hours * 3600 + rng.random(count) * 3600)
        # A day of the log is UTC's: its evening in Japan is the next morning.
        seconds = np.sort((local - _JAPAN.total_seconds()) % 86_400)
        kinds = rng.choice(len(_KINDS), count, p=np.array(list(_MIX.values())) / sum(_MIX.values()))
        who = (known * rng.random(count) ** _OLD_ONES).astype(np.int64)
        dice = rng.integers(0, 2**31, count)
        came = self._came(place, midnight)
        newcomer = next(came, None)
        chunk = Chunk()
        told = zip(seconds.tolist(), kinds.tolist(), who.tolist(), dice.tolist(), strict=True)
        for number, (second, kind, person, roll) in enumerate(told, start=1):
            at = midnight + timedelta(seconds=second)
            while newcomer is not None and newcomer[1] <= at:
                self._became_known(chunk, *newcomer)
                newcomer = next(came, None)
            self._tell(chunk, _KINDS[kind], person, at, roll, f"{place:02d}-{number}")
            if len(chunk.entries) >= AT_ONCE:
                yield chunk
                chunk = Chunk()
        while newcomer is not None:  # on the first day, three in ten of all people
            self._became_known(chunk, *newcomer)
            newcomer = next(came, None)
            if len(chunk.entries) >= AT_ONCE:
                yield chunk
                chunk = Chunk()
        if chunk.entries:
            yield chunk

    def _came(self, place: int, midnight: datetime) -> Iterator[tuple[int, datetime]]:
        first, last = self._size.known_by(place - 1), self._size.known_by(place)
        step = timedelta(days=1) / (last - first or 1)
        for person in range(first, last):
            yield person, midnight + step * (person - first)

    def _became_known(self, chunk: Chunk, person: int, at: datetime) -> None:
        cookie = self._numbers.cookie[person]
        if is_member(person):
            whose = tuple(people.number(letter, person) for letter in "ukec")
            said = self._known[people.tier_of(person)]
        else:
            whose, said = (cookie,), self._sayings["web"]["page"][0]
        self._say(chunk, said, people.event_of(person), at, whose, "web")
        created = CustomerCreated(customer_id=people.customer_of(person))
        self._state(chunk, created, f"made-{person}", at, whose[:1], None)

    def _tell(
        self, chunk: Chunk, kind: str, person: int, at: datetime, roll: int, name: str
    ) -> None:
        login = self._numbers.login[person]
        if kind == "receipt":
            self._receipt(chunk, person, at, roll, name)
        elif kind == "order":
            self._order(chunk, login or self._numbers.cookie[person], at, roll, name)
        else:
            channel = "app" if roll & 3 == 0 else "web"
            cookie = self._numbers.cookie[person]
            whose = (login, cookie) if login and roll & 4 else (cookie,)
            sayings = self._sayings[channel][kind]
            self._say(chunk, sayings[(roll >> 3) % len(sayings)], name, at, whose, channel)

    def _say(
        self, chunk: Chunk, said: Saying, event_id: str, at: datetime, whose: tuple[int, ...],
        channel: str,
    ) -> None:  # fmt: skip
        chunk.entries.append(
            Entry(event_id, at.date(), said.name, at, at, channel, whose, said.body,
                  source_id=self._sources[channel])
        )  # fmt: skip
        chunk.tails.append(said.tail)

    def _state(
        self, chunk: Chunk, fact: Fact, event_id: str, at: datetime, whose: tuple[int, ...],
        key: str | None, channel: str = "setten", location_id: str | None = None,
    ) -> None:  # fmt: skip
        body = _encode(fact).decode()
        chunk.entries.append(
            Entry(event_id, at.date(), fact.event_name, at, at, channel, whose, body,
                  location_id=location_id)
        )  # fmt: skip
        is_line = whose and fact.event_name not in timeline.HIDDEN
        tail = _tail(fact.event_name, channel, location_id, key, body) if is_line else b""
        chunk.tails.append(tail)

    def _sold(self, roll: int) -> tuple[SoldLine, ...]:
        lines = []
        for place in range(1 + (roll >> 5) % 2):
            sku = 1 + (roll >> 8 + 3 * place) % self._size.everywhere
            qty = 1 + (roll >> 20 + place) % 5 // 4
            lines.append(SoldLine(goods.sku_of(sku), qty, qty * goods.price_of(sku)))
        return tuple(lines) if len({one.sku for one in lines}) == len(lines) else (lines[0],)

    def _order(self, chunk: Chunk, whose: int, at: datetime, roll: int, name: str) -> None:
        lines = self._sold(roll)
        order_id, ref = uuid.uuid5(_NAMES, name), f"L{name}"
        total = sum(one.amount_minor or 0 for one in lines)
        event_id = f"placed-{name}"
        chunk.orders.append((order_id, "shop", ref, whose, "web", total, "JPY", at, event_id))
        chunk.order_lines += [
            (order_id, place, one.sku, one.qty, one.amount_minor) for place, one in enumerate(lines)
        ]
        fact = OrderPlaced(
            order_id=order_id, system="shop", order_ref=ref, lines=lines, total_minor=total,
            currency="JPY",
        )  # fmt: skip
        self._state(chunk, fact, event_id, at, (whose,), f"order:shop:{ref}", channel="web")

    def _receipt(self, chunk: Chunk, person: int, at: datetime, roll: int, name: str) -> None:
        lines = self._sold(roll)
        card = self._numbers.card[person]
        place = self._places[(person * 31 + (roll & 7 == 0) * roll) % len(self._places)]
        receipt_id, event_id = uuid.uuid5(_NAMES, f"r{name}"), f"sold-{name}"
        total = sum(one.amount_minor or 0 for one in lines)
        day = (at + _JAPAN).date()
        chunk.receipts.append(
            (receipt_id, place, "1", name, day, at, at, "tell", card or None, total, "JPY",
             len(lines), receipt_id, False, event_id)
        )  # fmt: skip
        chunk.receipt_lines += [
            (receipt_id, number, one.sku, one.qty, one.amount_minor)
            for number, one in enumerate(lines)
        ]
        fact = ReceiptRecorded(
            receipt_id=receipt_id, location_id=place, register="1", sequence=name,
            business_day=day, lines=lines, total_minor=total, currency="JPY",
        )  # fmt: skip
        self._state(chunk, fact, event_id, at, (card,) if card else (), f"receipt:{receipt_id}",
                    channel="store", location_id=place)  # fmt: skip

    def _page(self, channel: str, title: str, path: str) -> Saying:
        return self._saying(
            PageViewed(type="page", system=channel, path=path, title=title), channel
        )

    def _product(self, channel: str, number: int) -> Saying:
        return self._saying(
            ProductViewed(type="track", event="Product Viewed", system=channel,
                          item=_item(number), currency="JPY"),
            channel,
        )  # fmt: skip

    def _cart(self, channel: str, number: int) -> Saying:
        return self._saying(
            CartReported(type="track", event="Product Added", system=channel,
                         items=(_item(number),), action="added", currency="JPY"),
            channel,
        )  # fmt: skip

    def _saying(self, fact: Fact, channel: str) -> Saying:
        body = _encode(fact).decode()
        return Saying(fact.event_name, body, _tail(fact.event_name, channel, None, None, body))


def _item(number: int) -> Item:
    return Item(
        sku=goods.sku_of(number), product_id=goods.product_of(number), name=goods.name_of(number),
        price_minor=goods.price_of(number),
    )  # fmt: skip


def _tail(name: str, channel: str, place: str | None, key: str | None, body: str) -> bytes:
    """The end of a line as COPY takes it: what it shows is by the timeline's own rule."""
    summary = _encode(timeline.summary(body)).decode()
    return b"".join(map(_text, (name, channel, place, key, summary)))


def _text(value: str | None) -> bytes:
    if value is None:
        return db.NULL
    raw = value.encode()
    return _length(len(raw)) + raw


async def lay_down(pool: Pool, past: Past, size: Size, progress: Progress) -> None:
    """Fill the log, the timeline, orders and receipts; the next events are made meanwhile."""
    async with pool.acquire() as conn:
        await Q.clear.run(conn)
        await Q.partitions.run(conn, first=size.begin, days=len(size.days) + 1)
    made = past.chunks()
    here = await asyncio.to_thread(next, made, None)
    done = 0
    while here is not None:
        day, chunk = here
        async with asyncio.TaskGroup() as both:
            following = both.create_task(asyncio.to_thread(next, made, None))
            both.create_task(_write(pool, day, chunk))
        done += len(chunk.entries)
        progress(done, size.events)
        here = following.result()


async def _write(pool: Pool, day: date, chunk: Chunk) -> None:
    async with pool.acquire() as conn, conn.transaction():
        wanted = [(one.day, one.event_id) for one in chunk.entries]
        places = await log.claim(conn, wanted, on=day)
        await log.write(conn, chunk.entries, places)
        xid: int = await Q.transaction.value(conn)
        await db.copy_rows(conn, "customers", "timeline", _LINE, _lines(chunk, places, xid, day))
        for table, columns, records in (
            ("orders", _ORDER, chunk.orders),
            ("order_lines", _ORDER_LINE, chunk.order_lines),
            ("receipts", _RECEIPT, chunk.receipts),
            ("receipt_lines", _RECEIPT_LINE, chunk.receipt_lines),
        ):
            await conn.copy_records_to_table(
                table, schema_name="stock", columns=columns, records=records
            )


def _lines(chunk: Chunk, places: dict[str, int], xid: int, day: date) -> Iterator[bytes]:
    arrived = day.toordinal() - _DAYS
    for entry, tail in zip(chunk.entries, chunk.tails, strict=True):
        if tail:
            micros = (entry.occurred_at - _EPOCH) // _MICROSECOND
            yield _line(len(_LINE), 4, arrived, 8, places[entry.event_id], 8, micros, 8, xid,
                        8, entry.identifiers[0])  # fmt: skip
            yield _text(entry.event_id)
            yield tail
