"""What the lake keeps of an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import msgspec

from setten.platform.log import Row

Kind = Literal["text", "integer", "small", "uuid"]
# Of the engine, and of a batch on its way there: it makes 16 bytes of a uuid itself.
ENGINE: dict[Kind, str] = {
    "text": "varchar",
    "integer": "bigint",
    "small": "tinyint",
    "uuid": "uuid",
}
BATCH: dict[Kind, str] = {"text": "string", "integer": "int64", "small": "int8", "uuid": "string"}
TAKEN = frozenset({"identifier_id", "at", "position", "name"})  # columns that every line has


class Column(msgspec.Struct, frozen=True):
    """A column that a domain keeps of its events, beside those that every event has."""

    name: str
    kind: Kind


class Line(msgspec.Struct, frozen=True):
    """One line of the lake. values: of the declared columns, those that are there."""

    name: str
    values: Mapping[str, Any]


# The lines that an event leaves: none for who cares, one, or more than one.
Lines = Callable[[Row], Iterable[Line]]
