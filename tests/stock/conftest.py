"""A small shop for stock's own tests: one shop, another near it, a warehouse; mugs and sofas."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from setten.facts.stock import GoodsLine
from setten.platform import db
from setten.stock import catalog, holds, ledger, locations, movements, sets
from setten.stock.catalog import Item
from setten.stock.holds import Ask, Placed
from setten.stock.locations import Location
from setten.stock.movements import Booked, Movement
from setten.stock.sets import Set

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)  # Sunday noon in Tokyo
DAILY = {day: [["10:00", "20:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}

SKUS = ("mug", "sofa", "lamp", "rug")
PLACES = (
    Location(location_id="ginza", name_ja="銀座店", name_en="Ginza", kind="shop",
             lat=35.6717, lon=139.7650, hours=DAILY),
    Location(location_id="ueno", name_ja="上野店", name_en="Ueno", kind="shop",
             lat=35.7138, lon=139.7770, hours=DAILY),
    Location(location_id="depot", name_ja="倉庫", name_en="Depot", kind="warehouse",
             lat=35.60, lon=139.75),
    Location(location_id="web", name_ja="オンライン", name_en="Online", kind="online"),
)  # fmt: skip


class Shop:
    """Verbs of stock, each in a transaction of its own."""

    def __init__(self, pool: db.Pool) -> None:
        self.pool = pool

    async def open(self) -> None:
        async with db.transaction(self.pool) as conn:
            await catalog.put(
                conn, [Item(sku=sku, name_ja=sku, name_en=sku) for sku in SKUS], now=NOW
            )
            await locations.put(conn, PLACES, now=NOW)

    async def move(self, *moves: Movement, now: datetime = NOW) -> Booked:
        async with db.transaction(self.pool) as conn:
            return await movements.book(conn, moves, by="test", now=now)

    async def receive(self, sku: str, qty: int, *, at: str = "ginza") -> None:
        booked = await self.move(Movement(kind="receive", sku=sku, location_id=at, qty=qty))
        assert booked.booked == 1

    async def make_set(self, sku: str, **parts: int) -> None:
        async with db.transaction(self.pool) as conn:
            await catalog.put(conn, [Item(sku=sku, name_ja=sku, name_en=sku)], now=NOW)
            made = Set(sku=sku, parts=parts)
            assert await sets.put(conn, [made], now=NOW, known=frozenset({*SKUS, sku})) == []

    async def hold(
        self,
        *lines: tuple[str, str, int],
        ttl_s: int = 600,
        now: datetime = NOW,
        identifier_id: int | None = None,
    ) -> Placed:
        ask = Ask(
            lines=tuple(GoodsLine(*line) for line in lines),
            by="test",
            ttl_s=ttl_s,
            identifier_id=identifier_id,
        )
        async with db.transaction(self.pool) as conn:
            return await holds.place(conn, ask, now=now)

    async def balance(self, sku: str, at: str = "ginza") -> ledger.Balance:
        async with self.pool.acquire() as conn:
            return (await ledger.lock(conn, [(sku, at)]))[sku, at]

    async def events(self, name: str) -> list[db.Record]:
        async with self.pool.acquire() as conn:
            return await conn.fetch(
                "select * from log.events where name = $1 order by position", name
            )

    async def prove(self) -> None:
        async with self.pool.acquire() as conn:
            proof = await ledger.reconcile(conn)
        assert proof.is_clean, proof


@pytest.fixture
async def shop(pool: db.Pool) -> Shop:
    made = Shop(pool)
    await made.open()
    return made


def lines_of(goods: Sequence[GoodsLine]) -> list[tuple[str, str, int]]:
    return [(one.sku, one.location_id, one.qty) for one in goods]
