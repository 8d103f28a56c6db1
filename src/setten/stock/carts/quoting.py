"""What a cart costs and whether it can be had, as of now: asked at every look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from setten.platform.db import Connection
from setten.stock import availability, catalog, pricing
from setten.stock.bands import Band, band_of
from setten.stock.carts.model import Cart, Line
from setten.stock.catalog import Item
from setten.stock.locations import Directory
from setten.stock.pricing import TaxLine

CURRENCY = "JPY"
"""Of a cart in which nothing has a price yet."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line cannot be ordered as it stands: out_of_stock, cannot_be_sent (it lies only where
    nothing can be sent from at this moment), no_price or other_currency."""

    sku: str
    why: str
    available: int | None = None


class QuotedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line with its price now. unit_price_minor: with tax; None when nobody told a price.

    available: units that can be promised the way the line goes. elsewhere: of goods to be sent that
    are short, units at places that cannot send them.
    """

    line: Line
    item: Item | None
    unit_price_minor: int | None
    tax_rate: Decimal
    available: int
    elsewhere: int = 0

    @property
    def amount_minor(self) -> int:
        """For the whole line; nothing while there is no price."""
        return (self.unit_price_minor or 0) * self.line.qty

    @property
    def band(self) -> Band:
        """The band of what can be promised."""
        return band_of(self.available)


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A cart with prices, tax and problems. All money with tax, minor units of `currency`."""

    cart: Cart
    currency: str
    lines: tuple[QuotedLine, ...]
    goods_minor: int
    shipping_minor: int
    taxes: tuple[TaxLine, ...]
    problems: tuple[Problem, ...]

    @property
    def total_minor(self) -> int:
        """Goods and shipping."""
        return self.goods_minor + self.shipping_minor


async def quote(
    conn: Connection,
    directory: Directory,
    cart: Cart,
    *,
    now: datetime,
    senders: Sequence[str] = (),
    others: Sequence[str] = (),
    shipping_minor: int = 0,
) -> Quote:
    """Price, tax and promise of a cart now. senders: ids of the places that goods are sent from;
    others: of those that have goods and cannot send them.

    shipping_minor: what the way costs, with tax.
    """
    skus = [line.sku for line in cart.lines]
    items = await catalog.find_many(conn, skus)
    free = await _free(conn, directory, cart.lines, senders, now)
    lines = [_quoted(line, items.get(line.sku), free) for line in cart.lines]
    lines = await _with_elsewhere(conn, directory, lines, others, now)
    return priced(cart, lines, shipping_minor=shipping_minor)


def priced(cart: Cart, lines: Sequence[QuotedLine], *, shipping_minor: int) -> Quote:
    """Sums, tax once for each rate, and what stands in the way."""
    currency = next((x.item.currency for x in lines if x.item and x.item.currency), CURRENCY)
    amounts = [(line.tax_rate, line.amount_minor) for line in lines]
    if shipping_minor:
        amounts.append((pricing.STANDARD_RATE, shipping_minor))
    return Quote(
        cart=cart,
        currency=currency,
        lines=tuple(lines),
        goods_minor=sum(line.amount_minor for line in lines),
        shipping_minor=shipping_minor,
        taxes=pricing.taxes(amounts),
        problems=tuple(found for line in lines if (found := _problem(line, currency))),
    )


def _problem(quoted: QuotedLine, currency: str) -> Problem | None:
    sku = quoted.line.sku
    if quoted.unit_price_minor is None:
        return Problem(sku=sku, why="no_price")
    if quoted.item is not None and quoted.item.currency != currency:
        return Problem(sku=sku, why="other_currency")
    if quoted.available < quoted.line.qty:
        is_there = quoted.available + quoted.elsewhere >= quoted.line.qty
        why = "cannot_be_sent" if is_there else "out_of_stock"
        return Problem(sku=sku, why=why, available=quoted.available)
    return None


def _quoted(line: Line, item: Item | None, free: Mapping[tuple[str, str], int]) -> QuotedLine:
    rate = pricing.STANDARD_RATE if item is None or item.tax_rate is None else item.tax_rate
    price = None if item is None else item.price_minor
    if price is not None and item is not None:
        price = pricing.with_tax(price, rate, is_included=item.tax_included)
    return QuotedLine(
        line=line,
        item=item,
        unit_price_minor=price,
        tax_rate=rate,
        available=free.get((line.sku, line.location_id or ""), 0),
    )


async def _with_elsewhere(
    conn: Connection,
    directory: Directory,
    lines: list[QuotedLine],
    others: Sequence[str],
    now: datetime,
) -> list[QuotedLine]:
    """Of what is to be sent and is short: whether it lies where nothing is sent from."""
    short = [x.line.sku for x in lines if x.line.method == "ship" and x.available < x.line.qty]
    if not short or not others:
        return lines
    there: dict[str, int] = {}
    for one in await availability.at(conn, directory, short, location_ids=others, now=now):
        there[one.sku] = there.get(one.sku, 0) + one.available
    return [
        msgspec.structs.replace(one, elsewhere=there.get(one.line.sku, 0))
        if one.line.method == "ship"
        else one
        for one in lines
    ]


async def _free(
    conn: Connection,
    directory: Directory,
    lines: Sequence[Line],
    senders: Sequence[str],
    now: datetime,
) -> dict[tuple[str, str], int]:
    """What can be promised of each line the way it goes; sent goods from all places that send."""
    sent = [line.sku for line in lines if line.method == "ship"]
    found: dict[tuple[str, str], int] = {}
    for one in await availability.at(conn, directory, sent, location_ids=senders, now=now):
        found[one.sku, ""] = found.get((one.sku, ""), 0) + one.available
    there: dict[str, list[str]] = {}
    for line in lines:
        if line.location_id is not None:
            there.setdefault(line.location_id, []).append(line.sku)
    for place, skus in there.items():
        for one in await availability.at(conn, directory, skus, location_ids=[place], now=now):
            found[one.sku, place] = one.available
    return found
