"""Holds are written in one statement; a code that somebody took in the last moment is no harm."""

from typing import Any

import msgspec
from tests.stock.conftest import NOW, Shop

from setten.facts.stock import GoodsLine
from setten.platform import combine, db
from setten.stock import ledger
from setten.stock.holds import Ask, Placed, writing

MUG = GoodsLine("mug", "ginza", 1)


def ask(key: str) -> Ask:
    hashed = combine.key_hash("test", "holds", key)
    return Ask(lines=(MUG,), by="test", claim=combine.Claim(hashed, hashed))


def with_code(one: writing.Draft, code: str) -> writing.Draft:
    return msgspec.structs.replace(one, placed=msgspec.structs.replace(one.placed, code=code))


async def test_two_who_draw_one_code_at_once_get_two(shop: Shop) -> None:
    await shop.receive("mug", 9)
    asks = [ask("a"), ask("b"), ask("c")]
    async with db.transaction(shop.pool) as conn:
        await combine.claim(conn, [one.claim for one in asks if one.claim])
        drafts = writing.draft([(one, (MUG,)) for one in asks], now=NOW)
        drafts = [with_code(one, "123456") for one in drafts]
        balances = await ledger.lock(conn, [("mug", "ginza")])
        placed = await writing.write(conn, drafts, balances=balances, now=NOW)

    assert [one.hold_id for one in placed] == [one.placed.hold_id for one in drafts]
    assert placed[0].code == "123456"
    assert len({one.code for one in placed}) == 3
    async with shop.pool.acquire() as conn:
        rows = await conn.fetch("select hold_id, code from stock.holds")
        kept = await combine.claim(conn, [one.claim for one in asks if one.claim])
    assert {row["hold_id"]: row["code"] for row in rows} == {p.hold_id: p.code for p in placed}
    assert [answer(kept[one.claim.key]) for one in asks if one.claim] == placed
    assert (await shop.balance("mug")).held == 3
    assert len(await shop.events("stock.held")) == 3
    await shop.prove()


def answer(kept: combine.Outcome) -> Any:
    return msgspec.json.decode(kept.answer, type=Placed)


async def test_a_code_that_an_open_hold_has_is_not_given_again_at_its_place(shop: Shop) -> None:
    await shop.receive("mug", 2)
    first = await shop.hold(("mug", "ginza", 1))
    async with db.transaction(shop.pool) as conn:
        (draft,) = writing.draft([(Ask(lines=(MUG,), by="test"), (MUG,))], now=NOW)
        balances = await ledger.lock(conn, [("mug", "ginza")])
        placed = await writing.write(
            conn, [with_code(draft, first.code)], balances=balances, now=NOW
        )
    assert placed[0].code != first.code
    await shop.prove()


async def test_many_holds_at_once_have_a_code_each(shop: Shop) -> None:
    await shop.receive("mug", 400)
    async with db.transaction(shop.pool) as conn:
        wanted = [(Ask(lines=(MUG,), by="test"), (MUG,)) for _ in range(400)]
        drafts = writing.draft(wanted, now=NOW)
        balances = await ledger.lock(conn, [("mug", "ginza")])
        placed = await writing.write(conn, drafts, balances=balances, now=NOW)
    assert len({one.code for one in placed}) == 400
    await shop.prove()
