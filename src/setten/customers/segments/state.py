"""The state of some customers as columns: fetched once, for all segments together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from setten.customers.segments import vocabulary
from setten.customers.segments.vocabulary import (
    INTEGERS,
    NO_STAGE,
    STAGE,
    TEXTS,
    integer_in,
    text_in,
)
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.expressions import ALWAYS, Frame, Needs, instant
from setten.platform.vault import KINDS

Q = db.load(str(Path(__file__).with_name("store.py")))
# Of one identifier, the newest. Who has more is a robot; what it did longer ago is not looked at.
LINES_MAX = 20_000
_OF_LINES = {"channel", "location_id"}  # of the line itself; the others are in its summary
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode


class State(msgspec.Struct, frozen=True):
    """customers: whose the frame's rows are. living: who has identifiers still.

    strongest: an identifier number to state things under, by row; 0 for who is gone.
    """

    customers: tuple[UUID, ...]
    frame: Frame
    living: np.ndarray
    strongest: tuple[int, ...]


async def fetch(conn: Connection, customer_ids: Sequence[UUID], needs: Needs) -> State:
    """What `needs` asks for of these customers, who are distinct."""
    people = await Q.identifiers.one(conn, customer_ids=customer_ids, strength=list(KINDS))
    whose = dict(zip(people["numbers"], people["places"], strict=True))
    strongest = [0] * len(customer_ids)
    # They come strongest first: the first of each is written last.
    for number, place in zip(reversed(people["numbers"]), reversed(people["places"]), strict=True):
        strongest[place] = number
    return State(
        customers=tuple(customer_ids),
        frame=await _frame(conn, customer_ids, whose, needs),
        living=np.array(strongest, np.int64) != 0,
        strongest=tuple(strongest),
    )


async def strongest(conn: Connection, customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The strongest identifier of each customer who is somebody still."""
    people = await Q.people.all(conn, customer_ids=list(set(customer_ids)), strength=list(KINDS))
    return {one["customer_id"]: one["identifier_id"] for one in reversed(people)}


async def _frame(
    conn: Connection, customer_ids: Sequence[UUID], whose: dict[int, int], needs: Needs
) -> Frame:
    size = len(customer_ids)
    lines = await _lines(conn, whose, needs)
    if lines is None:
        rows, ats, names = np.zeros(0, np.int64), np.zeros(0, np.int64), list[str]()
    else:
        rows, ats = np.array(lines["places"], np.int64), np.array(lines["ats"], np.int64)
        names = list(map(_name, lines["names"], lines["totals"]))
    said = _said(lines, needs) if lines is not None else []
    return Frame(
        size,
        rows=rows,
        ats=ats,
        names=names,
        texts={
            name: [text_in(one, name) for one in said] for name in TEXTS if name in needs.properties
        },
        integers={
            name: [integer_in(one, name) for one in said]
            for name in INTEGERS
            if name in needs.properties
        },
        fields={
            **await _traits(conn, size, whose, needs.fields - {STAGE}),
            **await _stages(conn, customer_ids, needs),
        },
    )


async def _lines(conn: Connection, whose: dict[int, int], needs: Needs) -> Record | None:
    names = vocabulary.lines_of(set(needs.events))
    if not whose or not names:
        return None
    low = min(needs.events.values())
    return await Q.lines.one(
        conn,
        identifier_ids=_array(whose),
        places=_array(whose.values()),
        names=sorted(names),
        since=instant(low) if low > ALWAYS else None,
        tells=list(vocabulary.TELLS_PURCHASE),
        told=bool(set(needs.events) & {vocabulary.PURCHASE, vocabulary.RETURN}),
        detailed=sorted(vocabulary.detailed(needs.asked)),
        most=LINES_MAX,
    )


def _array(numbers: Iterable[int]) -> str:
    return f"{{{','.join(map(str, numbers))}}}"


def _name(name: str, total_minor: int | None) -> str:
    """A line that may tell a purchase but is not the one that counts has no name here."""
    if name in vocabulary.TELLS_PURCHASE:
        return "" if total_minor is None else vocabulary.purchase_name(total_minor)
    return name


def _said(lines: Record, needs: Needs) -> list[dict[str, Any]]:
    """What the lines say, when anybody asks; a purchase's money is the purchase's."""
    if not needs.properties:
        return []
    said: list[dict[str, Any]] = _decode(lines["summaries"])
    if needs.properties & _OF_LINES:
        columns = zip(said, lines["channels"], lines["locations"], strict=True)
        for one, channel, location_id in columns:
            one["channel"], one["location_id"] = channel, location_id
    for one, total, currency in zip(said, lines["totals"], lines["currencies"], strict=True):
        if total is not None:
            one["total_minor"], one["currency"] = total, currency
    return said


async def _stages(
    conn: Connection, customer_ids: Sequence[UUID], needs: Needs
) -> dict[str, list[Any]]:
    if STAGE not in needs.fields:
        return {}
    rows = await Q.stages.all(conn, customer_ids=customer_ids)
    known = {row["customer_id"]: row["stage"] for row in rows}
    return {STAGE: [known.get(one, NO_STAGE) for one in customer_ids]}


async def _traits(
    conn: Connection, size: int, whose: dict[int, int], names: frozenset[str]
) -> dict[str, list[Any]]:
    """The newest word of each trait, whichever identifier it was said under."""
    found: dict[str, list[Any]] = {name: [None] * size for name in names}
    if not whose or not names:
        return found
    newest: dict[tuple[str, int], tuple[Any, int]] = {}
    for one in await Q.traits.all(conn, identifier_ids=_array(whose), fields=sorted(names)):
        key = (one["field"], whose[one["identifier_id"]])
        # The same order as the profile's: the later word, then the smaller number.
        rank = (one["occurred_at"], -one["identifier_id"])
        if key not in newest or rank > newest[key]:
            newest[key] = rank
            found[key[0]][key[1]] = msgspec.json.decode(one["value"])
    return found
