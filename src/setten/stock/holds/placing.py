"""Placing holds: for all callers of a moment at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, StockHeld
from setten.platform import combine, db, ids, log
from setten.platform.combine import IdempotencyMismatch
from setten.platform.db import Connection
from setten.platform.errors import SettenError, Unavailable
from setten.stock import catalog, ledger, locations
from setten.stock.holds import rules
from setten.stock.holds.model import Ask, NotEnoughStock, Placed, Short, UnknownGoods
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
_CODE_ROUNDS = 8
_CODE_DIGITS = 6  # what people read out; where one is taken a longer one is tried
_CODE_DIGITS_MAX = 9  # the table takes no more
_CREATED = 201
_decode_placed = msgspec.json.Decoder(Placed).decode
_encode = msgspec.json.Encoder().encode

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
    decided, balances = await _decide(conn, wishes, now)
    answers |= {wish.index: refusal for wish, refusal in decided if refusal is not None}
    granted = [wish for wish, refusal in decided if refusal is None]
    if granted:
        placed = await _write(conn, granted, balances, now=now)
        answers |= {wish.index: one for wish, one in zip(granted, placed, strict=True)}
    await _settle_claims(conn, wishes, answers)
    answers |= {index: answers[first] for index, first in repeats.items()}
    return [answers[index] for index in range(len(asks))]


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


async def _settle_claims(
    conn: Connection, wishes: Sequence[_Wish], answers: Mapping[int, Answer]
) -> None:
    given, refused = [], []
    for wish in wishes:
        if wish.ask.claim is None:
            continue
        answer = answers[wish.index]
        if isinstance(answer, Placed):
            given.append((wish.ask.claim.key, _CREATED, _encode(answer)))
        else:
            refused.append(wish.ask.claim.key)
    await combine.remember(conn, given)
    await combine.unclaim(conn, refused)


async def _decide(
    conn: Connection, wishes: Sequence[_Wish], now: datetime
) -> tuple[list[tuple[_Wish, SettenError | None]], dict[Key, Balance]]:
    """Lock what is wanted and say who gets it; the rows, locked, as they are now."""
    bad: dict[int, SettenError] = {}
    for wish in wishes:
        if (refusal := rules.check(wish.ask)) is not None:
            bad[wish.index] = refusal
    good = [wish for wish in wishes if wish.index not in bad]
    keys = {(line.sku, line.location_id) for wish in good for line in wish.lines}
    balances = await ledger.lock(conn, keys)
    if len(balances) < len(keys):
        bad |= await _unknown(conn, good, keys - balances.keys())
        good = [wish for wish in good if wish.index not in bad]
    short = await _verdicts(conn, good, balances, now)
    refused = {
        wish.index: NotEnoughStock(short=[msgspec.to_builtins(one) for one in lacks])
        for wish, lacks in zip(good, short, strict=True)
        if lacks
    }
    decided = [(wish, bad.get(wish.index) or refused.get(wish.index)) for wish in wishes]
    return decided, balances


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


async def _write(
    conn: Connection,
    granted: Sequence[_Wish],
    balances: Mapping[Key, Balance],
    *,
    now: datetime,
) -> list[Placed]:
    hold_ids = [ids.uuid7() for _ in granted]
    expiries = [now + timedelta(seconds=wish.ask.ttl_s) for wish in granted]
    codes = await _insert_holds(conn, granted, hold_ids, expiries, now)
    rows = [
        (hold_id, line, line.location_id != wish.lines[0].location_id)
        for hold_id, wish in zip(hold_ids, granted, strict=True)
        for line in wish.lines
    ]
    await _Q.insert_lines.run(
        conn,
        hold_ids=[hold_id for hold_id, _, _ in rows],
        skus=[line.sku for _, line, _ in rows],
        location_ids=[line.location_id for _, line, _ in rows],
        qtys=[line.qty for _, line, _ in rows],
        elsewheres=[is_elsewhere for _, _, is_elsewhere in rows],
    )
    entries = [_entry(hold_id, line) for hold_id, line, _ in rows]
    await ledger.post(conn, entries, balances=balances, now=now)
    stated = [
        log.entry_for(
            StockHeld(
                hold_id=hold_id, lines=wish.lines, expires_at=until, purpose=wish.ask.purpose
            ),
            at=now,
            identifiers=() if wish.ask.identifier_id is None else (wish.ask.identifier_id,),
            channel=wish.ask.channel,
            location_id=wish.lines[0].location_id,
        )
        for hold_id, wish, until in zip(hold_ids, granted, expiries, strict=True)
    ]
    await log.state_all(conn, stated)
    return [
        Placed(hold_id=hold_id, lines=wish.lines, expires_at=until, code=code,
               event_id=entry.event_id)
        for hold_id, wish, until, code, entry in zip(
            hold_ids, granted, expiries, codes, stated, strict=True)
    ]  # fmt: skip


def _entry(hold_id: UUID, line: GoodsLine) -> Entry:
    return Entry(
        sku=line.sku,
        location_id=line.location_id,
        source=Account.on_hand,
        target=Account.held,
        qty=line.qty,
        cause="hold",
        cause_id=hold_id,
    )


async def _insert_holds(
    conn: Connection,
    granted: Sequence[_Wish],
    hold_ids: Sequence[UUID],
    expiries: Sequence[datetime],
    now: datetime,
) -> list[str]:
    """Write the holds, each with a code that no open hold of its place has; answer the codes."""
    codes: dict[UUID, str] = {}
    left = list(zip(hold_ids, granted, expiries, strict=True))
    for turn in range(_CODE_ROUNDS):
        digits = min(_CODE_DIGITS + turn, _CODE_DIGITS_MAX)
        written = await _Q.insert.all(
            conn,
            now=now,
            hold_ids=[hold_id for hold_id, _, _ in left],
            identifier_ids=[wish.ask.identifier_id for _, wish, _ in left],
            location_ids=[wish.lines[0].location_id for _, wish, _ in left],
            codes=[ids.code(digits) for _ in left],
            purposes=[wish.ask.purpose for _, wish, _ in left],
            channels=[wish.ask.channel for _, wish, _ in left],
            expires_ats=[until for _, _, until in left],
            bys=[wish.ask.by for _, wish, _ in left],
        )
        codes |= {row["hold_id"]: row["code"] for row in written}
        left = [row for row in left if row[0] not in codes]
        if not left:
            return [codes[hold_id] for hold_id in hold_ids]
    raise Unavailable()
