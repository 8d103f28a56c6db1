"""A cart as a page shows it: lines with their ways, sums with tax, what stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from setten.console import formats
from setten.console.page import Asked, Page
from setten.console.places import Named, directory_of
from setten.console.stock.goods import Good, good, unknown
from setten.operations import checkout
from setten.operations.parcels import Parcel
from setten.platform.db import Connection
from setten.platform.errors import SettenError
from setten.stock import carts, locations
from setten.stock.carts import Cart, Quote, QuotedLine
from setten.stock.holds import NotEnoughStock
from setten.stock.locations import Location

SHOPS_MAX = 12
"""Ways to choose from: own shop first, then those near it."""

PAYS = ("paid", "counter", "transfer", "on_delivery")
"""How a cart is paid that is completed here. paid: the till has the money."""

PAYS_AFAR = ("transfer", "on_delivery", "counter")
"""The same on the phone: there is no till beside it."""


class Way(msgspec.Struct, frozen=True):
    """A way for goods to reach their customer: its value in a form, its words."""

    value: str
    word: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line. problem: a key of words, "" when there is none."""

    number: int
    good: Good
    qty: int
    way: str
    ways: list[Way]
    price: str
    amount: str
    problem: str
    available: int
    from_channels: tuple[str, ...]


class Tax(msgspec.Struct, frozen=True):
    """Tax of one rate, as it is printed."""

    rate: str
    amount: str
    tax: str


class Arrival(msgspec.Struct, frozen=True):
    """A parcel: from where, between which days."""

    place: str
    days: str


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """A cart ready for a page. way_problem: a key of words for why it cannot be sent."""

    cart_id: UUID
    version: int
    touched_at: datetime
    lines: list[Line]
    units: int
    goods: str
    shipping: str
    total: str
    total_minor: int
    taxes: list[Tax]
    arrivals: list[Arrival]
    is_sent: bool
    pays: list[str]
    needs_postcode: bool
    way_problem: str
    can_order: bool


def channel_of(page: Page) -> str:
    """Where a member of staff puts something in: the shop, or the console of an agent."""
    return "store" if page.shop else "console"


def pays_of(page: Page) -> tuple[str, ...]:
    """How a cart can be paid that this person completes, the usual way first."""
    return PAYS if page.shop else PAYS_AFAR


def usual_way(page: Page) -> tuple[str, str | None]:
    """How goods added here reach their customer unless somebody says otherwise."""
    return ("carry", page.shop) if page.shop else ("ship", None)


async def view(
    request: Asked, conn: Connection, page: Page, names: Named, cart: Cart, *, postcode: str | None
) -> Basket:
    """The cart with prices, stock and way of this moment."""
    directory = directory_of(request)
    quote, sent, refusal = await checkout.look(
        conn, directory, cart, postcode=postcode, now=page.now, sold_at=page.shop
    )
    problems = {one.sku: f"cart.problem_{one.why}" for one in quote.problems}
    near = _shops(names, page.shop)
    lines = [
        _line(number, one, problems.get(one.line.sku, ""), near, names, page)
        for number, one in enumerate(quote.lines)
    ]
    return _basket(cart, quote, sent, refusal, lines, names, page)


def _basket(
    cart: Cart,
    quote: Quote,
    sent: Sequence[Parcel],
    refusal: SettenError | None,
    lines: list[Line],
    names: Named,
    page: Page,
) -> Basket:
    f, currency = page.shown(), quote.currency
    is_sent = any(line.method == "ship" for line in cart.lines)
    way = "" if refusal is None else refusal.code
    return Basket(
        cart_id=cart.cart_id,
        version=cart.version,
        touched_at=cart.touched_at,
        lines=lines,
        units=sum(line.qty for line in cart.lines),
        goods=f.money(quote.goods_minor, currency),
        shipping=f.money(quote.shipping_minor, currency) if is_sent and not way else "",
        total=f.money(quote.total_minor, currency),
        total_minor=quote.total_minor,
        taxes=[
            Tax(
                f"{float(one.rate) * 100:g}%",
                f.money(one.amount_minor, currency),
                f.money(one.tax_minor, currency),
            )
            for one in quote.taxes
        ],
        arrivals=[_arrival(one, names, page) for one in sent],
        is_sent=is_sent,
        pays=[one for one in pays_of(page) if one != "on_delivery" or is_sent],
        needs_postcode=way == "postcode_missing",
        way_problem=f"cart.way_{way}" if way in ("not_delivered", "not_enough_stock") else "",
        can_order=bool(lines) and not quote.problems and not way,
    )


def _arrival(parcel: Parcel, names: Named, page: Page) -> Arrival:
    days = ""
    if parcel.option is not None:
        days = span(parcel.option.arrives_from, parcel.option.arrives_to, page)
    return Arrival(names(parcel.location_id), days)


def span(first: date, last: date, page: Page) -> str:
    """`11月25日(水) – 11月27日(金)`, or the one day."""
    days = [formats.day(one, page.locale) for one in dict.fromkeys((first, last))]
    return " – ".join(days)


def _line(
    number: int,
    quoted: QuotedLine,
    problem: str,
    near: Sequence[Location],
    names: Named,
    page: Page,
) -> Line:
    f, line = page.shown(), quoted.line
    currency = quoted.item.currency if quoted.item and quoted.item.currency else carts.CURRENCY
    price = quoted.unit_price_minor
    return Line(
        number=number,
        good=good(quoted.item, page) if quoted.item else unknown(line.sku),
        qty=line.qty,
        way=_value(line.method, line.location_id),
        ways=_ways(line.method, line.location_id, near, names, page),
        price="" if price is None else f.money(price, currency),
        amount="" if price is None else f.money(quoted.amount_minor, currency),
        problem=problem,
        available=max(0, quoted.available),
        from_channels=line.channels,
    )


def _value(method: str, location_id: str | None) -> str:
    return method if location_id is None else f"{method}:{location_id}"


def _ways(
    method: str, location_id: str | None, near: Sequence[Location], names: Named, page: Page
) -> list[Way]:
    """Sent, carried from here, collected at a shop near; the present one is always among them."""
    t = page.words()
    found = [Way("ship", t("cart.way_ship"))]
    if page.shop:
        found.append(Way(f"carry:{page.shop}", t("cart.way_carry", place=names(page.shop))))
    found += [
        Way(f"pickup:{one.location_id}", t("cart.way_pickup", place=names(one.location_id)))
        for one in near
    ]
    present = _value(method, location_id)
    if present not in {one.value for one in found}:
        found.append(Way(present, t(f"cart.way_{method}", place=names(location_id))))
    return found


def _shops(names: Named, own: str | None) -> list[Location]:
    home = names.find(own)

    def far(place: Location) -> tuple[float, str]:
        km = locations.distance_km(home, place) if home else None
        return (float("inf") if km is None else km), place.location_id

    return sorted(names.shops(), key=far)[:SHOPS_MAX]


def elsewhere(refusal: SettenError, names: Named) -> str:
    """Places that have what is gone here, by name; "" when none is known."""
    if not isinstance(refusal, NotEnoughStock):
        return ""
    places = [names(one["location_id"]) for one in refusal.facts.get("alternatives", ())]
    return "、".join(dict.fromkeys(places))
