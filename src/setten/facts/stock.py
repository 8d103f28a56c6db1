"""What the stock domain states."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from setten.platform.log import Fact


class GoodsLine(msgspec.Struct, frozen=True):
    """Units of one sku at one place."""

    sku: str
    location_id: str
    qty: int


class SoldLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line of a receipt or order; amount_minor is for the whole line, signed."""

    sku: str
    qty: int
    amount_minor: int | None = None


class StockMoved(Fact, frozen=True, kw_only=True):
    """Units came, went or were counted. qty is as asked: signed for adjust, counted for count."""

    event_name: ClassVar[str] = "stock.moved"
    movement_id: UUID
    kind: str
    sku: str
    location_id: str
    qty: int
    reason: str | None = None
    ref: str | None = None


class AvailabilityChanged(Fact, frozen=True, kw_only=True):
    """What we can promise of a sku at a place crossed into another band."""

    event_name: ClassVar[str] = "availability.changed"
    sku: str
    location_id: str
    band: str
    was: str


class StockHeld(Fact, frozen=True, kw_only=True):
    """Units were promised to somebody until expires_at."""

    event_name: ClassVar[str] = "stock.held"
    hold_id: UUID
    lines: tuple[GoodsLine, ...]
    expires_at: datetime
    purpose: str


class HoldChanged(Fact, frozen=True, kw_only=True):
    """Base of what becomes of a hold. purpose: as of its `stock.held`; absent in older facts."""

    hold_id: UUID
    lines: tuple[GoodsLine, ...] = ()
    purpose: str | None = None


class HoldReady(HoldChanged, frozen=True, kw_only=True):
    """All of it is picked and waits for its customer."""

    event_name: ClassVar[str] = "stock.hold_ready"


class HoldUnready(HoldChanged, frozen=True, kw_only=True):
    """It was ready and is not any more: a line was taken back or exchanged, and is picked anew."""

    event_name: ClassVar[str] = "stock.hold_unready"


class HoldEndsSoon(HoldChanged, frozen=True, kw_only=True):
    """It is ready, nobody has come, and it will run out at expires_at."""

    event_name: ClassVar[str] = "stock.hold_ends_soon"
    expires_at: datetime


class HoldSubstituted(HoldChanged, frozen=True, kw_only=True):
    """Its customer agreed to take other goods: `was` gave way to `lines`.

    is_missing: the first goods were not there. price_minor: what a unit of the new ones costs her.
    """

    event_name: ClassVar[str] = "stock.hold_substituted"
    was: tuple[GoodsLine, ...]
    is_missing: bool
    price_minor: int
    currency: str
    agreed_how: str


class HoldMoved(HoldChanged, frozen=True, kw_only=True):
    """Its goods are kept elsewhere than before (`was`): routed, or moved when a place could not."""

    event_name: ClassVar[str] = "stock.hold_moved"
    was: tuple[GoodsLine, ...]


class HoldReopened(HoldChanged, frozen=True, kw_only=True):
    """The hand-over was a slip and is taken back; it waits for its customer again."""

    event_name: ClassVar[str] = "stock.hold_reopened"


class HoldExtended(HoldChanged, frozen=True, kw_only=True):
    """It waits longer. because: "asked" by somebody, or "active": its customer is still about."""

    event_name: ClassVar[str] = "stock.hold_extended"
    expires_at: datetime
    because: str = "asked"


class HoldCollected(HoldChanged, frozen=True, kw_only=True):
    """It was handed over: by code, to a person named for it, or through the till (receipt_id).

    lines: what was handed over. released: what was not and is free again; rest_hold_id: the hold
    under which what was not handed over waits on, with the same code.
    """

    event_name: ClassVar[str] = "stock.hold_collected"
    receipt_id: UUID | None = None
    to_whom: str = "code"
    released: tuple[GoodsLine, ...] = ()
    rest_hold_id: UUID | None = None


class HoldReleased(HoldChanged, frozen=True, kw_only=True):
    """It was given up; the units are free again."""

    event_name: ClassVar[str] = "stock.hold_released"


class HoldExpired(HoldChanged, frozen=True, kw_only=True):
    """Nobody came in time; the units are free again."""

    event_name: ClassVar[str] = "stock.hold_expired"


class HoldShort(HoldChanged, frozen=True, kw_only=True):
    """Promised units are not there: sold at the till, or not on the shelf.

    alternative: the nearest other place that can promise the first line, or null.
    """

    event_name: ClassVar[str] = "stock.hold_short"
    alternative: str | None = None


class TransferChanged(Fact, frozen=True, kw_only=True):
    """Base of what becomes of goods on their way between two of our places."""

    transfer_id: UUID
    from_location: str
    to_location: str
    lines: tuple[GoodsLine, ...] = ()


class TransferShipped(TransferChanged, frozen=True, kw_only=True):
    """It left; expected at the other place on due_on, if that is known."""

    event_name: ClassVar[str] = "stock.transfer_shipped"
    due_on: date | None = None


class TransferReceived(TransferChanged, frozen=True, kw_only=True):
    """Some of it, or the rest, was counted in; lines are what came this time."""

    event_name: ClassVar[str] = "stock.transfer_received"


class TransferClosed(TransferChanged, frozen=True, kw_only=True):
    """Nothing more is awaited; lines are what never came."""

    event_name: ClassVar[str] = "stock.transfer_closed"


class StockCounted(Fact, frozen=True, kw_only=True):
    """A count was booked. lines: what differed from the book, in signed units."""

    event_name: ClassVar[str] = "stock.counted"
    count_id: UUID
    location_id: str
    counted: int
    lines: tuple[GoodsLine, ...] = ()


