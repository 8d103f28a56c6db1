"""What a line shows of an event, and which purchase it tells of. Plain functions of the body."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec

from setten.facts.commerce import OrderCancelled, OrderReported
from setten.facts.customers import CustomerCreated, CustomerSplit, HomeMoved, PurchaseMoved
from setten.facts.reported import CustomerIdentified
from setten.facts.segments import MembershipsChanged
from setten.facts.stock import OrderPlaced, ReceiptRecorded, ReturnMatched, ReturnRecorded
from setten.platform.log import Row

logger = logging.getLogger(__name__)
# No line of a person's own: the first line says as much; segments are shown as they stand.
HIDDEN = frozenset({CustomerCreated.event_name, CustomerSplit.event_name,
                    HomeMoved.event_name,
                    PurchaseMoved.event_name,
                    MembershipsChanged.event_name})  # fmt: skip
SKUS_MAX = 50  # of one line; a longer basket is a wholesaler's
SUMMARY_TEXT_MAX = 200  # a longer name or path is cut: the event itself has it whole

# Stock says that the till's money counts before the order's (facts/stock.py): a receipt of an
# order outranks the order, and a correction ends what it replaces.
ORDER_KEY = "order:"  # the beginning of the key of a purchase that an order stands behind
RANK_ORDER, _RANK_RECEIPT, RANK_VOID = 1, 2, 9

_TEXT_FIELDS = ("event", "name", "path", "title", "action", "order_id", "order_ref", "system",
                "location_id", "purpose", "alternative", "group_id", "category", "code",
                "register", "sequence", "note_id", "voice", "by_name", "customer_id", "gone",
                "receipt_id", "hold_id", "expires_at", "step", "coupon", "stage", "state",
                "was", "reason")  # fmt: skip
_NUMBER_FIELDS = ("total_minor", "is_record")
_SHOWN = dict.fromkeys(_TEXT_FIELDS, True) | dict.fromkeys(_NUMBER_FIELDS, False)
_GOODS = (("sku", "sku"), ("name", "item"), ("variant", "variant"), ("product_id", "product_id"),
          ("price_minor", "price_minor"), ("qty", "qty"), ("quantity", "qty"))  # fmt: skip


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A purchase as one event tells it."""

    purchase_key: str
    rank: int
    total_minor: int
    currency: str


class _Order(msgspec.Struct):
    system: str
    order_ref: str
    total_minor: int | None = None
    currency: str | None = None


class _Cancelled(msgspec.Struct):
    system: str
    order_ref: str
    is_whole: bool = False
    currency: str | None = None
    due_minor: int | None = None


class _Receipt(msgspec.Struct):
    receipt_id: UUID
    total_minor: int
    currency: str
    order_system: str | None = None
    order_ref: str | None = None
    replaces: UUID | None = None


class _Return(msgspec.Struct):
    return_id: UUID
    total_minor: int
    currency: str


class _Report(msgspec.Struct):
    order_id: str
    system: str = ""
    action: str = "placed"


class _Identified(msgspec.Struct):
    traits: dict[str, Any] = {}


# As much of each fact as a line needs: older and newer forms of it are read alike.
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    OrderPlaced.event_name: msgspec.json.Decoder(_Order),
    OrderCancelled.event_name: msgspec.json.Decoder(_Cancelled),
    ReceiptRecorded.event_name: msgspec.json.Decoder(_Receipt),
    ReturnRecorded.event_name: msgspec.json.Decoder(_Return),
    ReturnMatched.event_name: msgspec.json.Decoder(_Return),
    OrderReported.event_name: msgspec.json.Decoder(_Report),
    CustomerIdentified.event_name: msgspec.json.Decoder(_Identified),
}
FACTS = frozenset(_DECODERS)
"""Names of the events that may tell a purchase or a trait."""
_decode_any = msgspec.json.Decoder(dict[str, Any]).decode


def fact_of(row: Row) -> Any:
    """The body of a fact we draw on; None when it is none, or not as its name promises.

    One body that cannot be read must not hold up everybody's timeline: it stays a plain line.
    """
    decoder = _DECODERS.get(row.name)
    if decoder is None:
        return None
    try:
        return decoder.decode(row.body)
    except msgspec.DecodeError:
        logger.warning("event %s at position %d is not a %s", row.event_id, row.position, row.name)
        return None


def order_key(system: str, order_ref: str) -> str:
    """One purchase is one order by (system of record, the order's own number)."""
    return f"{ORDER_KEY}{system}:{order_ref}"


def receipt_key(receipt_id: UUID) -> str:
    """A purchase at a till that no order stands behind."""
    return f"receipt:{receipt_id}"


def return_key(return_id: UUID) -> str:
    """A purchase below zero: goods that came back over a counter of ours."""
    return f"return:{return_id}"


