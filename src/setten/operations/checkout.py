"""A cart becomes an order: priced, held, placed, its payments noted, in one transaction.

Whatever fails, nothing has happened. Two who check out one cart queue at the cart; the second finds
it gone. An edit that comes meanwhile waits too, and then finds the cart gone: no line is bought
that was not in the sum, and none is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.operations import keeping, parcels
from setten.operations.parcels import Parcel
from setten.platform.db import Connection
from setten.platform.errors import Conflict, SettenError
from setten.stock import (
    availability,
    carts,
    fulfilments,
    holds,
    house_rules,
    orders,
    payments,
    sets,
)
from setten.stock.carts import Cart, Quote, QuotedLine
from setten.stock.delivery import Wanted
from setten.stock.holds import Ask, NotEnoughStock, Placed
from setten.stock.locations import Directory
from setten.stock.orders import NewLine, NewOrder, Order
from setten.stock.payments import Payment

PAYMENTS_MAX = 5  # of one order: a card, a voucher, the rest at the counter
SHIP_WAIT_S = 30 * 24 * 3600  # until the place that sends them has picked them


class CartEmpty(Conflict):
    """There is nothing in the cart to order."""

    code = "cart_empty"


class CartChangedMeanwhile(Conflict):
    """The cart is not the one that was shown. facts: version as it is now."""

    code = "cart_changed"


class PriceChanged(Conflict):
    """It costs other than was shown. facts: total_minor, shown_minor, shipping_minor, lines."""

    code = "price_changed"


class CannotBeOrdered(Conflict):
    """A line has no price, or one in another currency. facts: problems."""

    code = "cannot_be_ordered"


class BadCheckout(Conflict):
    """This cannot be checked out so. facts: why."""

    code = "bad_checkout"


class Pay(msgspec.Struct, frozen=True, kw_only=True):
    """How a part is paid. amount_minor: None for all that the others leave. state: intended,
    authorised or captured, as the provider or the till has told."""

    method: str
    amount_minor: int | None = None
    state: str = "intended"
    provider: str | None = None
    reference: str | None = None


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """Who buys what was shown.

    identifier_ids, under: of the person, and the one the order stands under. cart_version and
    total_minor: as shown. location_id: where it is sold. address_id: the vault's envelope with the
    address, for goods that are sent. postcode: of that address. by: the label of who asks.
    hold_ids: holds of hers that become the order's, or are let go where it does not need them.
    """

    identifier_ids: Sequence[int]
    under: int
    cart_version: int
    total_minor: int
    channel: str
    by: str
    location_id: str | None = None
    pays: Sequence[Pay] = ()
    postcode: str | None = None
    address_id: int | None = None
    hold_ids: Sequence[UUID] = ()


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """The order, its holds (a code for each place of collection) and payments."""

    order: Order
    holds: tuple[Placed, ...]
    payments: tuple[Payment, ...]
    parcels: tuple[Parcel, ...]
    event_id: str


class _Going(msgspec.Struct, frozen=True):
    """Goods that are held at one place for one way."""

    method: str
    location_id: str
    lines: tuple[GoodsLine, ...]


async def look(
    conn: Connection,
    directory: Directory,
    cart: Cart,
    *,
    postcode: str | None,
    now: datetime,
    sold_at: str | None = None,
) -> tuple[Quote, tuple[Parcel, ...], SettenError | None]:
    """What a cart costs to the door now; the parcels, or why it cannot be sent.

    sold_at: the shop that sells it, when one does.
    """
    near = None if sold_at is None else (await directory.fresh(conn)).find(sold_at)
    able, excluded = await fulfilments.able(conn, directory, near=near, now=now)
    others = [one.location_id for one in excluded]
    quote = await carts.quote(conn, directory, cart, now=now, senders=sorted(able), others=others)
    wanted = [Wanted(one.sku, one.qty) for one in cart.lines if one.method == "ship"]
    try:
        found = await parcels.plan(
            conn,
            directory,
            wanted,
            postcode=postcode,
            subtotal_minor=quote.goods_minor,
            now=now,
            near=near,
        )
    except (NotEnoughStock, parcels.NotDelivered, parcels.PostcodeMissing) as refusal:
        return quote, (), refusal
    fee = sum(one.fee_minor for one in found)
    return carts.priced(cart, quote.lines, shipping_minor=fee), found, None


async def check_out(
    conn: Connection, directory: Directory, asked: Checkout, *, now: datetime
) -> Bought:
    """Order everything in the person's cart as it was shown.

    States `order.placed`, `stock.held` for each place, `cart.changed`, `payment.recorded` for what
    is paid. Raises UnknownCart, CartEmpty, CartChangedMeanwhile, PriceChanged, CannotBeOrdered,
    NotEnoughStock (with `alternatives`), NotDelivered, PostcodeMissing, BadCheckout, BadPayment,
    UnknownHold.
    """
    cart = await carts.lock_open(conn, asked.identifier_ids)
    if not cart.lines:
        raise CartEmpty()
    if cart.version != asked.cart_version:
        raise CartChangedMeanwhile(version=cart.version, cart_id=str(cart.cart_id))
    await keeping.let_go(conn, cart, asked.hold_ids, of=asked.identifier_ids, by=asked.by, now=now)
    quote, sent, refusal = await look(
        conn, directory, cart, postcode=asked.postcode, now=now, sold_at=asked.location_id
    )
    _check_priced(quote)
    if refusal is not None:
        raise await _with_alternatives(conn, refusal, now)
    _check_shown(quote, asked, now)
    going = await _going(conn, cart, sent)
    placed = await _hold(conn, going, asked, now)
    order = await orders.place(conn, _new_order(quote, asked, placed), now=now)
    paid = await _pay(conn, order.order, asked, now)
    await carts.close(conn, cart, state="ordered", channel=asked.channel, now=now)
    is_paid = sum(one.captured_minor for one in paid) == quote.total_minor
    if is_paid:
        await _hand_over(conn, going, placed, asked.by, now)
    parts = _parts(going, placed, sent, is_paid=is_paid)
    await fulfilments.open_for(conn, order.order, parts, by=asked.by, now=now)
    return Bought(
        order=order.order,
        holds=tuple(placed),
        payments=tuple(paid),
        parcels=sent,
        event_id=order.event_id,
    )


def _check_priced(quote: Quote) -> None:
    short = ("out_of_stock", "cannot_be_sent")  # the refusal tells of those, with alternatives
    why = [one for one in quote.problems if one.why not in short]
    if why:
        raise CannotBeOrdered(problems=[{"sku": one.sku, "why": one.why} for one in why])


def _check_shown(quote: Quote, asked: Checkout, now: datetime) -> None:
    if quote.total_minor != asked.total_minor:
        raise PriceChanged(
            total_minor=quote.total_minor,
            shown_minor=asked.total_minor,
            shipping_minor=quote.shipping_minor,
            currency=quote.currency,
            lines=[
                {"sku": one.line.sku, "qty": one.line.qty, "unit_price_minor": one.unit_price_minor}
                for one in quote.lines
            ],
        )
    is_sent = any(one.line.method == "ship" for one in quote.lines)
    if is_sent and asked.address_id is None:
        raise BadCheckout(why="address")
    _amounts(asked.pays, quote.total_minor)


def _amounts(pays: Sequence[Pay], total_minor: int) -> list[tuple[Pay, int]]:
    """What each payment is for; together the whole. Raises BadCheckout."""
    if len(pays) > PAYMENTS_MAX or sum(one.amount_minor is None for one in pays) > 1:
        raise BadCheckout(why="payments")
    if any(one.state not in ("intended", "authorised", "captured") for one in pays):
        raise BadCheckout(why="payment_state")
    rest = total_minor - sum(one.amount_minor or 0 for one in pays)
    found = [(one, rest if one.amount_minor is None else one.amount_minor) for one in pays]
    whole = sum(amount for _, amount in found)
    if pays and (whole != total_minor or any(amount < 0 for _, amount in found)):
        raise BadCheckout(why="payment_sum", total_minor=total_minor)
    return [(one, amount) for one, amount in found if amount > 0]


async def _going(conn: Connection, cart: Cart, sent: Sequence[Parcel]) -> list[_Going]:
    """All goods by way and place; sets as their parts."""
    there: dict[tuple[str, str], list[GoodsLine]] = {}
    for line in cart.lines:
        if line.location_id is not None:
            goods = GoodsLine(line.sku, line.location_id, line.qty)
            there.setdefault((line.method, line.location_id), []).append(goods)
    for parcel in sent:
        place = parcel.location_id
        there.setdefault(("ship", place), []).extend(
            GoodsLine(one.sku, place, one.qty) for one in parcel.wanted
        )
    parts = await sets.parts_of(conn, [line.sku for line in cart.lines])
    return [
        _Going(method, place, sets.exploded(lines, parts))
        for (method, place), lines in there.items()
    ]


async def _hold(
    conn: Connection, going: Sequence[_Going], asked: Checkout, now: datetime
) -> list[Placed]:
    """Hold all of it, or raise NotEnoughStock: then nothing of this transaction stands."""
    rule = await house_rules.current(conn)
    wait_s = {
        "carry": rule.carry_hours * 3600,
        "pickup": rule.pickup_hours * 3600,
        "ship": SHIP_WAIT_S,
    }
    asks = [
        Ask(
            lines=one.lines,
            by=asked.by,
            ttl_s=wait_s[one.method],
            purpose=holds.SHIPMENT if one.method == "ship" else "order",
            channel=asked.channel,
            identifier_id=asked.under,
        )
        for one in going
    ]
    placed = []
    for answer in await holds.place_many(conn, asks, now=now):
        if isinstance(answer, SettenError):
            raise await _with_alternatives(conn, answer, now)
        placed.append(answer)
    return placed


async def _with_alternatives(conn: Connection, refusal: SettenError, now: datetime) -> SettenError:
    """A refusal for want of stock, with a place for each sku where all of it is."""
    if not isinstance(refusal, NotEnoughStock):
        return refusal
    found = []
    for one in refusal.facts["short"]:
        place = await availability.nearest_other(
            conn, one["sku"], one["location_id"] or "", qty=one["wanted"], now=now
        )
        if place is not None:
            found.append({"sku": one["sku"], "location_id": place})
    return NotEnoughStock(**{**refusal.facts, "alternatives": found})


def _new_order(quote: Quote, asked: Checkout, placed: Sequence[Placed]) -> NewOrder:
    return NewOrder(
        lines=[_new_line(one) for one in quote.lines],
        taxes=quote.taxes,
        currency=quote.currency,
        channel=asked.channel,
        placed_by=asked.by,
        shipping_minor=quote.shipping_minor,
        identifier_id=asked.under,
        location_id=asked.location_id,
        cart_id=quote.cart.cart_id,
        address_id=asked.address_id,
        hold_ids=[one.hold_id for one in placed],
    )


def _new_line(quoted: QuotedLine) -> NewLine:
    assert quoted.unit_price_minor is not None, "lines without a price were refused"
    return NewLine(
        sku=quoted.line.sku,
        qty=quoted.line.qty,
        unit_price_minor=quoted.unit_price_minor,
        tax_rate=quoted.tax_rate,
        method=quoted.line.method,
        location_id=quoted.line.location_id,
    )


async def _pay(conn: Connection, order: Order, asked: Checkout, now: datetime) -> list[Payment]:
    """Note the payments and how far each has come."""
    total, currency = order.total_minor or 0, order.currency or carts.CURRENCY
    found = []
    for pay, amount in _amounts(asked.pays, total):
        payment = await payments.intend(
            conn,
            order.order_id,
            method=pay.method,
            amount_minor=amount,
            currency=currency,
            by=asked.by,
            now=now,
            provider=pay.provider,
            reference=pay.reference,
        )
        if pay.state != "intended":
            done = await payments.record(
                conn, payment.payment_id, pay.state, amount, by=asked.by, now=now
            )
            payment = done.payment
        found.append(payment)
    return found


async def _hand_over(
    conn: Connection,
    going: Sequence[_Going],
    placed: Sequence[Placed],
    by: str,
    now: datetime,
) -> None:
    """What is carried away and paid leaves the shelf now."""
    for one, hold in zip(going, placed, strict=True):
        if one.method == "carry":
            await holds.collect(conn, hold.hold_id, by=by, now=now)


def _parts(
    going: Sequence[_Going], placed: Sequence[Placed], sent: Sequence[Parcel], *, is_paid: bool
) -> list[fulfilments.Going]:
    """What the fulfilment is told of each hold. What is not yet paid waits at the counter."""
    dates = {one.location_id: _dates(one) for one in sent}
    return [
        fulfilments.Going(
            hold_id=hold.hold_id,
            way="pickup" if one.method == "carry" and not is_paid else one.method,
            dates=dates[one.location_id] if one.method == "ship" else fulfilments.Dates(),
        )
        for one, hold in zip(going, placed, strict=True)
    ]


def _dates(parcel: Parcel) -> fulfilments.Dates:
    if parcel.option is None:
        return fulfilments.Dates()
    return fulfilments.Dates(
        service_id=parcel.option.service_id,
        ships_on=parcel.option.ships_on,
        arrives_from=parcel.option.arrives_from,
        arrives_to=parcel.option.arrives_to,
    )


def refusal_word(refusal: SettenError) -> str | None:
    """The reason of a left cart that a refused checkout gives, if it gives one."""
    words: Mapping[type[SettenError], str] = {
        NotEnoughStock: "out_of_stock",
        PriceChanged: "price_changed",
    }
    return words.get(type(refusal))