class PreorderChanged(Fact, frozen=True, kw_only=True):
    """Base of what becomes of a promise of goods that are still to come."""

    preorder_id: UUID
    lines: tuple[GoodsLine, ...] = ()


class PreorderPlaced(PreorderChanged, frozen=True, kw_only=True):
    """Units of a delivery were promised to somebody, expected on due_on."""

    event_name: ClassVar[str] = "preorder.placed"
    due_on: date


class PreorderMoved(PreorderChanged, frozen=True, kw_only=True):
    """It comes on another day than was said (`was`)."""

    event_name: ClassVar[str] = "preorder.moved"
    due_on: date
    was: date


class PreorderKept(PreorderChanged, frozen=True, kw_only=True):
    """The goods have come and are held."""

    event_name: ClassVar[str] = "preorder.kept"
    hold_id: UUID


class PreorderShort(PreorderChanged, frozen=True, kw_only=True):
    """They will not come: no delivery has room for it."""

    event_name: ClassVar[str] = "preorder.short"


class PreorderReleased(PreorderChanged, frozen=True, kw_only=True):
    """It was given up."""

    event_name: ClassVar[str] = "preorder.released"


class StockDrifted(Fact, frozen=True, kw_only=True):
    """The nightly proof found two tellings of one number that differ.

    entries: of the ledger, newest first, that may explain it.
    """

    event_name: ClassVar[str] = "stock.drifted"
    drift_id: UUID
    what: str
    balance: int
    proven: int
    sku: str | None = None
    location_id: str | None = None
    entries: tuple[int, ...] = ()


class StockDisagreed(Fact, frozen=True, kw_only=True):
    """An outside system says another number than we do; units physically there."""

    event_name: ClassVar[str] = "stock.disagreed"
    disagreement_id: UUID
    system: str
    sku: str
    location_id: str
    ours: int
    theirs: int


class ReceiptRecorded(Fact, frozen=True, kw_only=True):
    """A till sold. Money the till took: this, and order.placed without a receipt, are revenue."""

    event_name: ClassVar[str] = "receipt.recorded"
    receipt_id: UUID
    location_id: str
    register: str
    sequence: str
    business_day: date
    lines: tuple[SoldLine, ...]
    total_minor: int
    currency: str
    order_system: str | None = None
    order_ref: str | None = None
    # The receipt that this one corrects; its money no longer counts.
    replaces: UUID | None = None


class ReturnRecorded(Fact, frozen=True, kw_only=True):
    """Goods came back. Signed as a receipt of a return: lines and total_minor are below zero.

    total_minor: what had been paid for them, tax included; refunded_minor: what went back of it,
    above zero. conditions: of each line, resaleable, damaged or unusable. The order or receipt they
    were sold on, when that is known.
    """

    event_name: ClassVar[str] = "return.recorded"
    return_id: UUID
    location_id: str
    lines: tuple[SoldLine, ...]
    conditions: tuple[str, ...]
    total_minor: int
    currency: str
    refunded_minor: int
    reason: str
    order_system: str | None = None
    order_ref: str | None = None
    receipt_id: UUID | None = None
    exchange_hold_id: UUID | None = None


class ReturnMatched(Fact, frozen=True, kw_only=True):
    """What a till took back without a card was of a purchase of this customer's: told under her, so
    that her sums fall. total_minor: below zero; above, when the till corrected that receipt.

    receipt_id: the till's; how: said, only_one or person.
    """

    event_name: ClassVar[str] = "return.matched"
    return_id: UUID
    receipt_id: UUID
    location_id: str
    lines: tuple[SoldLine, ...]
    total_minor: int
    currency: str
    how: str


class HoldReduced(HoldChanged, frozen=True, kw_only=True):
    """Some of it is no longer wanted: `lines` are free again, the rest waits on."""

    event_name: ClassVar[str] = "stock.hold_reduced"


class OrderPlaced(Fact, frozen=True, kw_only=True):
    """An order, told by its system of record; stated once by (system, order_ref)."""

    event_name: ClassVar[str] = "order.placed"
    order_id: UUID
    system: str
    order_ref: str
    lines: tuple[SoldLine, ...]
    total_minor: int | None
    currency: str | None


class PartLine(msgspec.Struct, frozen=True):
    """Units of a line of an order in one part of it."""

    line_no: int
    sku: str
    qty: int


class FulfilmentFact(Fact, frozen=True, kw_only=True):
    """Base of what is told of one part of an order on its way to its customer."""

    fulfilment_id: UUID
    order_id: UUID
    system: str
    order_ref: str
    lines: tuple[PartLine, ...] = ()


class FulfilmentChanged(FulfilmentFact, frozen=True, kw_only=True):
    """A part of an order went a step further. state: routed, accepted, picked, packed, shipped,
    delivered, rejected, cancelled or waiting (no place has its goods now).

    parts: into how many the order is split, told when it is routed. instead_of: the part it takes
    the place of.
    """

    event_name: ClassVar[str] = "fulfilment.changed"
    state: str
    way: str
    location_id: str | None
    reason: str | None = None
    carrier: str | None = None
    carrier_ref: str | None = None
    arrives_from: date | None = None
    arrives_to: date | None = None
    parts: int | None = None
    instead_of: UUID | None = None


class FulfilmentLate(FulfilmentFact, frozen=True, kw_only=True):
    """A part did not leave on the day that was promised: told before anybody asks."""

    event_name: ClassVar[str] = "fulfilment.late"
    location_id: str | None
    ships_on: date
    arrives_to: date | None = None


class ReleaseJoined(Fact, frozen=True, kw_only=True):
    """Somebody stands in line for a release."""

    event_name: ClassVar[str] = "release.joined"
    release_id: str
    is_member: bool