def told(body: Any) -> tuple[Told, ...]:
    """The purchases that a fact of stock (of `fact_of`) tells of: one, and the one it voids."""
    if isinstance(body, _Order):
        return (
            Told(
                purchase_key=order_key(body.system, body.order_ref),
                rank=RANK_ORDER,
                total_minor=body.total_minor or 0,
                currency=body.currency or "",
            ),
        )
    if isinstance(body, _Cancelled) and body.is_whole:
        return (
            Told(
                purchase_key=order_key(body.system, body.order_ref),
                rank=RANK_VOID,
                total_minor=0,
                currency=body.currency or "",
            ),
        )
    if isinstance(body, _Return):
        return (
            Told(
                purchase_key=return_key(body.return_id),
                rank=_RANK_RECEIPT,
                total_minor=body.total_minor,
                currency=body.currency,
            ),
        )
    return _told_by_receipt(body) if isinstance(body, _Receipt) else ()


def lowered(body: Any) -> tuple[str, int] | None:
    """The purchase that a fact (of `fact_of`) makes smaller, and what is due for it after that.

    A receipt knows better; so only what the order itself told is lowered, whatever comes first.
    """
    if isinstance(body, _Cancelled) and not body.is_whole and body.due_minor is not None:
        return order_key(body.system, body.order_ref), body.due_minor
    return None


def _told_by_receipt(receipt: _Receipt) -> tuple[Told, ...]:
    one = Told(
        purchase_key=_key_of_receipt(receipt),
        rank=_RANK_RECEIPT,
        total_minor=receipt.total_minor,
        currency=receipt.currency,
    )
    if receipt.replaces is None:
        return (one,)
    void = Told(
        purchase_key=receipt_key(receipt.replaces),
        rank=RANK_VOID,
        total_minor=0,
        currency=receipt.currency,
    )
    return (one, void)


def _key_of_receipt(receipt: _Receipt) -> str:
    if receipt.order_ref is not None:
        return order_key(receipt.order_system or "", receipt.order_ref)
    return receipt_key(receipt.receipt_id)


def purchase_key(body: Any) -> str | None:
    """The purchase that a fact (of `fact_of`) tells of, also when it is only a report of it."""
    if isinstance(body, _Report):
        is_placed = body.action in ("placed", "updated")
        return order_key(body.system, body.order_id) if is_placed else None
    if isinstance(body, _Order | _Cancelled):
        return order_key(body.system, body.order_ref)
    if isinstance(body, _Return):
        return return_key(body.return_id)
    return _key_of_receipt(body) if isinstance(body, _Receipt) else None


def traits(body: Any) -> dict[str, Any]:
    """The traits that are not personal data, as an identify (of `fact_of`) told them."""
    return body.traits if isinstance(body, _Identified) else {}


def summary(body: str | bytes) -> dict[str, Any]:
    """The few public values that draw a line, from an event's body."""
    try:
        said = _decode_any(body)
    except msgspec.DecodeError:
        return {}
    short: dict[str, Any] = {}
    # By what was said, which is a few words, not by all that could be: it is half of the work.
    for field, value in said.items():
        is_text = _SHOWN.get(field)
        if is_text is None or value is None or value == "":
            continue
        if not is_text:
            short[field] = value
        elif isinstance(value, str):
            short[field] = value[:SUMMARY_TEXT_MAX]
        elif isinstance(value, int):
            short[field] = value
    if isinstance(said.get("currency"), str):
        short["currency"] = said["currency"]
    own = said.get("properties")  # of an event outside the spec: what it is about, if it says so
    if isinstance(own, dict) and isinstance(own.get("title"), str):
        short.setdefault("title", own["title"][:SUMMARY_TEXT_MAX])
    short.update(_goods(said))
    return short


@lru_cache(maxsize=8_192)
def _summary_kept(body: str) -> dict[str, Any]:
    return summary(body)


def summary_of(row: Row) -> dict[str, Any]:
    """The summary of an event that has just come: readers of one process share it, so nobody may
    change it."""
    return _summary_kept(row.body)


def _goods(said: dict[str, Any]) -> dict[str, Any]:
    """The first product told of, and how many there are in all."""
    item, items, lines = said.get("item"), said.get("items"), said.get("lines")
    if item is None and not items and not lines:
        return {}
    goods = [item]
    goods += [one for many in (items, lines) if isinstance(many, list) for one in many]
    named = [one for one in goods if one and isinstance(one, dict)]
    if not named:
        return {}
    found: dict[str, Any] = {}
    first = named[0]
    for source, target in _GOODS:
        value = first.get(source)
        if value is not None and target not in found:
            found[target] = value[:SUMMARY_TEXT_MAX] if isinstance(value, str) else value
    if "location_id" in first:
        found.setdefault("at", first["location_id"])
    found["lines"] = len(named)
    # Of what was sold, ordered or lies in a cart all that is asked for: which goods.
    if isinstance(lines, list) and len(named) > 1:
        skus = dict.fromkeys(one["sku"] for one in named if isinstance(one.get("sku"), str))
        if len(skus) > 1:
            found["skus"] = [one[:SUMMARY_TEXT_MAX] for one in skus][:SKUS_MAX]
    return found
