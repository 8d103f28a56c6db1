"""What a list is: its columns, its filters, its orders, where its rows come from."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode
from uuid import UUID

import msgspec

from setten.console.page import Door, Page
from setten.console.places import Named
from setten.platform.db import Connection
from setten.platform.errors import Invalid

Word: TypeAlias = Annotated[str, msgspec.Meta(max_length=128, pattern=r"^[^\x00]*$")]
"""A text in a link: what somebody searches, the id of a place."""

ROWS = 50
"""Rows of a page unless a list says otherwise: more would be scrolled, not read."""
EXPORT_MAX = 50_000
"""Rows of one file: a spreadsheet stays quick. More is asked for by a narrower filter, or of the
lake."""
AT_ONCE = 1_000
"""Rows of a file that are read together: a tenth of a second, a few hundred kilobytes."""


class UnknownFilter(Invalid):
    """The link asks for something that the list does not know. `name` says what."""

    code = "unknown_filter"


class PlaceGone(Invalid):
    """The link goes on from a place that is none in this list and this order."""

    code = "place_gone"


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the link of a list can ask; a list without filters has this one."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            day = getattr(self, name)
            if isinstance(day, date) and not 2000 <= day.year <= 2200:
                raise ValueError(f"no clock of ours shows it: field `{name}`")


F = TypeVar("F", bound=Filter)
R = TypeVar("R")


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What turns a row into a line of a file: names in the reader's language."""

    page: Page
    names: Named


class Order(msgspec.Struct, Generic[R], frozen=True):
    """An order of rows. place: what rows are compared by, unlike for any two rows.

    kinds: of the values of a place, which stand in the link of a list that is read in pieces; so
    nothing personal may be among them. Of a list that is held in memory the row's id stands there.
    """

    place: Callable[[R], tuple[Any, ...]]
    kinds: tuple[type, ...] = ()


class Column(msgspec.Struct, Generic[R], frozen=True, kw_only=True):
    """A column: its name in the file and in the link, its head on the page, its cell in the file.

    word: key of the head's word, "" for what stands only in the file. told: None for what the page
    shows and the file leaves out: who somebody is, what only opens or acts. order: None where no
    index serves one. falls: whether the largest come first when the head is pressed.
    """

    name: str
    word: str = ""
    told: Callable[[R, Line], object] | None = None
    style: str = ""
    order: Order[R] | None = None
    falls: bool = False


class ListOf(msgspec.Struct, Generic[F, R], frozen=True, kw_only=True):
    """A list of the console.

    name: of the file. audit: the action under which a file is noted. path: the page's address,
    with `{words}` where it names what it is of; file: of its export. sort: the name of the column
    that orders it at first, with `-` for the largest first. fetch: up to `most` rows past `after`,
    in the look's order; of a list that `is_whole`, every row there is, in any order, and `keeps`
    says which of them the filter wants. ident: what a row is called, unlike any other row; the
    first column of the file tells it.
    beside: what else the page's links carry, which is not the list's.
    about: whom every row is about, for the record of who took the file away. filled: the rows of a
    file with what the page does not read of them; spread: the columns that a file has besides,
    which are known only when it is taken (one for each place).
    """

    name: str
    audit: str
    path: str
    file: str
    right: Door
    columns: tuple[Column[R], ...]
    sort: str
    fetch: Callable[[Connection, Look[F, R]], Awaitable[Sequence[R]]]
    ident: Callable[[R], str]
    filters: type[F]
    keeps: Callable[[R, F], bool] | None = None
    is_whole: bool = False
    beside: tuple[str, ...] = ()
    about: Callable[[Look[F, R]], UUID] | None = None
    filled: Callable[[Connection, Sequence[R]], Awaitable[Sequence[R]]] | None = None
    spread: Callable[[Line], Sequence[Column[R]]] | None = None
    rows: int = ROWS
    at_once: int = AT_ONCE
    export_max: int = EXPORT_MAX
    prefix: str = ""
    """Of what the link says of the order and the place: a page of two lists has two."""

    @property
    def sort_word(self) -> str:
        """What the order is called in the link."""
        return f"{self.prefix}sort"

    @property
    def after(self) -> str:
        """What the place is called in the link."""
        return f"{self.prefix}after"

    def column(self, name: str) -> Column[R]:
        """The sortable column of that name. Raises UnknownFilter."""
        for one in self.columns:
            if one.name == name and one.order is not None:
                return one
        raise UnknownFilter(name=self.sort_word)


class Look(msgspec.Struct, Generic[F, R], frozen=True, kw_only=True):
    """One look at a list: what its link says.

    ids: the words of its address. after: the place of the last row seen, None at the beginning.
    """

    of: ListOf[F, R]
    page: Page
    asked: F
    by: Column[R]
    falls: bool
    ids: Mapping[str, Any] = {}
    beside: Mapping[str, str] = {}
    after: tuple[Any, ...] | None = None
    most: int = ROWS

    @property
    def order(self) -> Order[R]:
        """The order of the look."""
        assert self.by.order is not None, "only sortable columns order a list"
        return self.by.order

    @property
    def sort(self) -> str:
        """The order as the link says it."""
        return f"-{self.by.name}" if self.falls else self.by.name

    def path(self, address: str) -> str:
        """The list's page or file."""
        for name, value in self.ids.items():
            address = re.sub(rf"\{{{name}(:\w+)?\}}", quote(str(value), safe=""), address)
        return address

    def query(self, **other: Any) -> dict[str, str]:
        """What the link says besides its path, with some of it otherwise: filters by their name,
        `sort`, `after`. What is as in a list that nobody has touched is left out."""
        plain = self.of.filters()
        said = dict(self.beside)
        for name in self.asked.__struct_fields__:
            value = other.get(name, getattr(self.asked, name))
            if value != getattr(plain, name) and value is not None:
                said[name] = _written(value)
        sort, place = other.get("sort", self.sort), other.get("after", "")
        if sort != self.of.sort:
            said[self.of.sort_word] = sort
        if place:
            said[self.of.after] = place
        return {name: value for name, value in said.items() if value}

    def href(self, **other: Any) -> str:
        """The link of the same list with some of it otherwise, from its beginning."""
        return self._linked(self.of.path, other)

    def file_href(self) -> str:
        """The link of its file."""
        return self._linked(self.of.file, {})

    def _linked(self, address: str, other: Mapping[str, Any]) -> str:
        query = urlencode(self.query(**other))
        return f"{self.path(address)}?{query}" if query else self.path(address)


def _written(value: object) -> str:
    built = msgspec.to_builtins(value)
    return "true" if built is True else "false" if built is False else str(built)
