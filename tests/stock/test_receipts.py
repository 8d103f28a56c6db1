"""What receipts do to stock, to promises and to the sums."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import holds, receipts, tasks
from setten.stock.receipts import Receipt, ReceiptLine, Result, Tender

ANN, BO = 11, 22


def receipt(*lines: tuple[str, int, int], sequence: str = "1", **more: Any) -> Receipt:
    base: dict[str, Any] = {
        "location_id": "ginza",
        "register": "r1",
        "sequence": sequence,
        "business_day": date(2026, 11, 22),
        "at": NOW,
        "currency": "JPY",
        "lines": tuple(ReceiptLine(sku=s, qty=q, amount_minor=a) for s, q, a in lines),
    }
    return Receipt(**(base | more))


async def book(shop: Shop, *told: Receipt, now: Any = NOW) -> list[Result]:
    async with db.transaction(shop.pool) as conn:
        return await receipts.book(conn, told, by="till", now=now)


async def totals(shop: Shop) -> tuple[int, int, int]:
    async with shop.pool.acquire() as conn:
        (total,) = await receipts.totals(conn)
    return total.receipts, total.lines, total.total_minor


async def test_a_receipt_is_booked_once_however_often_it_is_told(shop: Shop) -> None:
    await shop.receive("mug", 5)
    told = receipt(("mug", 2, 2000))
    first, second = await book(shop, told, told)
    (third,) = await book(shop, told)
    assert [first.status, second.status, third.status] == ["booked", "already", "already"]
    assert first.receipt_id == third.receipt_id
    assert (await shop.balance("mug")).on_hand == 3
    assert await totals(shop) == (1, 1, 2000)
    assert len(await shop.events("receipt.recorded")) == 1
    await shop.prove()


async def test_another_receipt_under_the_same_number_is_refused_unless_it_corrects(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    (first,) = await book(shop, receipt(("mug", 2, 2000)))
    (differs,) = await book(shop, receipt(("mug", 1, 1000)))
    (wrong,) = await book(shop, receipt(("mug", 1, 1000), replaces=UUID(int=1)))
    (mended,) = await book(shop, receipt(("mug", 1, 1000), replaces=first.receipt_id))
    assert (differs.reason, wrong.reason) == ("receipt_differs", "receipt_differs")
    assert mended.status == "booked"
    assert (await shop.balance("mug")).on_hand == 4
    assert await totals(shop) == (1, 1, 1000)
    await shop.prove()


async def test_an_asking_till_is_told_that_the_last_one_is_promised(shop: Shop) -> None:
    await shop.receive("sofa", 1)
    await shop.hold(("sofa", "ginza", 1), identifier_id=ANN)
    (refused,) = await book(shop, receipt(("sofa", 1, 98000), mode="ask", identifier_id=BO))
    assert (refused.reason, refused.wanting) == ("promised_to_another", (("sofa", 1),))
    assert (await shop.balance("sofa")).held == 1
    assert await shop.events("receipt.recorded") == []


async def test_a_telling_till_sells_it_and_all_know_at_once(shop: Shop) -> None:
    await shop.receive("sofa", 1)
    await shop.receive("sofa", 2, at="ueno")
    placed = await shop.hold(("sofa", "ginza", 1), identifier_id=ANN)
    (booked,) = await book(shop, receipt(("sofa", 1, 98000), identifier_id=BO))
    assert [(s.hold_id, s.alternative) for s in booked.short] == [(placed.hold_id, "ueno")]
    async with shop.pool.acquire() as conn:
        assert (await holds.get(conn, placed.hold_id, now=NOW)).state == "short"
        assert [t.kind for t in await tasks.list_open(conn, "ginza")] == ["hold_short"]
    (told,) = await shop.events("stock.hold_short")
    assert told["identifiers"] == [ANN]
    row = await shop.balance("sofa")
    assert (row.on_hand, row.held) == (0, 0)
    await shop.prove()


async def test_a_hold_is_collected_through_the_till_by_card_or_by_code(shop: Shop) -> None:
    await shop.receive("sofa", 2)
    by_card = await shop.hold(("sofa", "ginza", 1), identifier_id=ANN)
    by_code = await shop.hold(("sofa", "ginza", 1))
    one, two = await book(
        shop,
        receipt(("sofa", 1, 98000), mode="ask", owner_ids=frozenset({ANN})),
        receipt(("sofa", 1, 98000), mode="ask", sequence="2", hold_code=by_code.code),
    )
    assert (one.collected, two.collected) == ((by_card.hold_id,), (by_code.hold_id,))
    async with shop.pool.acquire() as conn:
        assert (await holds.get(conn, by_code.hold_id, now=NOW)).state == "collected"
    assert (await shop.balance("sofa")).physical == 0
    assert len(await shop.events("stock.hold_collected")) == 2
    await shop.prove()


async def test_what_was_handed_over_by_code_is_not_sold_twice_by_its_receipt(shop: Shop) -> None:
    await shop.receive("sofa", 2)
    placed = await shop.hold(("sofa", "ginza", 1), identifier_id=ANN)
    async with db.transaction(shop.pool) as conn:
        await holds.collect(conn, placed.hold_id, by="test", now=NOW)
    (first,) = await book(shop, receipt(("sofa", 1, 98000), identifier_id=ANN))
    (second,) = await book(shop, receipt(("sofa", 1, 98000), identifier_id=ANN, sequence="2"))
    assert (first.collected, second.collected) == ((placed.hold_id,), ())
    assert (await shop.balance("sofa")).on_hand == 0
    await shop.prove()


async def test_what_a_buyer_leaves_of_a_held_line_is_free_again(shop: Shop) -> None:
    await shop.receive("mug", 3)
    await shop.hold(("mug", "ginza", 3), identifier_id=ANN)
    await book(shop, receipt(("mug", 1, 1000), identifier_id=ANN))
    row = await shop.balance("mug")
    assert (row.on_hand, row.held) == (2, 0)
    await shop.prove()


async def test_unknown_goods_are_kept_and_move_no_stock(shop: Shop) -> None:
    (booked,) = await book(shop, receipt(("ghost", 1, 500)))
    assert booked.unknown_skus == ("ghost",)
    assert booked.receipt_id is not None
    async with shop.pool.acquire() as conn:
        kept = await receipts.get(conn, booked.receipt_id)
        assert await conn.fetchval("select count(*) from stock.ledger") == 0
    assert kept.total_minor == 500


async def test_a_return_puts_goods_back_and_takes_money_off(shop: Shop) -> None:
    await shop.receive("mug", 1)
    await book(shop, receipt(("mug", 1, 1000)), receipt(("mug", -1, -1000), sequence="2"))
    assert (await shop.balance("mug")).on_hand == 1
    assert await totals(shop) == (2, 2, 0)
    await shop.prove()


async def test_a_till_may_sell_what_the_books_do_not_have(shop: Shop) -> None:
    (booked,) = await book(shop, receipt(("mug", 2, 2000), mode="ask"))
    assert booked.status == "booked"
    assert (await shop.balance("mug")).on_hand == -2
    await shop.prove()


async def test_a_hold_that_ran_out_does_not_stop_a_till(shop: Shop) -> None:
    await shop.receive("sofa", 1)
    await shop.hold(("sofa", "ginza", 1), ttl_s=60)
    (booked,) = await book(
        shop, receipt(("sofa", 1, 98000), mode="ask"), now=NOW + timedelta(minutes=5)
    )
    assert booked.status == "booked"
    assert booked.short == ()
    await shop.prove()


async def test_bad_receipts_are_refused_alone(shop: Shop) -> None:
    results = await book(
        shop,
        receipt(("mug", 1, 1), sequence="1"),
        receipt(sequence="2"),
        receipt(("mug", 1, 1), sequence="3", location_id="atlantis"),
        receipt(("mug", 1, 1), sequence="4", at=NOW + timedelta(days=3)),
        receipt(("mug", 1, 1), sequence="5", tenders=(Tender("4111 1111", 1),)),
        receipt(("mug", 10**9, 1), sequence="6"),
    )
    assert [(r.status, r.why or r.reason) for r in results] == [
        ("booked", None), ("refused", "lines"), ("refused", "atlantis"),
        ("refused", "at or business_day in the future"), ("refused", "tenders"),
        ("refused", "qty")]  # fmt: skip


async def test_picked_promises_are_kept_and_unpicked_ones_give_way(shop: Shop) -> None:
    await shop.receive("mug", 2)
    unpicked = await shop.hold(("mug", "ginza", 1))
    picked = await shop.hold(("mug", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        await holds.pick(conn, picked.hold_id, now=NOW)
    (booked,) = await book(shop, receipt(("mug", 1, 1000)))
    assert [s.hold_id for s in booked.short] == [unpicked.hold_id]
    await shop.prove()


async def test_history_moves_no_stock_but_is_counted(shop: Shop) -> None:
    await shop.receive("mug", 2)
    await book(shop, receipt(("mug", 1, 1000), moves_stock=False))
    assert (await shop.balance("mug")).on_hand == 2
    assert await totals(shop) == (1, 1, 1000)
