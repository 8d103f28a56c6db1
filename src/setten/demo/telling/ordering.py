"""Carts and orders of the business's own checkout, told through the verbs that the console uses."""

from __future__ import annotations

from setten.demo.chain import Deed, Kind, Person
from setten.operations import checkout
from setten.operations.checkout import Checkout, Pay
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.vault import Sealed, Vault
from setten.stock import carts, fulfilments, orders
from setten.stock.carts import Add, Change, Remove
from setten.stock.fulfilments import Fulfilment
from setten.stock.holds import NotEnoughStock
from setten.stock.locations import Directory

CHANNELS = {"phone": "web"}  # a shop in the browser of a telephone is the same shop
CARRIER = "ヤマト運輸"
KINDS = frozenset({Kind.bought, Kind.step, Kind.sent, Kind.cart})
NEXT = {
    "picked": ("routed", "accepted"),
    "packed": ("routed", "accepted", "picked"),
    "shipped": ("routed", "accepted", "picked", "packed"),
    "delivered": ("shipped",),
}


async def tell(
    conn: Connection, vault: Vault, directory: Directory, deed: Deed, number: int
) -> None:
    """One deed of a cart or an order. number: the identifier that it stands under."""
    if deed.kind is Kind.cart:
        await _fill(conn, deed, number)
    elif deed.kind is Kind.bought:
        try:
            async with conn.transaction():
                await _order(conn, vault, directory, deed, number)
        except NotEnoughStock:  # promised to somebody else meanwhile
            return
    else:
        await _step(conn, deed, number)


async def _fill(conn: Connection, deed: Deed, number: int) -> carts.Cart:
    """What lies in the cart afterwards is what the deed says, and nothing else."""
    at = deed.at
    cart = await carts.ensure(conn, [number], under=number, channel=channel_of(deed), now=at)
    changes: list[Change] = [Remove(sku=line.sku) for line in cart.lines]
    if changes:
        await carts.change(conn, [number], changes, under=number, channel=channel_of(deed), now=at)
    adding = [Add(sku=line.sku, qty=line.qty) for line in deed.lines]
    done = await carts.change(
        conn, [number], adding, under=number, channel=channel_of(deed), now=at
    )
    return done.cart


async def _shown(conn: Connection, deed: Deed, number: int) -> carts.Cart | None:
    """The cart of a code that is shown at a counter; None where none is, or it was emptied."""
    place = deed.said.get("shown_at")
    cart = await carts.open_of(conn, [number]) if place else None
    if cart is None or not cart.lines:
        return None
    code = (await carts.hand_over(conn, cart, now=deed.at)).code
    assert await carts.find_by_code(conn, code, by=SYSTEM.label, now=deed.at) is not None
    await carts.let_in(conn, cart, str(place))
    return cart


async def _order(
    conn: Connection, vault: Vault, directory: Directory, deed: Deed, number: int
) -> None:
    cart = await _shown(conn, deed, number) or await _fill(conn, deed, number)
    address = deed.said["address"]
    assert isinstance(address, dict)
    quote, _, refusal = await checkout.look(
        conn, directory, cart, postcode=address["postcode"], now=deed.at
    )
    if refusal is not None:
        raise refusal
    (address_id,) = await vault.seal(conn, [Sealed(number, address)])
    asked = Checkout(
        identifier_ids=[number], under=number, cart_version=cart.version,
        total_minor=quote.total_minor, channel=channel_of(deed), by=SYSTEM.label,
        pays=[Pay(method=str(deed.said["pay"]), state=str(deed.said["paid"]))],
        postcode=address["postcode"], address_id=address_id,
    )  # fmt: skip
    await checkout.check_out(conn, directory, asked, now=deed.at)


async def _step(conn: Connection, deed: Deed, number: int) -> None:
    step = str(deed.said["step"])
    for order in reversed(await orders.of_identifiers(conn, [number])):
        for part in await fulfilments.of_order(conn, order.order_id, now=deed.at):
            if part.way == "ship" and part.state in NEXT[step] and _is_of(part, deed):
                await fulfilments.step(
                    conn, part.fulfilment_id, step, by=SYSTEM.label, now=deed.at,
                    carrier=CARRIER if step == "shipped" else None,
                    carrier_ref=str(deed.said["number"]) if step == "shipped" else None,
                )  # fmt: skip
                return


def _is_of(part: Fulfilment, deed: Deed) -> bool:
    return {line.sku for line in part.lines} == {line.sku for line in deed.lines}


def identifier_of(deed: Deed, who: Person | None) -> tuple[str, str]:
    """Under whom a cart stands: kind and value of the account, or of a browser without one."""
    if who is not None and "user_id" in who.told:
        return "user_id", who.told["user_id"]
    return "anonymous_id", deed.cookie


def channel_of(deed: Deed) -> str:
    """The channel of a cart or an order."""
    return CHANNELS.get(deed.source, deed.source)
