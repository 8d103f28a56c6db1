"""From a link to a look: every word of it is known, or the page says which is not."""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import msgspec

from setten.console.lists.model import (
    F,
    ListOf,
    Look,
    PlaceGone,
    R,
    UnknownFilter,
    Word,
)
from setten.console.page import Asked, page_of

PLACE_MAX = 1_000
"""Characters of a place in a link: a few values, written as text."""
NAMED = re.compile(r"`\$\.(\w+)`|field `(\w+)`")
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Whole: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
READ_AS: dict[type, Any] = {datetime: Moment, int: Whole, str: Word}


def look(of: ListOf[F, R], request: Asked, *others: ListOf[Any, Any]) -> Look[F, R]:
    """What a request asks of a list. others: lists of the same page; their words are not ours.

    Raises UnknownFilter, PlaceGone.
    """
    foreign = {name for other in others for name in _words(other)} - set(_words(of))
    said = {
        name: values[0]
        for name in request.query_params
        if (values := request.query_params.getall(name)) and name not in foreign
    }
    beside = {name: said.pop(name) for name in of.beside if name in said}
    sort, place = said.pop(of.sort_word, "") or of.sort, said.pop(of.after, "")
    by = of.column(sort.removeprefix("-"))
    found = Look(
        of=of,
        page=page_of(request),
        asked=_filters(of.filters, said),
        by=by,
        falls=sort.startswith("-"),
        ids=dict(request.path_params),
        beside=beside,
        most=of.rows,
    )
    return msgspec.structs.replace(found, after=_place(found, place)) if place else found


def _words(of: ListOf[Any, Any]) -> tuple[str, ...]:
    return (*of.filters.__struct_fields__, of.sort_word, of.after)


def _filters(kind: type[F], said: dict[str, str]) -> F:
    words = {name: value for name, value in said.items() if value != ""}
    try:
        return msgspec.convert(words, kind, strict=False)
    except msgspec.ValidationError as wrong:
        found = NAMED.search(str(wrong))
        name = next((one for one in found.groups() if one), "?") if found else "?"
        raise UnknownFilter(name=name[:40]) from wrong


def written(look: Look[F, R], row: R) -> str:
    """The place of a row, for a link."""
    values = (look.of.ident(row),) if look.of.is_whole else look.order.place(row)
    raw = msgspec.json.encode([look.sort, *values])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _place(look: Look[F, R], said: str) -> tuple[Any, ...]:
    kinds = (str,) if look.of.is_whole else look.order.kinds
    kind: Any = tuple.__class_getitem__((str, *(READ_AS.get(one, one) for one in kinds)))
    try:
        if len(said) > PLACE_MAX:
            raise PlaceGone()
        raw = base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
        sort, *values = msgspec.json.decode(raw, type=kind)
        # The last hours of time west of Greenwich are beyond it here.
        values = [one.astimezone(UTC) if isinstance(one, datetime) else one for one in values]
    except (binascii.Error, ValueError, OverflowError, msgspec.DecodeError) as wrong:
        raise PlaceGone() from wrong
    if sort != look.sort:
        raise PlaceGone()
    return tuple(values)
