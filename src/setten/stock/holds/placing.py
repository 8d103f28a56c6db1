"""Placing holds: for all callers of a moment at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import combine, db
from setten.platform.combine import IdempotencyMismatch
from setten.platform.db import Connection
from setten.platform.errors import SettenError
from setten.stock import allocations, catalog, ledger, locations, sets
from setten.stock.allocations import Share
from setten.stock.holds import rules, writing
from setten.stock.holds.model import Ask, NotEnoughStock, Placed, UnknownGoods
from setten.stock.holds.rules import Verdict
from setten.stock.ledger import Account, Balance, Entry, Key
from setten.stock.sets import Parts

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


async def place_many(
    conn: Connection, asks: Sequence[Ask], *, now: datetime, parts: Parts | None = None
) -> list[Answer]:
    """Promise each ask all of its lines or none, first come, first served.

    Answers one Placed or one refusal (NotEnoughStock, UnknownGoods, BadHold, IdempotencyMismatch)
    per ask, in order. An ask whose claim was answered before gets that answer again; the claim of
    a refused one is given back. States `stock.held` for each.
    parts: of those skus that are sets, when the caller has looked them up.
    """
    if parts is None:
        parts = await sets.parts_of(conn, [line.sku for ask in asks for line in ask.lines])
    answers, wishes, repeats = await _take_claims(conn, asks, parts)
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
    drafts = writing.draft([(wish.ask, wish.lines) for wish in wishes], now=now)
    refused, balances, takes = await _decide(conn, wishes, now)
    granted = [
        (wish.index, one)
        for wish, one in zip(wishes, drafts, strict=True)
        if wish.index not in refused
    ]
    if takes:
        balances = await _take_own(conn, wishes, takes, balances)
    answers: dict[int, Answer] = {**refused}
    if granted:
        placed = await writing.write(conn, [one for _, one in granted], balances=balances, now=now)
        answers |= {index: one for (index, _), one in zip(granted, placed, strict=True)}
        if takes:
            await _note_own(conn, granted, takes)
    return answers


async def _take_own(
    conn: Connection,
    wishes: Sequence[_Wish],
    takes: Mapping[int, Mapping[Key, int]],
    balances: Mapping[Key, Balance],
) -> dict[Key, Balance]:
    """Take out of what is set aside for the channels of these wishes; the rows after it."""
    taken: dict[Share, int] = {}
    after = dict(balances)
    for wish in wishes:
        for key, units in takes.get(wish.index, {}).items():
            share = (*key, wish.ask.channel)
            taken[share] = taken.get(share, 0) + units
            row = after[key]
            after[key] = msgspec.structs.replace(row, allocated=row.allocated - units)
    await allocations.take(conn, taken)
    return after


async def _note_own(
    conn: Connection,
    granted: Sequence[tuple[int, writing.Draft]],
    takes: Mapping[int, Mapping[Key, int]],
) -> None:
    """Keep with each line what it took of its channel's own, to give it back one day."""
    rows = [
        (one.placed.hold_id, key, units)
        for index, one in granted
        for key, units in takes.get(index, {}).items()
    ]
    await _Q.set_allocated.run(
        conn,
        hold_ids=[hold_id for hold_id, _, _ in rows],
        skus=[sku for _, (sku, _), _ in rows],
        location_ids=[place for _, (_, place), _ in rows],
        qtys=[units for _, _, units in rows],
    )


async def _take_claims(
    conn: Connection, asks: Sequence[Ask], parts: Parts
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
        wishes.append(_Wish(index, ask, rules.merged(sets.exploded(ask.lines, parts))))
    return answers, wishes, repeats


async def _decide(
    conn: Connection, wishes: Sequence[_Wish], now: datetime
) -> tuple[dict[int, SettenError], dict[Key, Balance], dict[int, dict[Key, int]]]:
    """Lock what is wanted and say who does not get it; the rows, locked, as they are now; and what
    each wish takes of its channel's own."""
    keys = {(line.sku, line.location_id) for wish in wishes for line in wish.lines}
    balances = await ledger.lock(conn, keys)
    refused: dict[int, SettenError] = {}
    if len(balances) < len(keys):
        refused = await _unknown(conn, wishes, keys - balances.keys())
    good = [wish for wish in wishes if wish.index not in refused]
    verdicts = await _verdicts(conn, good, balances, now)
    takes = {}
    for wish, verdict in zip(good, verdicts, strict=True):
        if verdict.short:
            short = [msgspec.to_builtins(one) for one in verdict.short]
            refused[wish.index] = NotEnoughStock(short=short)
        elif verdict.takes:
            takes[wish.index] = verdict.takes
    return refused, balances, takes


async def _verdicts(
    conn: Connection, wishes: Sequence[_Wish], balances: dict[Key, Balance], now: datetime
) -> list[Verdict]:
    lines = [wish.lines for wish in wishes]
    channels = [wish.ask.channel for wish in wishes]
    own = await _own(conn, balances)
    free = {key: b.promisable for key, b in balances.items()}
    verdicts = rules.decide(lines, free, channels=channels, own=own)
    lacking = {(one.sku, one.location_id) for verdict in verdicts for one in verdict.short}
    if lacking and await take_back_due(conn, lacking & balances.keys(), balances, now):
        own = await _own(conn, balances)
        free = {key: b.promisable for key, b in balances.items()}
        verdicts = rules.decide(lines, free, channels=channels, own=own)
    return verdicts


async def _own(conn: Connection, balances: Mapping[Key, Balance]) -> dict[Share, int]:
    """What is set aside by channel: asked only for rows that say there is something."""
    apart = [key for key, row in balances.items() if row.allocated]
    if not apart:
        return {}
    return {share: one.qty for share, one in (await allocations.left(conn, apart)).items()}


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
    given = allocations.given_in(taken)
    if given:
        await allocations.give_back(conn, given)
        balances |= await ledger.lock(conn, {(one.sku, one.location_id) for one in given})
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
