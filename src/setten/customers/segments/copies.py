"""The small copies that segments keep of what stock knows: which goods can be promised where, what
lies in whose cart, and where the shops are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec

from setten.customers.segments import rules, standing
from setten.customers.segments.conditions import CartNear, LivesNear
from setten.customers.segments.state import Q as STORE
from setten.facts.commerce import CartChanged
from setten.facts.stock import AvailabilityChanged
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Node
from setten.platform.log import Reader, Row

Q = standing.Q
READER = standing.COPIES
NOTHING = "none"  # the band of what nobody can be promised


class Place(msgspec.Struct, frozen=True):
    """A shop and where it is, in degrees."""

    location_id: str
    lat: float
    lon: float


# How segments ask where the shops are: `app` joins it with stock, whose places they are.
Places = Callable[[Connection], Awaitable[Sequence[Place]]]


class _Crossed(msgspec.Struct):
    sku: str
    location_id: str
    band: str


class _Line(msgspec.Struct):
    sku: str


class _Cart(msgspec.Struct):
    lines: tuple[_Line, ...] = ()


_decode_crossed = msgspec.json.Decoder(_Crossed).decode
_decode_cart = msgspec.json.Decoder(_Cart).decode


def readers() -> list[Reader]:
    """The reader of the copies."""
    names = frozenset({AvailabilityChanged.event_name, CartChanged.event_name})
    return [Reader(READER, _read, names=names)]


async def _read(conn: Connection, rows: Sequence[Row]) -> None:
    bands: dict[tuple[str, str], str] = {}
    carts: dict[int, frozenset[str]] = {}
    for row in rows:
        # The last word of each counts, so what one batch says twice is written once.
        if row.name == AvailabilityChanged.event_name:
            crossed = _decode_crossed(row.body)
            bands[crossed.sku, crossed.location_id] = crossed.band
        elif row.identifiers:
            cart = _decode_cart(row.body)
            carts[row.identifiers[0]] = frozenset(line.sku for line in cart.lines)
    await _put_stock(conn, bands.items())
    if carts:
        await Q.empty_carts.run(conn, identifier_ids=list(carts))
        pairs = [(number, sku) for number, skus in carts.items() for sku in sorted(skus)]
        await Q.fill_carts.run(
            conn,
            identifier_ids=[number for number, _ in pairs],
            skus=[sku for _, sku in pairs],
        )


async def _put_stock(conn: Connection, bands: Iterable[tuple[tuple[str, str], str]]) -> None:
    here: list[tuple[str, str]] = []
    gone: list[tuple[str, str]] = []
    for goods, band in bands:
        (gone if band == NOTHING else here).append(goods)
    for query, goods_of in ((Q.stock_comes, sorted(here)), (Q.stock_goes, sorted(gone))):
        if goods_of:
            await query.run(
                conn,
                skus=[sku for sku, _ in goods_of],
                location_ids=[location_id for _, location_id in goods_of],
            )


async def follow_places(pool: Pool, *, places: Places) -> bool:
    """Bring the copy of the shops up to date; whether any had moved, come or gone.

    Then segments that ask where people live are filled anew, since no event tells of it.
    """
    async with db.transaction(pool) as conn:
        there = {one.location_id: (one.lat, one.lon) for one in await places(conn)}
        rows = await Q.places.all(conn)
        if there == {row["location_id"]: (row["lat"], row["lon"]) for row in rows}:
            return False
        await STORE.lock.run(conn)
        await Q.put_places.run(
            conn,
            location_ids=list(there),
            lats=[lat for lat, _ in there.values()],
            lons=[lon for _, lon in there.values()],
        )
        await refill(conn, lambda node: standing.asks_for(node, LivesNear, CartNear))
    return True


async def refill(conn: Connection, concerns: Callable[[Node], bool]) -> int:
    """Have segments whose expression something concerns looked through anew; answers how many."""
    rows = await STORE.live.all(conn)
    numbers = [row["segment_id"] for row in rows if concerns(rules.read(row["expression"]))]
    if numbers:
        await Q.refill.run(conn, segment_ids=numbers)
    return len(numbers)
