"""Orders of another system, and what a CRM noted of customers: rows that are events of somebody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from setten.customers.ingest import EVENT_BYTES_MAX
from setten.imports import telling
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import MOMENT, MONEY, Field
from setten.imports.model import BadRow, Outcome, Values, refused
from setten.imports.people import WHO, who
from setten.platform import money
from setten.platform.db import Connection

_CANCELLED = frozenset(
    ("cancelled", "canceled", "キャンセル", "取消", "注文取消", "void", "voided")
)
_REFUNDED = frozenset(("refunded", "返金", "返金済", "返金済み", "返品"))
# Channels of activities, by how CRMs call the kind; the rest is "other".
_PHONE = ("call", "phone", "tel", "電話", "架電", "受電", "コール")
_MAIL = ("mail", "email", "e-mail", "メール")
_STORE = ("visit", "meeting", "来店", "訪問", "面談", "商談", "打合せ")
_CHAT = ("chat", "チャット", "line")
_CHANNELS = {"phone": _PHONE, "mail": _MAIL, "store": _STORE, "chat": _CHAT}
_NAMES = {"phone": "Phone Call Noted", "mail": "Mail Noted", "store": "Visit Noted",
          "chat": "Chat Noted", "other": "Activity Noted"}  # fmt: skip


class Row(msgspec.Struct, frozen=True, gc=False):
    """A row of an order: its number, what it says of the whole, and its goods."""

    order_id: str
    whole: dict[str, Any]
    item: dict[str, Any] | None


class Orders(Kind):
    """Orders, one line of an order a row; the lines of an order stand together.

    They are told as their system would tell them: it is the system of record, so each becomes an
    order once. Amounts of a row: `price` of one unit, `total` of the whole order.
    """

    name = "orders"
    rows_a_commit = 3_000
    fields = (
        Field("order_id", "code", must=True),
        Field("at", MOMENT, must=True),
        *WHO,
        Field("status", "code"),
        Field("sku", "code"),
        Field("name"),
        Field("qty", "whole"),
        Field("price", MONEY),
        Field("total", MONEY),
        Field("shipping", MONEY),
        Field("discount", MONEY),
        Field("coupon", "code"),
        Field("location_id", "code"),
    )

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._system = setup.options.system or setup.columns.system or "import"
        self._told = telling.Telling(setup.vault, self.name, self._system)
        self._channel = setup.options.channel or "web"
        self._currency = setup.columns.currency.upper()
        self._scale = money.decimals(self._currency)

    async def prepare(self, conn: Connection, *, now: datetime) -> None:
        """A source that is the system of record."""
        await self._told.open(conn, [self._channel], setup=self.setup, now=now, is_record=True)

    def read(self, row: Values) -> Row:
        """A row as a line of its order."""
        found = self.reader.read(row)
        item = None
        if "sku" in found:
            qty = found.get("qty", 1)
            if not 0 < qty <= 1_000_000:
                raise BadRow("bad_qty")
            item = {"sku": found["sku"], "quantity": qty}
            if "price" in found:
                item["price"] = self._major(found["price"])
            if "name" in found:
                item["name"] = found["name"]
        said = {"order_id": found["order_id"], "currency": self._currency}
        for key in ("total", "shipping", "discount"):
            if key in found:
                said[key] = self._major(found[key])
        for key in ("coupon", "location_id"):
            if key in found:
                said[key] = found[key]
        return Row(found["order_id"], {**_head(found), "properties": said}, item)

    def _major(self, minor: int) -> str:
        return str(minor) if not self._scale else f"{minor / 10**self._scale:.{self._scale}f}"

    def key(self, read: Row) -> str:
        """The order."""
        return read.order_id

    def key_of(self, row: Values) -> str | None:
        """Which order a row that cannot be used says it is of."""
        order_id: str | None = self.reader.one(row, "order_id")
        return order_id or None

    async def take(self, conn: Connection, rows: Sequence[Row], *, now: datetime) -> Taken:
        """Tell each order with all of its lines, once."""
        told: dict[str, list[Row]] = {}
        for row in rows:
            told.setdefault(row.order_id, []).append(row)
        outcomes: dict[str, Outcome] = {}
        events: dict[str, bytes] = {}
        for order_id, lines in told.items():
            made = self._event(order_id, lines)
            if isinstance(made, Outcome):
                outcomes[order_id] = made
            else:
                events[order_id] = made
        answers = await self._told.take(
            conn, [(self._channel, one) for one in events.values()], now=now
        )
        outcomes |= dict(zip(events, answers, strict=True))
        count = sum(one.status == "new" for one in answers)
        return Taken([outcomes[row.order_id] for row in rows], {"orders": count})

    def _event(self, order_id: str, lines: Sequence[Row]) -> bytes | Outcome:
        whole: dict[str, Any] = {}
        said: dict[str, Any] = {}
        for line in lines:
            # Some exports say what is of the whole order in its first line only.
            if not (_joins(whole, line.whole) and _joins(said, line.whole["properties"])):
                return refused("differs", "order_id")
        products = [line.item for line in lines if line.item is not None]
        if products:
            said["products"] = products
        name = whole.setdefault("event", "Order Completed")
        whole |= {"type": "track", "properties": said}
        event = self._told.sealed_id(whole, own_id=f"{name} {order_id}")
        return event if len(event) <= EVENT_BYTES_MAX else refused("too_many_lines")


def _head(found: dict[str, Any]) -> dict[str, Any]:
    """Who ordered, when, and how it stands, as far as this row says it."""
    try:
        head = who(found)
    except BadRow:
        head = {}
    head["timestamp"] = found["at"].isoformat()
    if "status" in found:
        head["event"] = _event_of(found["status"])
    return head


def _joins(whole: dict[str, Any], more: dict[str, Any]) -> bool:
    """Add what a further line says; False when it says otherwise than the lines before."""
    for key, value in more.items():
        if key != "properties" and whole.setdefault(key, value) != value:
            return False
    return True


def _event_of(status: str) -> str:
    said = status.casefold()
    if said in _CANCELLED:
        return "Order Cancelled"
    return "Order Refunded" if said in _REFUNDED else "Order Completed"


class Activities(Kind):
    """What a CRM noted: calls, mails, meetings, one a row. The words go to the vault."""

    name = "activities"
    rows_a_commit = 2_000
    fields = (
        Field("activity_id", "code"),
        *WHO,
        Field("kind", "code"),
        Field("subject"),
        Field("body"),
        Field("owner"),
        Field("at", MOMENT, must=True),
    )

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        system = setup.options.system or setup.columns.system or "import"
        self._told = telling.Telling(setup.vault, self.name, system)

    async def prepare(self, conn: Connection, *, now: datetime) -> None:
        """A source for each channel that an activity can be of."""
        await self._told.open(conn, list(_NAMES), setup=self.setup, now=now)

    def read(self, row: Values) -> tuple[str, bytes]:
        """A row as an event of the channel that it happened on."""
        found = self.reader.read(row)
        channel = self.setup.options.channel or _channel_of(found.get("kind", ""))
        if channel not in _NAMES:
            channel = "other"
        said = {"subject": found.get("subject"), "body": found.get("body"),
                "staff_name": found.get("owner"), "activity": found.get("kind")}  # fmt: skip
        event = {
            **who(found),
            "type": "track",
            "event": _NAMES[channel],
            "timestamp": found["at"].isoformat(),
            "properties": {key: one for key, one in said.items() if one},
        }
        return channel, self._told.sealed_id(event, own_id=found.get("activity_id"))

    async def take(
        self, conn: Connection, rows: Sequence[tuple[str, bytes]], *, now: datetime
    ) -> Taken:
        """Take activities in."""
        return Taken(await self._told.take(conn, rows, now=now))


def _channel_of(kind: str) -> str:
    said = kind.casefold()
    return next(
        (channel for channel, words in _CHANNELS.items() if any(word in said for word in words)),
        "other",
    )
