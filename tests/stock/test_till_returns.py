"""What tills took back without saying of what: matched where it is sure, shown where it is not."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.stock.conftest import NOW, Shop
from tests.stock.test_returns import numbers, sell, take

from setten.platform import db
from setten.stock import receipts, returns
from setten.stock.receipts import Printed, Receipt, ReceiptLine, Tender
from setten.stock.returns import (
    Back,
    MoreThanSold,
    NotThatPurchase,
    Purchase,
    TillReturn,
    UnknownTillReturn,
    matching,
)

TOMORROW = NOW + timedelta(days=1)


async def back(
    shop: Shop,
    sku: str = "mug",
    qty: int = 1,
    amount: int = 1080,
    *,
    at: datetime = TOMORROW,
    now: datetime = TOMORROW,
    **named: Any,
) -> UUID:
    """A till takes goods back for cash; its receipt."""
    lines = (ReceiptLine(sku=sku, qty=-qty, amount_minor=-amount),)
    receipt = Receipt(
        **{
            "location_id": "ginza", "register": "2", "sequence": str(next(numbers)),
            "business_day": at.date(), "at": at, "currency": "JPY", "lines": lines,
            "tenders": (Tender("cash", -amount),),
        } | named
    )  # fmt: skip
    async with db.transaction(shop.pool) as conn:
        [done] = await receipts.book(conn, [receipt], by="till", now=now)
    assert done.receipt_id is not None, done
    return done.receipt_id


async def looked(
    shop: Shop, receipt_id: UUID, sku: str = "mug", *, now: datetime = TOMORROW
) -> TillReturn:
    """How it stands after the job."""
    async with db.transaction(shop.pool) as conn:
        await matching.look(conn, now=now)
        return await matching.get(conn, receipt_id, sku)


def printed(bought: Purchase) -> Printed:
    register, sequence = bought.number.split("-")
    return Printed(location_id="ginza", register=register, sequence=sequence)


async def can_return(shop: Shop, bought: Purchase) -> int:
    async with shop.pool.acquire() as conn:
        again = await returns.by_receipt(conn, bought.receipt_id)  # type: ignore[arg-type]  # ours has one
    return sum(line.can_return for line in again.lines)


async def test_the_only_purchase_that_fits_is_it_and_nothing_of_it_comes_back_twice(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    bought = await sell(shop, ("mug", 1, 1080), tenders=(Tender("cash", 1080),))
    found = await looked(shop, await back(shop))
    assert (found.state, found.how) == ("matched", "only_one")
    assert await can_return(shop, bought) == 0
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=bought, lines=(Back(qty=1, condition="resaleable", line_no=0),))
    await shop.prove()


async def test_of_several_that_fit_a_person_decides(shop: Shop) -> None:
    await shop.receive("mug", 5)
    first = await sell(shop, ("mug", 1, 1080))
    other = await sell(shop, ("mug", 1, 1080))
    receipt_id = await back(shop)
    found = await looked(shop, receipt_id)
    assert (found.state, found.why) == ("open", "many")
    async with db.transaction(shop.pool) as conn:
        [row] = await matching.open_at(conn, "ginza")
        shown = await matching.candidates(conn, row)
        assert {one.root for one in shown or ()} == {first.root, other.root}
        done = await matching.match(conn, receipt_id, "mug", other, by="staff:rin", now=TOMORROW)
    assert (done.how, done.decided_by) == ("person", "staff:rin")
    assert (await can_return(shop, first), await can_return(shop, other)) == (1, 0)
    async with db.transaction(shop.pool) as conn:
        assert await matching.open_at(conn, "ginza") == []
        with pytest.raises(UnknownTillReturn):
            await matching.match(conn, receipt_id, "mug", first, by="staff:rin", now=TOMORROW)


async def test_what_the_till_says_is_believed_also_at_another_shop(shop: Shop) -> None:
    await shop.receive("mug", 5)
    bought = await sell(shop, ("mug", 2, 2160))
    await sell(shop, ("mug", 1, 1080))
    receipt_id = await back(shop, location_id="ueno", returned_from=printed(bought))
    found = await looked(shop, receipt_id)
    assert (found.state, found.how, found.root) == ("matched", "said", bought.root)
    assert await can_return(shop, bought) == 1


@pytest.mark.parametrize(
    ("qty", "amount", "why"),
    [(3, 3240, "more_than_sold"), (1, 1081, "more_money")],
)
async def test_what_the_till_says_is_not_believed_beyond_what_was_bought(
    shop: Shop, qty: int, amount: int, why: str
) -> None:
    await shop.receive("mug", 5)
    bought = await sell(shop, ("mug", 2, 2160))
    receipt_id = await back(shop, qty=qty, amount=amount, returned_from=printed(bought))
    found = await looked(shop, receipt_id)
    assert (found.state, found.why) == ("open", why)
    assert await can_return(shop, bought) == 2
    async with db.transaction(shop.pool) as conn:
        with pytest.raises(NotThatPurchase):
            await matching.match(conn, receipt_id, "mug", bought, by="staff:rin", now=TOMORROW)


async def test_one_receipt_shown_at_two_tills_counts_for_the_first(shop: Shop) -> None:
    await shop.receive("mug", 5)
    bought = await sell(shop, ("mug", 1, 1080))
    first = await back(shop, returned_from=printed(bought))
    second = await back(shop, location_id="ueno", returned_from=printed(bought))
    assert (await looked(shop, first)).state == "matched"
    assert (await looked(shop, second)).why == "more_than_sold"


async def test_a_number_that_nobody_knows_is_shown(shop: Shop) -> None:
    await shop.receive("mug", 5)
    said = Printed(location_id="ginza", register="9", sequence="nine")
    assert (await looked(shop, await back(shop, returned_from=said))).why == "said_unknown"


async def test_another_price_another_place_or_too_long_ago_is_no_match(shop: Shop) -> None:
    await shop.receive("mug", 5)
    await shop.receive("mug", 5, at="ueno")
    await sell(shop, ("mug", 1, 1080))
    cheaper = await back(shop, amount=900)
    elsewhere = await back(shop, location_id="ueno")
    late = await back(shop, at=NOW + timedelta(days=40), now=NOW + timedelta(days=40))
    for receipt_id in (cheaper, elsewhere, late):
        found = await looked(shop, receipt_id, now=NOW + timedelta(days=40))
        assert (found.state, found.why) == ("open", "none")


async def test_what_sells_all_day_is_never_guessed(shop: Shop) -> None:
    await shop.receive("mug", 50)
    await sell(shop, ("mug", matching.OFTEN + 1, 1080 * (matching.OFTEN + 1)))
    receipt_id = await back(shop)
    found = await looked(shop, receipt_id)
    assert (found.state, found.why) == ("open", "often")
    async with shop.pool.acquire() as conn:
        assert await matching.candidates(conn, found) is None


async def test_a_purchase_that_an_offline_till_tells_later_is_found_then(shop: Shop) -> None:
    await shop.receive("mug", 5)
    receipt_id = await back(shop)
    assert (await looked(shop, receipt_id)).why == "none"
    await sell(shop, ("mug", 1, 1080))
    assert (await looked(shop, receipt_id, now=TOMORROW + timedelta(hours=5))).state == "open"
    assert (await looked(shop, receipt_id, now=TOMORROW + timedelta(hours=7))).state == "matched"


async def test_a_line_and_its_opposite_are_a_slip_of_the_finger(shop: Shop) -> None:
    await shop.receive("mug", 5)
    lines = (
        ReceiptLine(sku="mug", qty=1, amount_minor=1080),
        ReceiptLine(sku="mug", qty=-1, amount_minor=-1080),
        ReceiptLine(sku="sofa", qty=-1, amount_minor=-55000),
    )
    receipt_id = await back(shop, lines=lines)
    async with shop.pool.acquire() as conn:
        with pytest.raises(UnknownTillReturn):
            await matching.get(conn, receipt_id, "mug")
        assert (await matching.get(conn, receipt_id, "sofa")).qty == 1


async def test_history_that_moves_no_stock_is_no_work_for_anybody(shop: Shop) -> None:
    receipt_id = await back(shop, moves_stock=False)
    async with shop.pool.acquire() as conn:
        with pytest.raises(UnknownTillReturn):
            await matching.get(conn, receipt_id, "mug")


async def test_her_sums_fall_when_it_was_her_purchase_and_rise_when_the_till_was_wrong(
    shop: Shop,
) -> None:
    await shop.receive("mug", 5)
    bought = await sell(shop, ("mug", 1, 1080), identifier_id=5)
    receipt_id = await back(shop, returned_from=printed(bought), sequence="wrong-1")
    assert (await looked(shop, receipt_id)).identifier_id == 5
    slip = (ReceiptLine(sku="sofa", qty=1, amount_minor=55000),)
    await back(shop, sequence="wrong-1", lines=slip, replaces=receipt_id, tenders=())
    assert (await looked(shop, receipt_id)).state == "void"
    told = [event["body"] for event in await shop.events("return.matched")]
    assert ["-1080" in one for one in told] == [True, False]
    assert await can_return(shop, bought) == 1
    assert (await looked(shop, receipt_id)).state == "void"
    assert len(await shop.events("return.matched")) == 2


async def test_money_that_a_till_gave_back_is_not_given_back_again(shop: Shop) -> None:
    await shop.receive("mug", 5)
    bought = await sell(
        shop, ("mug", 2, 2160), tenders=(Tender("cash", 1080), Tender("card", 1080))
    )
    await looked(shop, await back(shop, returned_from=printed(bought)))
    lines = (Back(qty=1, condition="resaleable", line_no=0),)
    done = await take(shop, purchase=bought, lines=lines)
    assert [(one.kind, one.amount_minor) for one in done.done.refunds] == [("card", 1080)]


async def test_what_nobody_can_know_is_closed_with_a_reason(shop: Shop) -> None:
    receipt_id = await back(shop)
    await looked(shop, receipt_id)
    async with db.transaction(shop.pool) as conn:
        with pytest.raises(returns.BadReturn):
            await matching.close(conn, receipt_id, "mug", by="staff:rin", note=" ", now=NOW)
    async with db.transaction(shop.pool) as conn:
        assert await matching.count_open(conn, "ginza") == 1
        await matching.close(
            conn, receipt_id, "mug", by="staff:rin", note="no receipt, paid as voucher", now=NOW
        )
        assert await matching.count_open(conn, "ginza") == 0
    assert (await looked(shop, receipt_id, now=NOW + timedelta(days=2))).state == "closed"
