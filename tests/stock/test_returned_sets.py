"""A set was sold and one part of it comes back: over the counter, at a till, twice, by two."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stock.conftest import NOW, Shop
from tests.stock.test_returns import sell, take
from tests.stock.test_till_returns import back as till_takes_back
from tests.stock.test_till_returns import looked, printed

from setten.platform import db
from setten.platform.errors import SettenError
from setten.stock import catalog, returns, sets
from setten.stock.catalog import Item
from setten.stock.receipts import Tender
from setten.stock.returns import Back, BadReturn, MoreThanSold, Purchase, matching, pieces, rules
from setten.stock.returns.model import Line
from setten.stock.sets import Set

CASH = (Tender("cash", 1000),)


@pytest.fixture
async def pair(shop: Shop) -> None:
    """A rug that is two mugs (¥100 each) and a lamp (¥300) in one, all of them in the shop."""
    async with db.transaction(shop.pool) as conn:
        rug = Set(sku="rug", parts={"mug": 2, "lamp": 1})
        assert await sets.put(conn, [rug], now=NOW, known=frozenset({"rug", "mug", "lamp"})) == []
        priced = [
            Item(sku=sku, name_ja=sku, name_en=sku, price_minor=price, currency="JPY",
                 tax_rate=Decimal("0.1"))
            for sku, price in (("mug", 100), ("lamp", 300))
        ]  # fmt: skip
        assert await catalog.put(conn, priced, now=NOW) == []
    await shop.receive("mug", 20)
    await shop.receive("lamp", 10)


def part(sku: str, qty: int = 1, line: int = 0) -> Back:
    return Back(qty=qty, condition="resaleable", line_no=line, part=sku)


def whole(qty: int = 1, line: int = 0) -> Back:
    return Back(qty=qty, condition="resaleable", line_no=line)


async def again(shop: Shop, bought: Purchase) -> Purchase:
    assert bought.receipt_id is not None
    async with shop.pool.acquire() as conn:
        return await returns.by_receipt(conn, bought.receipt_id)


async def outside(shop: Shop, bought: Purchase) -> dict[str, int]:
    """What may still come back of the first line: whole sets, and parts."""
    line = (await again(shop, bought)).lines[0]
    return {one.sku: one.can_return for one in pieces.all_of(line)}


@pytest.mark.usefixtures("pair")
async def test_a_part_comes_back_for_its_share_and_the_set_is_whole_no_more(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    done = (await take(shop, purchase=bought, lines=(part("lamp"),))).done
    assert done.total_minor == 600, "the lamp is 300 of 500 yen of goods, the set cost 1,000"
    assert (await shop.balance("lamp", "ueno")).on_hand == 1
    assert await outside(shop, bought) == {"rug": 0, "mug": 2, "lamp": 0}
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=bought, lines=(whole(),))
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=bought, lines=(part("lamp"),))
    rest = (await take(shop, purchase=bought, lines=(part("mug", 2),))).done
    assert rest.total_minor == 400
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_of_two_sets_one_comes_back_whole_and_one_in_parts_for_all_the_money(
    shop: Shop,
) -> None:
    bought = await sell(shop, ("rug", 2, 1001), tenders=(Tender("cash", 1001),))
    money = 0
    for lines in ((part("mug"),), (whole(),), (part("lamp"),), (part("mug"),)):
        money += (await take(shop, purchase=bought, lines=lines)).done.total_minor
    assert money == 1001, "what was rounded away comes with the last part"
    assert await outside(shop, bought) == {"rug": 0, "mug": 0, "lamp": 0}
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_a_set_and_a_part_of_it_do_not_come_back_in_one_return(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    with pytest.raises(MoreThanSold):
        await take(shop, purchase=bought, lines=(whole(), part("lamp")))
    for wrong in (part("bag"), Back(qty=1, condition="resaleable", sku="rug", part="lamp")):
        with pytest.raises(BadReturn):
            await take(shop, purchase=bought, lines=(wrong,))
    assert await outside(shop, bought) == {"rug": 1, "mug": 2, "lamp": 1}


@pytest.mark.usefixtures("pair")
async def test_a_part_bought_beside_the_set_is_not_one_of_the_set(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), ("lamp", 1, 300), tenders=(Tender("cash", 1300),))
    own = (await take(shop, purchase=bought, lines=(whole(line=1),))).done
    assert own.total_minor == 300
    assert await outside(shop, bought) == {"rug": 1, "mug": 2, "lamp": 1}
    of_set = (await take(shop, purchase=bought, lines=(part("lamp"),))).done
    assert of_set.total_minor == 600


@pytest.mark.usefixtures("pair")
async def test_ten_counters_take_each_part_back_once(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 3, 3000), tenders=(Tender("cash", 3000),))
    wishes = [(whole(),), (part("lamp"),), (part("mug"),), (part("mug", 2),)] * 5
    asked = [take(shop, purchase=bought, lines=lines) for lines in wishes]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    done = [one.done for one in answers if not isinstance(one, BaseException)]
    assert all(isinstance(one, SettenError) for one in answers if isinstance(one, BaseException))
    came = {sku: (await shop.balance(sku, "ueno")).on_hand for sku in ("mug", "lamp")}
    left = await outside(shop, bought)
    assert (came["mug"] + left["mug"], came["lamp"] + left["lamp"]) == (6, 3)
    assert sum(one.total_minor for one in done) <= 3000
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_a_till_that_names_the_receipt_takes_a_part_back_once(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    first = await looked(
        shop, await till_takes_back(shop, "lamp", amount=700, returned_from=printed(bought)), "lamp"
    )
    assert (first.state, first.how) == ("matched", "said")
    assert await outside(shop, bought) == {"rug": 0, "mug": 2, "lamp": 0}
    second = await looked(
        shop, await till_takes_back(shop, "lamp", amount=1, returned_from=printed(bought)), "lamp"
    )
    assert (second.state, second.why) == ("open", "more_than_sold")
    rest = (await take(shop, purchase=bought, lines=(part("mug", 2),))).done
    assert rest.total_minor == 300, "the till gave 700 of the 1,000 back"


@pytest.mark.usefixtures("pair")
async def test_no_till_gives_more_for_a_part_than_the_set_cost(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    told = await till_takes_back(shop, "lamp", amount=1001, returned_from=printed(bought))
    assert (await looked(shop, told, "lamp")).why == "more_money"


@pytest.mark.usefixtures("pair")
async def test_a_part_for_cash_without_a_number_is_its_sets_when_the_share_fits(
    shop: Shop,
) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    other = await looked(shop, await till_takes_back(shop, "lamp", amount=299), "lamp")
    assert (other.state, other.why) == ("open", "none")
    async with db.transaction(shop.pool) as conn:
        shown = await matching.candidates(conn, other)
    assert [one.root for one in shown or ()] == [bought.root], "a person may still choose it"
    found = await looked(shop, await till_takes_back(shop, "lamp", amount=600), "lamp")
    assert (found.state, found.how, found.root) == ("matched", "only_one", bought.root)


@pytest.mark.usefixtures("pair")
async def test_what_a_till_took_of_a_set_from_a_card_does_not_come_back_again(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH, identifier_id=7)
    at = NOW + timedelta(hours=1)
    await till_takes_back(shop, "lamp", amount=600, identifier_id=7, at=at, now=at)
    assert await outside(shop, bought) == {"rug": 0, "mug": 2, "lamp": 0}
    await till_takes_back(shop, "mug", 2, 400, identifier_id=7, at=at, now=at)
    assert await outside(shop, bought) == {"rug": 0, "mug": 0, "lamp": 0}


@pytest.mark.usefixtures("pair")
async def test_a_lamp_from_a_card_is_of_the_newest_purchase_that_had_one(shop: Shop) -> None:
    loose = await sell(shop, ("lamp", 1, 300), tenders=(Tender("cash", 300),), identifier_id=8)
    at = NOW + timedelta(minutes=10)
    of_set = await sell(shop, ("rug", 1, 1000), tenders=CASH, identifier_id=8, at=at)
    later = NOW + timedelta(hours=2)
    await till_takes_back(shop, "lamp", amount=300, identifier_id=8, at=later, now=later)
    assert (await outside(shop, of_set))["lamp"] == 0
    assert (await outside(shop, loose))["lamp"] == 1


LINE = tuple[int, str, int, int, Decimal | None]


@settings(max_examples=150, deadline=None)
@given(
    amount=st.integers(0, 5_000),
    qty=st.integers(1, 4),
    units=st.dictionaries(st.sampled_from("abc"), st.integers(1, 3), min_size=1),
    prices=st.dictionaries(st.sampled_from("abc"), st.integers(0, 900)),
    wishes=st.lists(st.tuples(st.sampled_from("Sabc"), st.integers(1, 3)), max_size=14),
)
def test_in_whatever_order_a_set_comes_back_it_is_all_of_it_and_its_money_once(
    amount: int, qty: int, units: dict[str, int], prices: dict[str, int],
    wishes: list[tuple[str, int]],
) -> None:  # fmt: skip
    sold: list[LINE] = [(0, "S", qty, amount, None)]
    came: list[pieces.Came] = []

    def now() -> returns.Sold:
        of_lines, of_sets = pieces.of_parts(came, sold, {"S": units})
        lines = rules.left_of(sold, of_lines)
        [line] = pieces.with_parts(lines, of_lines, of_sets, {"S": units}, prices)
        return line

    def come(sku: str, n: int) -> bool:
        line = now()
        what = pieces.named(line, sku)
        taken = {(0, sku): n}
        if what is None or n > what.can_return or not pieces.fits(line, taken):
            return False
        row = Line(line_no=1, sold_line=0, sku=sku, qty=n, condition="resaleable",
                   amount_minor=rules.amount_of(what, n), tax_rate=None)  # fmt: skip
        [row] = pieces.settled(line, [row], taken)
        came.append((0, sku, n, row.amount_minor))
        return True

    for sku, n in wishes:
        come(sku, n)
    assert sum(one[3] for one in came) <= amount
    for sku in units:  # and now all the rest
        if (left := next(p.can_return for p in now().pieces if p.sku == sku)) > 0:
            assert come(sku, left)
    back = dict.fromkeys(units, 0)
    for _, sku, n, _ in came:
        for name, each in (units if sku == "S" else {sku: 1}).items():
            back[name] += n * each
    assert back == {sku: qty * each for sku, each in units.items()}
    assert sum(one[3] for one in came) == amount


@pytest.mark.usefixtures("pair")
async def test_a_corrected_receipt_remembers_the_part_that_came_back(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH, sequence="771")
    await take(shop, purchase=bought, lines=(part("lamp"),))
    corrected = await sell(shop, ("mug", 1, 100), ("rug", 1, 1000), sequence="771",
                           tenders=(Tender("cash", 1100),), replaces=bought.receipt_id)  # fmt: skip
    left = {one.sku: one.can_return for one in pieces.all_of(corrected.lines[1])}
    assert left == {"rug": 0, "mug": 2, "lamp": 0}


async def remade(shop: Shop, days: int, **parts: int) -> None:
    """From this many days on the rug is another set; with no parts, none."""
    async with db.transaction(shop.pool) as conn:
        made, known = Set(sku="rug", parts=parts), frozenset({"rug", "mug", "lamp"})
        refused = await sets.put(conn, [made], known=known, now=NOW + timedelta(days=days))
    assert refused == []


async def standing(shop: Shop, sku: str) -> int:
    return (await shop.balance(sku, "ueno")).on_hand


@pytest.mark.usefixtures("pair")
@pytest.mark.parametrize("parts", [{"lamp": 1}, {"mug": 1, "lamp": 3}, {}])
async def test_a_set_comes_back_as_what_was_sold_whatever_it_is_today(
    shop: Shop, parts: dict[str, int]
) -> None:
    bought = await sell(shop, ("rug", 2, 2000), tenders=(Tender("cash", 2000),))
    await remade(shop, 1, **parts)
    assert await outside(shop, bought) == {"rug": 2, "mug": 4, "lamp": 2}
    await take(shop, purchase=bought, lines=(whole(),))
    assert (await standing(shop, "mug"), await standing(shop, "lamp")) == (2, 1)
    await take(shop, purchase=bought, lines=(part("mug", 2), part("lamp")))
    assert (await standing(shop, "mug"), await standing(shop, "lamp")) == (4, 2)
    assert await outside(shop, bought) == {"rug": 0, "mug": 0, "lamp": 0}
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_a_till_that_tells_late_sold_what_the_set_was_then(shop: Shop) -> None:
    await remade(shop, -1, lamp=2)  # the day before; the receipt is of the morning before that
    early = NOW - timedelta(days=1, hours=3)
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH, at=early)
    assert {one.sku: one.qty for one in bought.lines[0].pieces} == {"mug": 2, "lamp": 1}
    assert (await shop.balance("mug", "ginza")).on_hand == 18
    now = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    assert {one.sku: one.qty for one in now.lines[0].pieces} == {"lamp": 2}
    assert (await shop.balance("lamp", "ginza")).on_hand == 7
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_a_receipt_corrected_after_the_set_was_changed_puts_back_what_it_took(
    shop: Shop,
) -> None:
    first = await sell(shop, ("rug", 2, 2000), tenders=(Tender("cash", 2000),), sequence="c1")
    await remade(shop, 1, lamp=5)
    await sell(shop, ("rug", 1, 1000), tenders=CASH, sequence="c1", replaces=first.receipt_id)
    assert (await shop.balance("mug", "ginza")).on_hand == 18
    assert (await shop.balance("lamp", "ginza")).on_hand == 9
    days = await shop.pool.fetch("select sku, sold from stock.sales_days order by sku")
    assert [tuple(row) for row in days] == [("lamp", 1), ("mug", 2)]
    await shop.prove()


@pytest.mark.usefixtures("pair")
async def test_what_was_said_of_a_set_first_holds_for_what_was_sold_before(shop: Shop) -> None:
    long_ago = NOW - timedelta(days=30)
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH, at=long_ago)
    assert {one.sku: one.qty for one in bought.lines[0].pieces} == {"mug": 2, "lamp": 1}
    await remade(shop, 2, mug=2, lamp=1)  # the same again is no change
    kept = await shop.pool.fetchval("select count(*) from stock.set_history")
    assert kept == 1


@pytest.mark.usefixtures("pair")
async def test_a_part_that_the_set_lost_meanwhile_still_comes_back_at_a_till(shop: Shop) -> None:
    bought = await sell(shop, ("rug", 1, 1000), tenders=CASH)
    await remade(shop, 1, lamp=1)
    found = await looked(shop, await till_takes_back(shop, amount=200))
    assert found.state == "matched"
    assert await outside(shop, bought) == {"rug": 0, "mug": 1, "lamp": 1}
