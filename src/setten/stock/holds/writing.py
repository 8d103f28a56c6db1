"""Writing holds: all that needs no balance is made before the lock, the rest is one statement.

While a row of stock is locked, everybody who wants it waits. So ids, codes, facts and answers are
made for every wish beforehand, as if it were granted; after the decision what was granted is
written at once: holds, lines, balances, ledger, facts and the answers of their claims.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import GoodsLine, StockHeld
from setten.platform import combine, db, ids, log
from setten.platform.db import Connection
from setten.platform.errors import Unavailable
from setten.stock import ledger
from setten.stock.holds.crowds import Crowds
from setten.stock.holds.model import Ask, Placed
from setten.stock.ledger import Account, Balance, Entry, Key

_Q = db.load(str(Path(__file__).with_name("store.py")))
_CODE_ROUNDS = 8
_CODE_DIGITS = 6  # what people read out; where one is taken a longer one is tried
_CODE_DIGITS_MAX = 9  # the table takes no more
_CREATED = 201
_CROWDS = Crowds()
_encode = msgspec.json.Encoder().encode


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that nobody has decided on yet, and the fact that would tell of it."""

    ask: Ask
    placed: Placed
    stated: log.Entry

    @property
    def place(self) -> str:
        """Where it is collected: the place of its first line."""
        return self.placed.lines[0].location_id


def draft(wanted: Sequence[tuple[Ask, tuple[GoodsLine, ...]]], *, now: datetime) -> list[Draft]:
    """Make holds of asks with their merged lines, each with a code."""
    codes = _codes([lines[0].location_id for _, lines in wanted])
    made = ids.uuid7s(2 * len(wanted))
    numbered = zip(wanted, codes, made[: len(wanted)], made[len(wanted) :], strict=True)
    return [
        _draft(ask, lines, code, now, hold_id=hold_id, event_id=event_id)
        for (ask, lines), code, hold_id, event_id in numbered
    ]


def _draft(
    ask: Ask,
    lines: tuple[GoodsLine, ...],
    code: str,
    now: datetime,
    *,
    hold_id: UUID,
    event_id: UUID,
) -> Draft:
    until = now + timedelta(seconds=ask.ttl_s)
    stated = log.entry_for(
        StockHeld(hold_id=hold_id, lines=lines, expires_at=until, purpose=ask.purpose),
        at=now,
        identifiers=() if ask.identifier_id is None else (ask.identifier_id,),
        channel=ask.channel,
        location_id=lines[0].location_id,
        event_id=event_id,
    )
    placed = Placed(
        hold_id=hold_id, lines=lines, expires_at=until, code=code, event_id=stated.event_id
    )
    return Draft(ask=ask, placed=placed, stated=stated)


def _codes(places: Sequence[str]) -> list[str]:
    """For each place a code that no other of this call has there.

    Whether an open hold has it is not looked up: of a million codes a shop uses hundreds, and what
    meets a taken one is found by the insert and comes again with a longer one.
    """
    given: set[tuple[str, str]] = set()
    codes = []
    for place, code in zip(places, ids.codes(len(places), _CODE_DIGITS), strict=True):
        turn = int(_CROWDS.is_crowded(place))
        pair = (_code(turn) if turn else code, place)
        while pair in given:
            pair = (_code(turn), place)
        given.add(pair)
        codes.append(pair[0])
    return codes


def _code(turn: int) -> str:
    return ids.code(min(_CODE_DIGITS + turn, _CODE_DIGITS_MAX))


async def write(
    conn: Connection,
    drafts: Sequence[Draft],
    *,
    balances: Mapping[Key, Balance],
    now: datetime,
) -> list[Placed]:
    """Write what was granted, on rows that the caller has locked, and the answers of its claims.

    A hold whose code somebody took since gets another. Answers the holds in order.
    """
    rows = [(one.placed.hold_id, line, one.place) for one in drafts for line in one.placed.lines]
    posting = ledger.posted(
        [_entry(hold_id, line) for hold_id, line, _ in rows], balances=balances, now=now
    )
    parts = [
        _inserted(drafts, now),
        _lines(rows),
        posting.part,
        log.stated([*posting.crossings, *(one.stated for one in drafts)]),
    ]
    if answers := _answers(drafts):
        parts.append(combine.remembered(answers))
    written = await db.together(conn, parts, _Q.written)
    assert written["rows"] == len(posting.after), "rows are locked, so they are there"
    if written["holds"] == len(drafts):
        _CROWDS.note([one.place for one in drafts], ())
        return [one.placed for one in drafts]
    return await _with_other_codes(conn, drafts, now)


async def _with_other_codes(
    conn: Connection, drafts: Sequence[Draft], now: datetime
) -> list[Placed]:
    """Write the holds whose codes were taken in the last moment, and what their claims answer."""
    rows = await _Q.known.all(conn, hold_ids=[one.placed.hold_id for one in drafts])
    there = {row["hold_id"] for row in rows}
    again = {one.placed.hold_id: one for one in drafts if one.placed.hold_id not in there}
    _CROWDS.note([one.place for one in drafts], [one.place for one in again.values()])
    for turn in range(1, _CODE_ROUNDS):
        anew = [_with_code(one, _code(turn)) for one in again.values()]
        answer = await db.together(conn, [_inserted(anew, now)], _Q.ids_inserted)
        done = set(answer["hold_ids"])
        written = [one for one in anew if one.placed.hold_id in done]
        await combine.remember(conn, _answers(written))
        drafts = _replaced(drafts, written)
        again = {one.placed.hold_id: one for one in anew if one.placed.hold_id not in done}
        if not again:
            return [one.placed for one in drafts]
    raise Unavailable()


def _with_code(one: Draft, code: str) -> Draft:
    placed = msgspec.structs.replace(one.placed, code=code)
    return msgspec.structs.replace(one, placed=placed)


def _replaced(drafts: Sequence[Draft], anew: Sequence[Draft]) -> list[Draft]:
    by_id = {one.placed.hold_id: one for one in anew}
    return [by_id.get(one.placed.hold_id, one) for one in drafts]


def _answers(drafts: Sequence[Draft]) -> list[tuple[UUID, int, bytes]]:
    return [
        (one.ask.claim.key, _CREATED, _encode(one.placed))
        for one in drafts
        if one.ask.claim is not None
    ]


def _inserted(drafts: Sequence[Draft], now: datetime) -> db.Part:
    return db.Part(
        _Q.inserted,
        {
            "now": now,
            "hold_ids": db.uuids(one.placed.hold_id for one in drafts),
            "identifier_ids": db.numbers(one.ask.identifier_id for one in drafts),
            "location_ids": db.words(one.place for one in drafts),
            "codes": db.words(one.placed.code for one in drafts),
            "purposes": db.words(one.ask.purpose for one in drafts),
            "channels": db.words(one.ask.channel for one in drafts),
            "ttls_s": db.numbers(one.ask.ttl_s for one in drafts),
            "bys": db.words(one.ask.by for one in drafts),
        },
    )


def _lines(rows: Sequence[tuple[UUID, GoodsLine, str]]) -> db.Part:
    return db.Part(
        _Q.lines,
        {
            "hold_ids": db.uuids(hold_id for hold_id, _, _ in rows),
            "skus": db.words(line.sku for _, line, _ in rows),
            "location_ids": db.words(line.location_id for _, line, _ in rows),
            "qtys": db.numbers(line.qty for _, line, _ in rows),
            "elsewheres": db.flags(line.location_id != place for _, line, place in rows),
        },
    )


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
