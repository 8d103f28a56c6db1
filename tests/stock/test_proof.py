"""Balances are proven piece by piece: nothing between two is missed, nobody is in the way."""

import asyncio
from collections.abc import Sequence
from datetime import date

import pytest

from setten.platform import db
from setten.stock import ledger, proving, receipts
from setten.stock.ledger import Drift, Progress
from setten.stock.receipts import Receipt, ReceiptLine

from .conftest import NOW, SKUS, Shop

PIECES = [1, 2, 3, 100]


async def a_few_rows(shop: Shop) -> None:
    for sku in SKUS:
        for place in ("ginza", "ueno"):
            await shop.receive(sku, 5, at=place)
    await shop.hold(("mug", "ginza", 2), ("sofa", "ueno", 1))


async def prove(shop: Shop, piece_rows: int, after: str = "") -> ledger.Proof:
    async with shop.pool.acquire() as conn:
        return await ledger.reconcile(conn, piece_rows=piece_rows, after=after)


async def break_it(shop: Shop, statement: str) -> None:
    async with shop.pool.acquire() as conn:
        await conn.execute(statement)


def found(drifts: Sequence[Drift]) -> list[tuple[str, str, str, int, int]]:
    return [(one.sku, one.location_id, one.what, one.balance, one.proven) for one in drifts]


@pytest.mark.parametrize("piece_rows", PIECES)
async def test_pieces_of_any_size_prove_the_same(shop: Shop, piece_rows: int) -> None:
    await a_few_rows(shop)
    proof = await prove(shop, piece_rows)
    assert proof.is_clean
    assert {name: qty for name, qty in proof.sums.items() if qty} == {
        "supplier": -40, "on_hand": 37, "held": 3}  # fmt: skip


@pytest.mark.parametrize("piece_rows", PIECES)
async def test_a_drift_in_the_first_and_in_the_last_row_is_found(
    shop: Shop, piece_rows: int
) -> None:
    await a_few_rows(shop)
    await break_it(
        shop,
        "update stock.balances set on_hand = on_hand + 3"
        " where (sku, location_id) in (('lamp', 'ginza'), ('sofa', 'ueno'))",
    )
    assert found((await prove(shop, piece_rows)).drifts) == [
        ("lamp", "ginza", "on_hand", 8, 5),
        ("sofa", "ueno", "on_hand", 7, 4),
    ]


@pytest.mark.parametrize("piece_rows", PIECES)
async def test_entries_without_a_balance_and_a_balance_without_entries_are_found(
    shop: Shop, piece_rows: int
) -> None:
    await a_few_rows(shop)
    await break_it(shop, "update stock.balances set on_hand = 0 where sku = 'rug'")
    await break_it(
        shop, "insert into stock.balances (sku, location_id, on_hand) values ('sofa', 'web', 9)"
    )
    assert found((await prove(shop, piece_rows)).drifts) == [
        ("rug", "ginza", "on_hand", 0, 5),
        ("rug", "ueno", "on_hand", 0, 5),
        ("sofa", "web", "on_hand", 9, 0),
    ]


@pytest.mark.parametrize("piece_rows", PIECES)
async def test_a_promise_that_no_balance_knows_is_found(shop: Shop, piece_rows: int) -> None:
    await a_few_rows(shop)
    await break_it(shop, "update stock.hold_lines set qty = qty + 4 where sku = 'sofa'")
    assert found((await prove(shop, piece_rows)).drifts) == [("sofa", "ueno", "open_lines", 1, 5)]


async def test_a_proof_goes_on_behind_a_sku(shop: Shop) -> None:
    await a_few_rows(shop)
    await break_it(shop, "update stock.balances set on_hand = 0")
    assert {one.sku for one in (await prove(shop, 1, after="mug")).drifts} == {"rug", "sofa"}
    assert (await prove(shop, 1, after="sofa")).is_clean


async def test_progress_tells_rows_and_the_last_sku(shop: Shop) -> None:
    await a_few_rows(shop)
    told: list[Progress] = []
    async with shop.pool.acquire() as conn:
        await ledger.reconcile(conn, piece_rows=2, told=told.append)
    assert [(one.rows, one.sku) for one in told] == [
        (2, "lamp"), (4, "mug"), (6, "rug"), (8, "sofa")]  # fmt: skip
    assert all(one.about >= one.rows for one in told)


async def test_an_empty_house_is_clean(pool: db.Pool) -> None:
    async with pool.acquire() as conn:
        proof = await ledger.reconcile(conn)
        assert await receipts.drifts(conn) == []
    assert proof.is_clean
    assert set(proof.sums.values()) == {0}


async def test_what_is_booked_meanwhile_is_no_drift(shop: Shop) -> None:
    await a_few_rows(shop)

    async def work() -> None:
        for turn in range(15):
            await shop.receive(SKUS[turn % 4], 1, at="ueno")
            await shop.hold((SKUS[turn % 4], "ueno", 1))

    working = asyncio.gather(work(), work())
    while not working.done():
        assert (await prove(shop, 1)).is_clean
    await working
    assert (await prove(shop, 1)).is_clean


async def test_no_transaction_lasts_longer_than_a_piece(shop: Shop) -> None:
    await a_few_rows(shop)
    seen: list[bool] = []
    async with shop.pool.acquire() as conn:
        await ledger.reconcile(
            conn, piece_rows=1, told=lambda _: seen.append(conn.is_in_transaction())
        )
    assert seen == [False] * len(SKUS)


async def sell(shop: Shop, place: str, sequence: str, yen: int) -> None:
    told = Receipt(
        location_id=place, register="1", sequence=sequence, business_day=date(2026, 11, 22),
        at=NOW, currency="JPY",
        lines=(ReceiptLine(sku="mug", qty=1, amount_minor=yen),),
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        (result,) = await receipts.book(conn, [told], by="till", now=NOW)
    assert result.status == "booked"


async def test_sums_of_receipts_are_proven_place_by_place(shop: Shop) -> None:
    await a_few_rows(shop)
    for place in ("ginza", "ueno", "web"):
        await sell(shop, place, "0001", 500)
        await sell(shop, place, "0002", 700)
    async with shop.pool.acquire() as conn:
        assert await receipts.drifts(conn) == []
    # What is too much in one place and too little in another is no sum that fits.
    await break_it(shop, "update stock.receipt_totals set total_minor = total_minor + 9"
                         " where location_id = 'ginza'")  # fmt: skip
    await break_it(shop, "update stock.receipt_totals set total_minor = total_minor - 9"
                         " where location_id = 'ueno'")  # fmt: skip
    await break_it(shop, "delete from stock.receipt_totals where location_id = 'web'")
    async with shop.pool.acquire() as conn:
        assert found(await receipts.drifts(conn)) == [
            ("", "ginza", "receipts JPY", 1209, 1200),
            ("", "ueno", "receipts JPY", 1191, 1200),
            ("", "web", "number of receipts JPY", 0, 2),
            ("", "web", "receipts JPY", 0, 1200),
        ]


async def test_the_nightly_proof_says_at_which_place_money_drifts(shop: Shop) -> None:
    await a_few_rows(shop)
    await sell(shop, "ginza", "0001", 500)
    await break_it(shop, "update stock.receipt_totals set total_minor = 1")
    await proving.prove_all(shop.pool)
    (fact,) = await shop.events("stock.drifted")
    assert fact["location_id"] == "ginza"
    assert '"what":"receipts JPY"' in fact["body"]
