"""What each place can promise, as a file of the stock sheet tells it."""

from tests.stock.conftest import Shop

from setten.stock import ledger


async def test_each_place_tells_what_it_can_promise_and_one_that_owes_tells_none(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    await shop.receive("mug", 3, at="ueno")
    await shop.receive("sofa", 2, at="depot")
    await shop.hold(("mug", "ginza", 2))
    async with shop.pool.acquire() as conn:
        # More is kept for emergencies than there is.
        await conn.execute(
            "update stock.balances set safety = 9 where sku = 'mug' and location_id = 'ueno'"
        )
        told = await ledger.by_place(conn, ["mug", "sofa", "lamp", "mug"])
        rows = await ledger.balances_of(conn, ["mug", "sofa", "lamp"])
        assert await ledger.by_place(conn, []) == {}
    assert told == {"mug": {"ginza": 3, "ueno": 0}, "sofa": {"depot": 2}}
    assert {(sku, at): units for sku, places in told.items() for at, units in places.items()} == {
        one.key: max(0, one.promisable) for one in rows
    }
