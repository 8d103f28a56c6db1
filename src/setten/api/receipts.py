"""Receipts over JSON: tills ask, or tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter, RawBody

from setten.api import guard, idempotency
from setten.api.state import Deps
from setten.customers import identity
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.vault import Identifier, UnusableIdentifier, normalise
from setten.stock import catalog, orders, receipts
from setten.stock.locations import LOCATION_ID_LENGTH_MAX, UnknownLocation
from setten.stock.receipts import (
    RECEIPTS_MAX,
    Printed,
    PromisedToAnother,
    Receipt,
    ReceiptDiffers,
    ReceiptLine,
    Recorded,
    Result,
    Tax,
    Tender,
    Total,
)

CARD_LENGTH_MAX = 100


class ReceiptLineIn(msgspec.Struct, frozen=True, kw_only=True):
    """By sku, or by the gtin that was scanned. qty below zero is a return.

    amount: taken for the whole line after discounts, minor units, signed; or leave it out and give
    price (a unit's) with discount and coupon.
    """

    sku: str | None = None
    gtin: str | None = None
    qty: int
    amount: int | None = None
    price: int | None = None
    discount: int = 0
    coupon: int = 0
    tax_rate: float | None = None


class TenderIn(msgspec.Struct, frozen=True, kw_only=True):
    """kind: cash, card, points, voucher … Anything else that a till says of it is not kept."""

    kind: str
    amount: int


class TaxIn(msgspec.Struct, frozen=True, kw_only=True):
    """Tax of one rate."""

    rate: float
    amount: int


class OrderIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The order that this receipt fulfils."""

    system: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    order_id: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class PrintedIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is printed on a receipt; without the day the newest of that number."""

    location_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    register: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    sequence: str | int
    business_day: date | None = None


class ReceiptIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receipt, unique by location_id, register, sequence and business_day.

    returned_from: the receipt on which what comes back was bought.
    """

    location_id: str
    register: str
    sequence: str | int
    business_day: date
    at: datetime
    lines: list[ReceiptLineIn]
    mode: Annotated[str, msgspec.Meta(pattern="^(ask|tell)$")] = "tell"
    currency: str = "JPY"
    tax_included: bool = True
    tenders: list[TenderIn] = []
    tax: list[TaxIn] = []
    loyalty_card: Annotated[str, msgspec.Meta(max_length=CARD_LENGTH_MAX)] | None = None
    coupons: list[str] = []
    hold_code: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    hold_id: UUID | None = None
    order: OrderIn | None = None
    replaces: UUID | None = None
    returned_from: PrintedIn | None = None


class ReceiptsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Receipts, in the order they were printed."""

    receipts: Annotated[list[ReceiptIn], msgspec.Meta(min_length=1, max_length=RECEIPTS_MAX)]


class ResultsBody(msgspec.Struct, frozen=True):
    """Counts, and what came of each receipt, by index."""

    booked: int
    already: int
    refused: int
    results: list[Result]


class TotalsBody(msgspec.Struct, frozen=True):
    """What tills took, by currency."""

    items: list[Total]


def router() -> Router:
    """The routes of this domain, under /api/v1/receipts."""
    return Router(
        path="/api/v1/receipts",
        route_handlers=[post_receipts, get_totals, get_receipt],
        dependencies={"actor": guard.provide_actor},
        tags=["receipts"],
    )


@post("/", status_code=200, guards=[guard.allow("server")])
async def post_receipts(
    data: JSONBody[ReceiptsIn],
    body: RawBody,
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    key: idempotency.Key = None,
) -> Response[ResultsBody]:
    """Book receipts, each once. One alone that is refused answers with its refusal's status."""

    async def work(conn: Connection) -> tuple[int, Any, str | None]:
        asked = await _receipts(conn, deps, data.receipts)
        results = await receipts.book(conn, asked, by=actor.label, now=clock.now())
        if len(results) == 1:
            _raise_refusal(results[0], asked[0])
        last = next((one.event_id for one in reversed(results) if one.event_id), None)
        return 200, _answer(results), last

    if key is None:  # a receipt is its own key: told again, it answers `already`
        async with db.transaction(deps.pool) as conn:
            status, answer, event_id = await work(conn)
        headers = {"Setten-Event": event_id} if event_id else {}
        return Response(answer, status_code=status, headers=headers)
    claim = idempotency.claim_for(actor, "receipts", key, body)
    return await idempotency.once(deps.pool, claim, work)


def _answer(results: list[Result]) -> ResultsBody:
    count = {"booked": 0, "already": 0, "refused": 0}
    for one in results:
        count[one.status] += 1
    return ResultsBody(**count, results=results)


def _raise_refusal(result: Result, receipt: Receipt) -> None:
    if result.reason == "promised_to_another":
        short = [
            {"sku": sku, "location_id": receipt.location_id, "lacking": qty}
            for sku, qty in result.wanting
        ]
        raise PromisedToAnother(short=short)
    if result.reason == "receipt_differs":
        raise ReceiptDiffers(receipt_id=str(result.receipt_id))
    if result.reason == "unknown_location":
        raise UnknownLocation(location_id=receipt.location_id[:LOCATION_ID_LENGTH_MAX])


async def _receipts(conn: Connection, deps: Deps, told: Sequence[ReceiptIn]) -> list[Receipt]:
    """Receipts as stock knows them: cards are numbers from here on."""
    cards = {one.loyalty_card: _card(one.loyalty_card) for one in told if one.loyalty_card}
    wanted = [card for card in cards.values() if card is not None]
    numbers = await deps.vault.identify(conn, wanted)
    owners = await _owners(conn, list(numbers.values()))
    scanned = [line.gtin for one in told for line in one.lines if line.gtin and not line.sku]
    skus = await catalog.skus_of(conn, scanned)
    found = []
    for one in told:
        card = cards.get(one.loyalty_card) if one.loyalty_card else None
        number = numbers[card] if card else None
        lines = tuple(_line(line, skus) for line in one.lines)
        receipt = _receipt(one, lines, number, owners.get(number or 0, frozenset()))
        found.append(await _for_order(conn, receipt))
    return found


async def _for_order(conn: Connection, receipt: Receipt) -> Receipt:
    """A receipt for one of our own orders takes the goods that wait for it at this place."""
    if receipt.order_system != orders.OURS or receipt.hold_id or not receipt.order_ref:
        return receipt
    hold_id = await orders.hold_at(conn, receipt.order_ref, receipt.location_id)
    return msgspec.structs.replace(receipt, hold_id=hold_id)


def _card(written: str) -> Identifier | None:
    try:
        return normalise("loyalty_card", written)
    except UnusableIdentifier:
        return None  # the sale stands; it only names nobody


async def _owners(conn: Connection, numbers: Sequence[int]) -> dict[int, frozenset[int]]:
    """All identifiers of each card's owner, so that a hold made under another of them is theirs."""
    customers = await identity.customers_for(conn, numbers)
    return {
        number: frozenset(
            node.identifier_id for node in await identity.identifiers_of(conn, customer_id)
        )
        for number, customer_id in customers.items()
    }


def _receipt(
    told: ReceiptIn,
    lines: tuple[ReceiptLine, ...],
    number: int | None,
    owners: frozenset[int],
) -> Receipt:
    return Receipt(
        location_id=told.location_id,
        register=told.register,
        sequence=str(told.sequence),
        business_day=told.business_day,
        at=told.at,
        currency=told.currency.upper(),
        lines=lines,
        mode=told.mode,
        tax_included=told.tax_included,
        tenders=tuple(Tender(t.kind, t.amount) for t in told.tenders),
        tax=tuple(Tax(Decimal(str(t.rate)), t.amount) for t in told.tax),
        coupons=tuple(told.coupons),
        identifier_id=number,
        owner_ids=owners,
        hold_code=told.hold_code,
        hold_id=told.hold_id,
        order_system=told.order.system if told.order else None,
        order_ref=told.order.order_id if told.order else None,
        replaces=told.replaces,
        returned_from=_printed(told.returned_from),
    )


def _printed(told: PrintedIn | None) -> Printed | None:
    if told is None:
        return None
    return Printed(
        location_id=told.location_id,
        register=told.register,
        sequence=str(told.sequence),
        business_day=told.business_day,
    )


def _line(line: ReceiptLineIn, skus: Mapping[str, str]) -> ReceiptLine:
    gtin = line.gtin or ""
    amount = line.amount
    if amount is None:
        amount = (line.price or 0) * line.qty - line.discount - line.coupon
    return ReceiptLine(
        sku=line.sku or skus.get(gtin, gtin),  # unknown goods keep what was scanned
        qty=line.qty,
        amount_minor=amount,
        discount_minor=line.discount,
        coupon_minor=line.coupon,
        tax_rate=None if line.tax_rate is None else Decimal(str(line.tax_rate)),
    )


@get("/totals", guards=[guard.allow("server")])
async def get_totals(
    deps: NamedDependency[Deps],
    location_id: Annotated[str | None, QueryParameter(max_length=100)] = None,
) -> TotalsBody:
    """What tills took, by currency: receipts, lines, money."""
    place = location_id.replace("\x00", "") if location_id else None
    async with deps.pool.acquire() as conn:
        return TotalsBody(await receipts.totals(conn, location_id=place))


@get("/{receipt_id:uuid}", guards=[guard.allow("server")])
async def get_receipt(receipt_id: FromPath[UUID], deps: NamedDependency[Deps]) -> dict[str, Any]:
    """One receipt with its lines."""
    async with deps.pool.acquire() as conn:
        found = await receipts.get(conn, receipt_id)
        whose = await identity.customers_for(conn, _numbers(found))
    shown: dict[str, Any] = msgspec.to_builtins(found)
    number = shown.pop("identifier_id")  # a number of the vault says nothing outside
    shown["customer_id"] = whose.get(number or 0)
    return shown


def _numbers(found: Recorded) -> list[int]:
    return [] if found.identifier_id is None else [found.identifier_id]
