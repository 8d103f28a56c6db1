"""A page of a list: its rows, and every link that stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic

import msgspec

from setten.console.lists.model import F, Look, PlaceGone, R
from setten.console.lists.reading import written
from setten.platform.db import Connection


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a column. sorted: as aria says it, "" for what cannot be sorted; href: the same
    list in this column's order, the other way round when it is that already."""

    word: str
    style: str
    href: str = ""
    sorted: str = ""


class Part(msgspec.Struct, Generic[F, R], frozen=True, kw_only=True):
    """A page of a list. more: the place of its last row, "" when nothing follows."""

    look: Look[F, R]
    rows: Sequence[R]
    more: str

    @property
    def asked(self) -> F:
        """The filters."""
        return self.look.asked

    @property
    def heads(self) -> list[Head]:
        """Of the columns that the page shows."""
        return [_head(self.look, one) for one in self.look.of.columns if one.word]

    @property
    def orders(self) -> list[tuple[str, str, str]]:
        """(order as the link says it, word of the column, key of the words for the way)."""
        return [
            (f"{'-' if falls else ''}{one.name}", one.word, _way(one.name, falls))
            for one in self.look.of.columns
            if one.order is not None and one.word
            for falls in (one.falls, not one.falls)
        ]

    @property
    def first(self) -> str:
        """The link to the beginning, "" on the first page."""
        return "" if self.look.after is None else self.look.href()

    @property
    def next(self) -> str:
        """The link to what follows, "" at the end."""
        return self.look.href(after=self.more) if self.more else ""

    @property
    def file(self) -> str:
        """The link to the file."""
        return self.look.file_href()

    @property
    def is_filtered(self) -> bool:
        """Whether some rows are left out."""
        return self.asked != self.look.of.filters()

    def href(self, **other: Any) -> str:
        """The link with some of it otherwise: `list.href(only="placed")`."""
        return self.look.href(**other)

    def carried(self, *but: str) -> list[tuple[str, str]]:
        """What a form carries on besides its own fields."""
        return [(name, value) for name, value in self.look.query().items() if name not in but]


def _way(column: str, falls: bool) -> str:
    if column.endswith("_at") or column == "at":
        return "newest" if falls else "oldest"
    return "falls" if falls else "rises"


def _head(look: Look[F, R], one: Any) -> Head:
    if one.order is None:
        return Head(word=one.word, style=one.style)
    is_current = one.name == look.by.name
    falls = not look.falls if is_current else one.falls
    sort = f"{'-' if falls else ''}{one.name}"
    now = "none" if not is_current else "descending" if look.falls else "ascending"
    return Head(word=one.word, style=one.style, href=look.href(sort=sort), sorted=now)


async def part(conn: Connection, look: Look[F, R]) -> Part[F, R]:
    """The rows that a look sees. Raises PlaceGone."""
    asked = msgspec.structs.replace(look, most=look.most + 1)
    found = await look.of.fetch(conn, asked)
    if look.of.is_whole:
        found = _among(found, asked)
    rows = found[: look.most]
    more = written(look, rows[-1]) if len(found) > look.most else ""
    return Part(look=look, rows=rows, more=more)


def _among(found: Sequence[R], look: Look[F, R]) -> list[R]:
    """Of every row there is, those past the look's place that its filter keeps, in its order.

    The place is looked for before the filter: a row that meanwhile left it still has a place.
    """
    of = look.of
    ordered = sorted(found, key=lambda row: (*look.order.place(row), of.ident(row)))
    if look.falls:
        ordered.reverse()
    if look.after is not None:
        [last] = look.after
        names = [of.ident(row) for row in ordered]
        if last not in names:
            raise PlaceGone()
        ordered = ordered[names.index(last) + 1 :]
    keeps = of.keeps
    kept = ordered if keeps is None else [row for row in ordered if keeps(row, look.asked)]
    return kept[: look.most]
