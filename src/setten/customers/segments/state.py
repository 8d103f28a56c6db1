"""The state of some customers as columns: fetched once, for all segments together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from setten.customers import timeline
from setten.customers.segments import vocabulary
from setten.customers.segments.vocabulary import (
    INTEGERS,
    NO_STAGE,
    STAGE,
    TEXTS,
    integer_in,
    said_under,
    text_in,
)
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.expressions import ALWAYS, Frame, Needs, instant, micros
from setten.platform.log import Row
from setten.platform.vault import KINDS

Q = db.load(str(Path(__file__).with_name("store.py")))
# Of one identifier, the newest. Who has more is a robot; what it did longer ago is not looked at.
LINES_MAX = 20_000
_OF_LINES = {"channel", "location_id"}  # of the line itself; the others are in its summary
_SILENT: Mapping[str, Any] = {}
_decode = msgspec.json.Decoder(list[dict[str, Any]]).decode


class State(msgspec.Struct, frozen=True):
    """customers: whose the frame's rows are. living: who has identifiers still.

    strongest: an identifier number to state things under, by row; 0 for who is gone. positions: in
    the log, of the frame's lines. seen: up to which (xid, position) of the log they are all there.
    """

    customers: tuple[UUID, ...]
    frame: Frame
    living: np.ndarray
    strongest: tuple[int, ...]
    positions: np.ndarray
    seen: tuple[int, int]


class _Lines(msgspec.Struct, frozen=True):
    rows: np.ndarray
    ats: np.ndarray
    positions: np.ndarray
    names: list[str]
    said: Sequence[Mapping[str, Any]]
    seen: tuple[int, int]


_NONE = np.zeros(0, np.int64)
_NO_LINES = _Lines(_NONE, _NONE, _NONE, [], [], (0, 0))


async def fetch(conn: Connection, customer_ids: Sequence[UUID], needs: Needs) -> State:
    """What `needs` asks for of these customers, who are distinct: all but standings, relations."""
    people = await Q.identifiers.one(conn, customer_ids=customer_ids, strength=list(KINDS))
    whose = dict(zip(people["numbers"], people["places"], strict=True))
    strongest = [0] * len(customer_ids)
    # They come strongest first: the first of each is written last.
    for number, place in zip(reversed(people["numbers"]), reversed(people["places"]), strict=True):
        strongest[place] = number
    lines = await _lines(conn, whose, needs)
    fields = {
        **await _traits(conn, len(customer_ids), whose, needs.fields - {STAGE}),
        **await _stages(conn, customer_ids, needs),
    }
    return State(
        customers=tuple(customer_ids),
        frame=_frame(len(customer_ids), lines, needs, fields),
        living=np.array(strongest, np.int64) != 0,
        strongest=tuple(strongest),
        positions=lines.positions,
        seen=lines.seen,
    )


async def strongest(conn: Connection, customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The strongest identifier of each customer who is somebody still."""
    people = await Q.people.all(conn, customer_ids=list(set(customer_ids)), strength=list(KINDS))
    return {one["customer_id"]: one["identifier_id"] for one in reversed(people)}


def lines_of(rows: Sequence[Row], needs: Needs) -> Frame:
    """A frame of some events as the timeline would tell their lines, each its own subject.

    rows: none of them tells a purchase; which line of a purchase counts, only the timeline knows.
    """
    asked = vocabulary.asked_of_lines(needs.asked)
    said = [said_by(row, asked.get(row.name, ())) for row in rows]
    ats = np.fromiter((micros(row.occurred_at) for row in rows), np.int64, len(rows))
    places = np.arange(len(rows))
    names = [row.name for row in rows]
    return _frame(len(rows), _Lines(places, ats, places, names, said, (0, 0)), needs, {})


def said_by(row: Row, asked: Collection[str]) -> Mapping[str, Any]:
    """What an event says of these properties. What nobody asks of its name is not looked for."""
    if not asked:
        return _SILENT
    here = {"channel": row.channel, "location_id": row.location_id}
    summary = here if _OF_LINES.issuperset(asked) else timeline.summary_of(row) | here
    return {key: summary[key] for name in asked for key in said_under(name) if key in summary}


def _frame(size: int, lines: _Lines, needs: Needs, fields: dict[str, list[Any]]) -> Frame:
    asked = needs.properties
    return Frame(
        size,
        rows=lines.rows,
        ats=lines.ats,
        names=lines.names,
        # Most lines say nothing that is asked for.
        texts={
            name: [text_in(one, name) if one else None for one in lines.said]
            for name in TEXTS
            if name in asked
        },
        integers={
            name: [integer_in(one, name) if one else None for one in lines.said]
            for name in INTEGERS
            if name in asked
        },
        fields=fields,
    )


async def _lines(conn: Connection, whose: dict[int, int], needs: Needs) -> _Lines:
    names = vocabulary.lines_of(set(needs.events))
    if not whose or not names:
        return _NO_LINES
    low = min(needs.events.values())
    found = await Q.lines.one(
        conn,
        identifier_ids=_array(whose),
        places=_array(whose.values()),
        names=sorted(names),
        since=instant(low) if low > ALWAYS else None,
        tells=list(vocabulary.TELLS_PURCHASE),
        told=bool(set(needs.events) & {vocabulary.PURCHASE, vocabulary.RETURN}),
        detailed=sorted(vocabulary.detailed(needs.asked)),
        most=LINES_MAX,
        reader=timeline.READER,
    )
    return _Lines(
        rows=np.array(found["places"], np.int64),
        ats=np.array(found["ats"], np.int64),
        positions=np.array(found["positions"], np.int64),
        names=list(map(_name, found["names"], found["totals"])),
        said=_said(found, needs),
        seen=(found["xid"] or 0, found["position"] or 0),
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
