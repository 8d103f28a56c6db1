"""The verbs of a cart: change it, close it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from setten.facts.commerce import CartChanged, CartLine
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Unavailable
from setten.stock import catalog, locations
from setten.stock.carts import rules
from setten.stock.carts.model import (
    Add,
    Cart,
    Change,
    Changed,
    Part,
    Row,
    SetMethod,
    UnknownCart,
)
from setten.stock.carts.reading import parts_from, rows_of
from setten.stock.carts.rules import Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
_NO_PLACE: frozenset[str] = frozenset()
_ROUNDS = 4  # carts that others ordered while we waited


async def change(
    conn: Connection,
    identifier_ids: Sequence[int],
    changes: Sequence[Change],
    *,
    under: int,
    channel: str,
    now: datetime,
) -> Changed:
    """Do the changes, all or none, to the cart of the person with these identifiers.

    under: the identifier that acts; what is added stands under it. A cart is opened when there is
    none. States `cart.changed` for each part that changed. Raises BadCartChange, UnknownItem,
    UnknownLocation, LineChanged, CartFull.
    """
    refusal = rules.check(changes)
    if refusal is not None:
        raise refusal
    await _check_goods(conn, changes)
    whose = sorted({*identifier_ids, under})
    parts = await _locked(conn, whose, under, channel, now)
    before = await rows_of(conn, [part.cart_id for part in parts])
    mine = next(part.cart_id for part in parts if part.identifier_id == under)
    after = rules.apply(before, changes, into=mine, channel=channel, now=now)
    touched = {key for key, row in after.items() if before.get(key) != row}
    cart_ids = sorted({cart_id for cart_id, _ in touched})
    if not touched:
        return Changed(rules.cart_from(parts, after), None)
    await _put(conn, [after[key] for key in sorted(touched)])
    await _Q.touch.run(conn, cart_ids=cart_ids, now=now)
    about = {sku for _, sku in touched}
    entries = [
        _fact(
            part.cart_id, part.identifier_id, after, rules.action_of(changes), about, channel, now
        )
        for part in parts
        if part.cart_id in cart_ids
    ]
    await log.state_all(conn, entries)
    return Changed(rules.cart_from(parts, after), entries[-1].event_id)


async def _locked(
    conn: Connection, identifier_ids: Sequence[int], under: int, channel: str, now: datetime
) -> list[Part]:
    """The person's open parts, locked, with one under `under` among them.

    Who waits for a checkout finds the cart ordered: what she puts in goes into a new one.
    """
    for _ in range(_ROUNDS):
        await _Q.start.run(conn, cart_id=ids.uuid7(), identifier_id=under, channel=channel, now=now)
        parts = parts_from(await _Q.lock.all(conn, identifier_ids=list(identifier_ids)))
        if any(part.identifier_id == under for part in parts):
            return parts
    raise Unavailable()


async def _check_goods(conn: Connection, changes: Sequence[Change]) -> None:
    """What comes in must be known; what goes out may be anything."""
    skus = {one.sku for one in changes if isinstance(one, Add)}
    known = await catalog.known(conn, sorted(skus)) if skus else frozenset()
    for sku in sorted(skus - known):
        raise catalog.UnknownItem(sku=sku[: catalog.SKU_LENGTH_MAX])
    places = {one.location_id for one in changes if isinstance(one, Add | SetMethod)} - {None}
    there = await locations.known(conn, sorted(map(str, places))) if places else _NO_PLACE
    for place in sorted(map(str, places - there)):
        raise locations.UnknownLocation(location_id=place[: locations.LOCATION_ID_LENGTH_MAX])


async def _put(conn: Connection, rows: Sequence[Row]) -> None:
    await _Q.put_lines.run(
        conn,
        cart_ids=[row.cart_id for row in rows],
        skus=[row.sku for row in rows],
        qtys=[row.qty for row in rows],
        versions=[row.version for row in rows],
        methods=[row.method for row in rows],
        location_ids=[row.location_id for row in rows],
        channels=[row.channel for row in rows],
        added_ats=[row.added_at for row in rows],
        touched_ats=[row.touched_at for row in rows],
    )


def _fact(
    part_id: UUID,
    identifier_id: int,
    rows: dict[Key, Row],
    action: str,
    skus: set[str],
    channel: str,
    now: datetime,
) -> log.Entry:
    mine = [row for (cart_id, _), row in rows.items() if cart_id == part_id and row.qty]
    places = {row.location_id for row in mine}
    return log.entry_for(
        CartChanged(
            cart_id=part_id,
            lines=tuple(CartLine(row.sku, row.qty) for row in mine),
            action=action,
            skus=tuple(sorted(skus)),
            item=_item(rows, sorted(skus)),
            location_id=places.pop() if len(places) == 1 else None,
        ),
        at=now,
        identifiers=(identifier_id,),
        channel=channel,
    )


def _item(rows: Mapping[Key, Row], skus: Sequence[str]) -> CartLine | None:
    """The first line of a change as it is now, over all parts."""
    if not skus:
        return None
    return CartLine(skus[0], sum(row.qty for (_, sku), row in rows.items() if sku == skus[0]))


async def ensure(
    conn: Connection, identifier_ids: Sequence[int], *, under: int, channel: str, now: datetime
) -> Cart:
    """The person's cart; an empty one under `under` is made when she has none there."""
    parts = await _locked(conn, sorted({*identifier_ids, under}), under, channel, now)
    return rules.cart_from(parts, await rows_of(conn, [part.cart_id for part in parts]))


async def lock_open(conn: Connection, identifier_ids: Sequence[int]) -> Cart:
    """The person's cart, which nobody else changes until the transaction ends.

    Raises UnknownCart when she has none open.
    """
    parts = parts_from(await _Q.lock.all(conn, identifier_ids=list(identifier_ids)))
    if not parts:
        raise UnknownCart()
    return rules.cart_from(parts, await rows_of(conn, [part.cart_id for part in parts]))


async def close(conn: Connection, cart: Cart, *, state: str, channel: str, now: datetime) -> str:
    """End a locked cart as `ordered` or `given`, state `cart.changed` with no lines for each part,
    and answer the last one's event id."""
    skus = {line.sku for line in cart.lines}
    closed = await _Q.close.all(conn, cart_ids=list(cart.part_ids), state=state, now=now)
    entries = [
        _fact(row["cart_id"], row["identifier_id"], {}, state, skus, channel, now) for row in closed
    ]
    await log.state_all(conn, entries)
    return entries[-1].event_id


async def note_refusal(
    conn: Connection, cart: Cart, *, refusal: str | None, shipping_minor: int | None
) -> None:
    """Keep what a look or a try to check out met, for the reason of a cart that is left."""
    await _Q.note_refusal.run(
        conn, cart_ids=list(cart.part_ids), refusal=refusal, shipping=shipping_minor
    )
