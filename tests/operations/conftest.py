"""A shop with prices, and a customer with a cart."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import pytest

from setten.operations import cancelling, checkout
from setten.operations.checkout import Bought, Checkout, Pay
from setten.platform import db
from setten.stock import carts, catalog
from setten.stock.carts import Add, Cart, Change
from setten.stock.catalog import Item
from setten.stock.locations import Directory
from tests.stock.conftest import NOW, Shop

ANN, BO = 101, 102
PRICES = {"mug": (1080, "0.08"), "sofa": (55000, "0.10"), "lamp": (3300, "0.10")}
CASH = (Pay(method="counter"),)


class Till(Shop):
    """The shop, with carts and checkouts, each in a transaction of its own."""

    async def price(self, sku: str, minor: int, rate: str = "0.10") -> None:
        item = Item(sku=sku, name_ja=sku, name_en=sku, price_minor=minor, currency="JPY",
                    tax_rate=Decimal(rate))  # fmt: skip
        async with db.transaction(self.pool) as conn:
            await catalog.put(conn, [item], now=NOW)

    async def change(self, *changes: Change, who: int = ANN) -> Cart:
        async with db.transaction(self.pool) as conn:
            done = await carts.change(conn, [who], changes, under=who, channel="web", now=NOW)
        return done.cart

    async def cart(self, *goods: tuple[str, int], at: str | None = "ginza", who: int = ANN) -> Cart:
        way = "pickup" if at else "ship"
        return await self.change(
            *(Add(sku=sku, qty=qty, method=way, location_id=at) for sku, qty in goods), who=who
        )

    async def total(self, cart: Cart) -> int:
        async with db.transaction(self.pool) as conn:
            quote, _, _ = await checkout.look(conn, Directory(), cart, postcode=None, now=NOW)
        return quote.total_minor

    async def buy(
        self,
        cart: Cart,
        *,
        who: int = ANN,
        total: int | None = None,
        pays: Sequence[Pay] = CASH,
        address_id: int | None = None,
        hold_ids: Sequence[UUID] = (),
    ) -> Bought:
        shown = await self.total(cart) if total is None else total
        async with db.transaction(self.pool) as conn:
            asked = Checkout(
                identifier_ids=[who],
                under=who,
                cart_version=cart.version,
                total_minor=shown,
                channel="web",
                by="test",
                pays=pays,
                address_id=address_id,
                hold_ids=hold_ids,
            )
            return await checkout.check_out(conn, Directory(), asked, now=NOW)

    async def cancel(self, order_id, lines=None) -> cancelling.TakenBack:
        async with db.transaction(self.pool) as conn:
            return await cancelling.cancel(conn, order_id, lines, by="test", now=NOW)

    async def open_cart(self, who: int = ANN) -> dict[str, int]:
        cart = await carts.open_of(self.pool, [who])
        return {line.sku: line.qty for line in cart.lines} if cart else {}


@pytest.fixture
async def till(pool: db.Pool) -> Till:
    made = Till(pool)
    await made.open()
    for sku, (minor, rate) in PRICES.items():
        await made.price(sku, minor, rate)
    return made
