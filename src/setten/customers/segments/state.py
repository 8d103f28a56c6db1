"""The state of some customers as columns: fetched once, for all segments together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import numpy as np

from setten.customers.segments import vocabulary
from setten.customers.segments.vocabulary import INTEGERS, TEXTS, integer_of, text_of
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.expressions import ALWAYS, Frame, Needs, instant
from setten.platform.vault import KINDS

Q = db.load(str(Path(__file__).with_name("store.py")))
# Of one identifier, the newest. Who has more is a robot; what it did longer ago is not looked at.
LINES_MAX = 20_000
_COLUMNS = {"channel", "location_id"}  # of the line itself; the others are in its summary
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class State(msgspec.Struct, frozen=True):
    """customers: whose the frame's rows are. living: who has identifiers still.

    strongest: an identifier number to state things under, by row; 0 for who is gone.
    """

    customers: tuple[UUID, ...]
    frame: Frame
    living: np.ndarray
    strongest: tuple[int, ...]


async def fetch(conn: Connection, customer_ids: Sequence[UUID], needs: Needs) -> State:
    """What `needs` asks for of these customers."""
    place = {customer_id: row for row, customer_id in enumerate(customer_ids)}
    people = await Q.people.all(conn, customer_ids=list(place), strength=list(KINDS))
    whose = {one["identifier_id"]: place[one["customer_id"]] for one in people}
    strongest = _strongest(people)
    numbers = tuple(strongest.get(customer_id, 0) for customer_id in place)
    return State(
        customers=tuple(place),
        frame=await _frame(conn, len(place), whose, needs),
        living=np.array([number != 0 for number in numbers], bool),
        strongest=numbers,
    )


async def strongest(conn: Connection, customer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The strongest identifier of each customer who is somebody still."""
    return _strongest(
        await Q.people.all(conn, customer_ids=list(set(customer_ids)), strength=list(KINDS))
    )


def _strongest(people: Sequence[Record]) -> dict[UUID, int]:
    """They come strongest first: the first of each stands."""
    return {one["customer_id"]: one["identifier_id"] for one in reversed(people)}


async def _frame(conn: Connection, size: int, whose: dict[int, int], needs: Needs) -> Frame:
    lines = await _lines(conn, whose, needs)
    rows = np.array([whose[line["identifier_id"]] for line in lines], np.int64)
    ats = np.array([line["at"] for line in lines], np.int64)
    places = np.array([line["position"] for line in lines], np.int64)
    order = np.lexsort((places, ats, rows))
    sorted_lines = [lines[index] for index in order.tolist()]
    said = [_said(line, needs) for line in sorted_lines]
    return Frame(
        size,
        rows=rows[order],
        ats=ats[order],
        names=[_name(line) for line in sorted_lines],
        texts={
            name: [text_of(one.get(name)) for one in said]
            for name in TEXTS
            if name in needs.properties
        },
        integers={
            name: [integer_of(one.get(name)) for one in said]
            for name in INTEGERS
            if name in needs.properties
        },
        fields=await _fields(conn, size, whose, needs),
    )


async def _lines(conn: Connection, whose: dict[int, int], needs: Needs) -> list[Record]:
    names = vocabulary.lines_of(set(needs.events))
    if not whose or not names:
        return []
    low = min(needs.events.values())
    return await Q.lines.all(
        conn,
        identifier_ids=list(whose),
        names=sorted(names),
        since=instant(low) if low > ALWAYS else None,
        tells=list(vocabulary.TELLS_PURCHASE),
        told=bool(set(needs.events) & {vocabulary.PURCHASE, vocabulary.RETURN}),
        with_summary=bool(needs.properties - _COLUMNS),
        most=LINES_MAX,
    )


def _name(line: Record) -> str:
    """A line that may tell a purchase but is not the one that counts has no name here."""
    if line["name"] in vocabulary.TELLS_PURCHASE:
        total = line["total_minor"]
        return "" if total is None else vocabulary.purchase_name(total)
    return str(line["name"])


def _said(line: Record, needs: Needs) -> dict[str, Any]:
    if not needs.properties:
        return {}
    said: dict[str, Any] = _decode(line["summary"]) if line["summary"] is not None else {}
    said["channel"], said["location_id"] = line["channel"], line["location_id"]
    if line["total_minor"] is not None:
        said["total_minor"], said["currency"] = line["total_minor"], line["currency"]
    return said


async def _fields(
    conn: Connection, size: int, whose: dict[int, int], needs: Needs
) -> dict[str, list[Any]]:
    """The newest word of each field, whichever identifier it was said under."""
    found: dict[str, list[Any]] = {name: [None] * size for name in needs.fields}
    if not whose or not needs.fields:
        return found
    newest: dict[tuple[str, int], tuple[Any, int]] = {}
    for one in await Q.traits.all(conn, identifier_ids=list(whose), fields=sorted(needs.fields)):
        key = (one["field"], whose[one["identifier_id"]])
        # The same order as the profile's: the later word, then the smaller number.
        rank = (one["occurred_at"], -one["identifier_id"])
        if key not in newest or rank > newest[key]:
            newest[key] = rank
            found[key[0]][key[1]] = msgspec.json.decode(one["value"])
    return found
