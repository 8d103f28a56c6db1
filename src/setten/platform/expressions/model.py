"""What an expression is made of: nodes, claims about values, types, and its refusals."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar, TypeAlias

import msgspec

from setten.platform.errors import Invalid

# A person composes a dozen conditions; a program may compose more, but not without end.
NODES_MAX = 200
DEPTH_MAX = 12
JSON_BYTES_MAX = 65_536
TEXT_CHARS_MAX = 8_000
VALUES_MAX = 1_000  # of one "is one of"
VALUE_CHARS_MAX = 200
NAME_CHARS_MAX = 100
NUMBER_MAX = 2**53  # beyond, a double is no longer exact and engines would differ

SEPARATOR = "\x1f"

Scalar: TypeAlias = str | int | float | bool


class Type(StrEnum):
    """Types of values. `open`: the operand says which; a value of another type is missing.

    `texts`: one or several texts of one event, of any of which a claim may be true: the goods of a
    basket. Several are kept as one text, parted by SEPARATOR, which stands in none of them.
    """

    TEXT = "text"
    TEXTS = "texts"
    INTEGER = "integer"
    NUMBER = "number"
    TRUTH = "truth"
    OPEN = "open"


class Node(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
           forbid_unknown_fields=True, tag_field="kind"):  # fmt: skip
    """Base of all conditions about one subject; the result is a truth, never missing."""

    def parts(self) -> tuple[Any, ...]:
        """The conditions inside this one (raw ones while it is being read)."""
        return ()

    def with_parts(self, parts: tuple[Any, ...]) -> Node:
        """The same with other conditions inside."""
        assert not parts
        return self


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
            forbid_unknown_fields=True):  # fmt: skip
    """What is claimed of one value. On a missing value only `unknown` is true."""

    op: str
    value: Scalar | tuple[Scalar, ...] | None = None


class Where(Claim, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A claim about a property of an event."""

    property: str

    def claim(self) -> Claim:
        """The claim without what it is about."""
        return Claim(op=self.op, value=self.value)


class Match(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True,
            forbid_unknown_fields=True):  # fmt: skip
    """Events of any of these names that fulfil every `where`."""

    events: tuple[str, ...]
    where: tuple[Where, ...] = ()


class BadExpression(Invalid):
    """It is not of the form of an expression. path: where; reason: what the reader met."""

    code = "expression_malformed"


class TooLarge(Invalid):
    """More, deeper or longer than an expression may be."""

    code = "expression_too_large"


class UnknownName(Invalid):
    """It names something that the vocabulary does not have."""

    code = "expression_unknown_name"


class WrongType(Invalid):
    """A claim does not fit the type of what it is about."""

    code = "expression_wrong_type"


class BadWindow(Invalid):
    """A window that no moment could lie in, or a date that is none."""

    code = "expression_bad_window"


class Unreadable(Invalid):
    """The words cannot be read. at: where reading stopped, from 0; rest: what stood there.

    character: the same place as people count, from 1. begins: where the condition begins in which
    that is.
    """

    code = "expression_unreadable"


class Path:
    """Where in an expression something stands, for the one who has to mend it."""

    __slots__ = ("text",)
    root: ClassVar[Path]

    def __init__(self, text: str) -> None:
        self.text = text

    def __truediv__(self, step: object) -> Path:
        return Path(f"{self.text}.{step}" if self.text else str(step))

    def __str__(self) -> str:
        return self.text or "."


Path.root = Path("")
