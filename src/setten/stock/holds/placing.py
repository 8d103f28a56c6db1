"""Placing holds: for all callers of a moment at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import combine, db
from setten.platform.combine import IdempotencyMismatch
from setten.platform.db import Connection
from setten.platform.errors import SettenError
from setten.stock import catalog, ledger, locations
from setten.stock.holds import rules, writing
from setten.stock.holds.model import Ask, NotEnoughStock, Placed, Short, UnknownGoods
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
_decode_placed = msgspec.json.Decoder(Placed).decode

Answer = Placed | SettenError


class _Wish(msgspec.Struct, frozen=True):
    """An ask that is this transaction's to decide."""

    index: int
    ask: Ask
    lines: tuple[GoodsLine, ...]


async def place(conn: Connection, ask: Ask, *, now: datetime) -> Placed:
    """Promise all lines of one ask, or none. Raises NotEnoughStock, UnknownGoods, BadHold."""
    answer = (await place_many(conn, [ask], now=now))[0]
    if isinstance(answer, SettenError):
        raise answer
    return answer


async def place_many(conn: Connection, asks: Sequence[Ask], *, now: datetime) -> list[Answer]:
    """Promise each ask all of its lines or none, first come, first served.

    Answers one Placed or one refusal (NotEnoughStock, UnknownGoods, BadHold, IdempotencyMismatch)
    per ask, in order. An ask whose claim was answered before gets that answer again; the claim of
    a refused one is given back. States `stock.held` for each.
    """
    answers, wishes, repeats = await _take_claims(conn, asks)
    answers |= {w.index: bad for w in wishes if (bad := rules.check(w.ask)) is not None}
    good = [wish for wish in wishes if wish.index not in answers]
    answers |= await _granted_or_refused(conn, good, now)
    await combine.unclaim(
        conn,
        [
            wish.ask.claim.key
            for wish in wishes
            if wish.ask.claim is not None and not isinstance(answers[wish.index], Placed)
        ],
    )
    answers |= {index: answers[first] for index, first in repeats.items()}
    return [answers[index] for index in range(len(asks))]


async def _granted_or_refused(
    conn: Connection, wishes: Sequence[_Wish], now: datetime
) -> dict[int, Answer]:
    """Decide under lock and write what is granted; all that needs no balance is made before it."""
    if not wishes:
        return {}
    drafts = await writing.draft(conn, [(wish.ask, wish.lines) for wish in wishes], now=now)
    refused, balances = await _decide(conn, wishes, now)
    granted = [
        (wish.index, one)
        for wish, one in zip(wishes, drafts, strict=True)
        if wish.index not in refused
    ]
    answers: dict[int, Answer] = {**refused}
    if granted:
        placed = await writing.write(conn, [one for _, one in granted], balances=balances, now=now)
        answers |= {index: one for (index, _), one in zip(granted, placed, strict=True)}
    return answers


async def _take_claims(
    conn: Connection, asks: Sequence[Ask]
) -> tuple[dict[int, Answer], list[_Wish], dict[int, int]]:
    """Answers that stand already, the wishes to decide, and repeats of a wish in this call."""
    answers: dict[int, Answer] = {}
    wishes: list[_Wish] = []
    repeats: dict[int, int] = {}
    first: dict[UUID, int] = {}
    outcomes = await combine.claim(conn, [ask.claim for ask in asks if ask.claim])
    for index, ask in enumerate(asks):
        if ask.claim is not None:
            outcome = outcomes[ask.claim.key]
            earlier = first.setdefault(ask.claim.key, index)
            before = asks[earlier].claim
            if outcome.is_mismatch or (before and before.request != ask.claim.request):
                answers[index] = IdempotencyMismatch()
                continue
            if not outcome.is_new:
                answers[index] = _decode_placed(outcome.answer)
                continue
            if earlier != index:
                repeats[index] = earlier
                continue
        wishes.append(_Wish(index, ask, rules.merged(ask.lines)))
    return answers, wishes, repeats


async def _decide(
    conn: Connection, wishes: Sequence[_Wish], now: datetime
) -> tuple[dict[int, SettenError], dict[Key, Balance]]:
    """Lock what is wanted and say who does not get it; the rows, locked, as they are now."""
    keys = {(line.sku, line.location_id) for wish in wishes for line in wish.lines}
    balances = await ledger.lock(conn, keys)
    refused: dict[int, SettenError] = {}
    if len(balances) < len(keys):
        refused = await _unknown(conn, wishes, keys - balances.keys())
    good = [wish for wish in wishes if wish.index not in refused]
    short = await _verdicts(conn, good, balances, now)
    refused |= {
        wish.index: NotEnoughStock(short=[msgspec.to_builtins(one) for one in lacks])
        for wish, lacks in zip(good, short, strict=True)
        if lacks
    }
    return refused, balances


async def _verdicts(
    conn: Connection, wishes: Sequence[_Wish], balances: dict[Key, Balance], now: datetime
) -> list[tuple[Short, ...]]:
    lines = [wish.lines for wish in wishes]
    verdicts = rules.decide(lines, {key: b.promisable for key, b in balances.items()})
    lacking = {(one.sku, one.location_id) for lacks in verdicts for one in lacks}
    if lacking and await take_back_due(conn, lacking & balances.keys(), balances, now):
        verdicts = rules.decide(lines, {key: b.promisable for key, b in balances.items()})
    return verdicts


async def take_back_due(
    conn: Connection, keys: set[Key], balances: dict[Key, Balance], now: datetime
) -> bool:
    """Free what stands on locked rows for holds that have run out; whether there was any.

    Updates `balances`, the rows as the caller has locked them.
    """
    if not keys:
        return False
    taken = await _Q.take_back_due.all(
        conn, now=now, skus=[k[0] for k in keys], location_ids=[k[1] for k in keys]
    )
    entries = [
        Entry(
            sku=row["sku"],
            location_id=row["location_id"],
            source=Account.held,
            target=Account.on_hand,
            qty=row["qty"],
            cause="hold_expired",
            cause_id=row["hold_id"],
        )
        for row in taken
    ]
    balances |= await ledger.post(conn, entries, balances=balances, now=now)
    return bool(entries)


async def _unknown(
    conn: Connection, wishes: Sequence[_Wish], missing: set[Key]
) -> dict[int, SettenError]:
    """A row of stock may be absent because nothing ever came; or because there is no such thing."""
    skus = await catalog.known(conn, [sku for sku, _ in missing])
    places = await locations.known(conn, [place for _, place in missing])
    refused: dict[int, SettenError] = {}
    for wish in wishes:
        absent = [k for line in wish.lines if (k := (line.sku, line.location_id)) in missing]
        bad_skus = sorted({sku for sku, _ in absent if sku not in skus})
        bad_places = sorted({place for _, place in absent if place not in places})
        if bad_skus or bad_places:
            refused[wish.index] = UnknownGoods(skus=bad_skus, locations=bad_places)
    return refused
