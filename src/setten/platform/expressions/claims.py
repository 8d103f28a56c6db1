"""Claims about one value: checked against its type, decided value by value or as columns, written
as SQL. Each form says the same: on a missing value only `unknown` is true.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from setten.platform.expressions.model import (
    NUMBER_MAX,
    SEPARATOR,
    VALUE_CHARS_MAX,
    VALUES_MAX,
    Claim,
    Path,
    Scalar,
    TooLarge,
    Type,
    WrongType,
)

if TYPE_CHECKING:
    from setten.platform.expressions.writing import Writer

Truths = NDArray[np.bool_]
KNOWN, UNKNOWN = "known", "unknown"
_EQUAL = ("is", "is_not")
_LIST = ("in", "not_in")
_ORDER = ("at_least", "at_most", "more_than", "less_than")
_OF_TEXT = (*_EQUAL, *_LIST, "contains", "starts_with", KNOWN, UNKNOWN)
# Of several texts: the claims that none of them may fulfil, by those that one of them must.
_NONE_OF = {"is_not": "is", "not_in": "in"}
OPS: dict[Type, tuple[str, ...]] = {
    Type.TEXT: _OF_TEXT,
    Type.TEXTS: _OF_TEXT,
    Type.INTEGER: (*_EQUAL, *_LIST, *_ORDER, "between", KNOWN, UNKNOWN),
    Type.NUMBER: (*_EQUAL, *_LIST, *_ORDER, "between", KNOWN, UNKNOWN),
    Type.TRUTH: ("is", KNOWN, UNKNOWN),
}
_COMPARE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "is": (lambda a, b: a == b, "="),
    "is_not": (lambda a, b: a != b, "<>"),
    "at_least": (lambda a, b: a >= b, ">="),
    "at_most": (lambda a, b: a <= b, "<="),
    "more_than": (lambda a, b: a > b, ">"),
    "less_than": (lambda a, b: a < b, "<"),
}


def check(claim: Claim, declared: Type, path: Path) -> Type:
    """The type that a claim is about. Raises WrongType, TooLarge."""
    found = _of_operand(claim) if declared is Type.OPEN else declared
    allowed = (KNOWN, UNKNOWN) if found is Type.OPEN else OPS[found]
    if claim.op not in allowed:
        raise WrongType(path=str(path / "op"), type=found.value, allowed=", ".join(allowed))
    values = operands(claim)
    if len(values) > VALUES_MAX:
        raise TooLarge(path=str(path / "value"), most=VALUES_MAX)
    wanted = {KNOWN: 0, UNKNOWN: 0, "between": 2}.get(claim.op, 1)
    is_list = claim.op in _LIST
    if (is_list and not values) or (not is_list and len(values) != wanted):
        raise WrongType(path=str(path / "value"), type=found.value, allowed=f"{wanted}")
    if isinstance(claim.value, tuple) != (is_list or claim.op == "between"):
        raise WrongType(path=str(path / "value"), type=found.value, allowed="list or single")
    for value in values:
        _check_operand(value, found, path / "value")
    return found


def operands(claim: Claim) -> tuple[Scalar, ...]:
    """The values of a claim as a tuple."""
    if claim.value is None:
        return ()
    return claim.value if isinstance(claim.value, tuple) else (claim.value,)


def _of_operand(claim: Claim) -> Type:
    types = {type_of(value) for value in operands(claim)}
    return types.pop() if len(types) == 1 else Type.OPEN


def type_of(value: object) -> Type:
    """The type of one JSON value; OPEN for what no claim can be about."""
    if isinstance(value, bool):
        return Type.TRUTH
    if isinstance(value, int | float):
        return Type.NUMBER
    return Type.TEXT if isinstance(value, str) else Type.OPEN


def _check_operand(value: Scalar, wanted: Type, path: Path) -> None:
    met = type_of(value)
    fits = met is _one(wanted) or (wanted is Type.INTEGER and met is Type.NUMBER)
    if not fits or (wanted is Type.INTEGER and not isinstance(value, int)):
        raise WrongType(path=str(path), type=wanted.value, allowed=wanted.value)
    if isinstance(value, str):
        # A zero byte is no text to any database; what parts several texts is in none of them.
        if len(value) > VALUE_CHARS_MAX or "\0" in value or SEPARATOR in value:
            raise TooLarge(path=str(path), most=VALUE_CHARS_MAX)
    elif not abs(value) <= NUMBER_MAX:  # also refuses what is not a number
        raise TooLarge(path=str(path), most=NUMBER_MAX)


def holds(claim: Claim, of: Type, value: object) -> bool:
    """Decide a claim of one value; None, or a value of another type than `of`, is missing."""
    if of is Type.OPEN:
        return (value is not None) == (claim.op == KNOWN)
    met = type_of(value)
    is_there = met is _one(of) or (of is Type.INTEGER and met is Type.NUMBER)
    if claim.op in (KNOWN, UNKNOWN):
        return is_there == (claim.op == KNOWN)
    decide = _decide_all if of is Type.TEXTS else _decide
    return is_there and decide(claim, value)


def _one(of: Type) -> Type:
    """The type of one of several."""
    return Type.TEXT if of is Type.TEXTS else of


def _decide_all(claim: Claim, value: Any) -> bool:
    """Decide a claim of one or several texts."""
    if claim.op in _NONE_OF:
        return not _decide_all(Claim(op=_NONE_OF[claim.op], value=claim.value), value)
    return any(_decide(claim, one) for one in value.split(SEPARATOR))


def _decide(claim: Claim, value: Any) -> bool:
    given = operands(claim)
    if claim.op in _COMPARE:
        return bool(_COMPARE[claim.op][0](value, given[0]))
    if claim.op in _LIST:
        return (value in given) == (claim.op == "in")
    if claim.op == "between":
        return bool(given[0] <= value <= given[1])
    return given[0] in value if claim.op == "contains" else value.startswith(given[0])


def of_texts(claim: Claim) -> Callable[[str | None], bool]:
    """`holds` of a text property as a function of the text, for those who ask it of many.

    Of several texts in one too: no single text has what parts them.
    """
    one = _of_text(claim)
    if claim.op in (KNOWN, UNKNOWN):
        return one
    return lambda text: (
        _decide_all(claim, text) if text is not None and SEPARATOR in text else one(text)
    )


def _of_text(claim: Claim) -> Callable[[str | None], bool]:
    if claim.op in (KNOWN, UNKNOWN):
        is_known = claim.op == KNOWN
        return lambda text: (text is not None) == is_known
    if claim.op == "is":
        (given,) = operands(claim)
        return lambda text: text == given
    if claim.op == "starts_with":
        (given,) = operands(claim)
        return lambda text: text is not None and text.startswith(str(given))
    return lambda text: text is not None and _decide(claim, text)


def over(claim: Claim, values: NDArray[Any], known: Truths | None = None) -> Truths:
    """Decide a claim of a column of numbers; `known` is false where a value is missing."""
    if claim.op in (KNOWN, UNKNOWN):
        there = np.ones(len(values), bool) if known is None else known
        return there if claim.op == KNOWN else ~there
    given = operands(claim)
    if claim.op in _COMPARE:
        found = _COMPARE[claim.op][0](values, given[0])
    elif claim.op == "between":
        found = (values >= given[0]) & (values <= given[1])
    else:
        found = np.isin(values, np.array(given, values.dtype), invert=claim.op == "not_in")
    decided: Truths = found if known is None else found & known
    return decided


def written(claim: Claim, column: str, writer: Writer, *, of: Type = Type.OPEN) -> str:
    """The claim of an SQL value; never null."""
    if claim.op in (KNOWN, UNKNOWN):
        return f"({column} is {'not ' if claim.op == KNOWN else ''}null)"
    given = [writer.value(value) for value in operands(claim)]
    if of is Type.TEXTS and claim.op != "contains":
        return f"coalesce({_written_of_several(claim, column, given)}, false)"
    if claim.op in _COMPARE:
        said = f"{column} {_COMPARE[claim.op][1]} {given[0]}"
    elif claim.op in _LIST:
        said = f"{column} {claim.op.replace('_', ' ')} ({', '.join(given)})"
    elif claim.op == "between":
        said = f"{column} between {given[0]} and {given[1]}"
    else:
        function = "contains" if claim.op == "contains" else "starts_with"
        said = f"{function}({column}, {given[0]})"
    return f"coalesce({said}, false)"


def _written_of_several(claim: Claim, column: str, given: list[str]) -> str:
    """Most events have one text: the others are taken apart only where there are several."""
    parted = f"chr({ord(SEPARATOR)})"
    if claim.op == "starts_with":
        return f"(starts_with({column}, {given[0]}) or contains({column}, {parted} || {given[0]}))"
    listed = ", ".join(given)
    any_of = f"list_has_any(string_split({column}, {parted}), [{listed}])"
    said = f"({column} in ({listed}) or (contains({column}, {parted}) and {any_of}))"
    return f"(not {said})" if claim.op in _NONE_OF else said
