"""Named queries: SQL lives in `.sql` files, Python holds none.

A file holds blocks that begin with `-- name: word`. Parameters are written `:word` and compiled
once, at load, to PostgreSQL's `$n`. A block may also be a part of a statement: common table
expressions, which `together` joins with those of other domains, so that what belongs together
takes one round trip and each domain's SQL stays its own.

A list that can be read from either end is written once, from one end: `/*past*/ <` stands before
what compares with the last row seen, `/*way*/ desc` in its order. `turned` reads it from the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from setten.platform.db.pool import Connection, Record

_NAME = re.compile(r"^-- name: ([a-z_][a-z0-9_]*)[ \t]*$", re.MULTILINE)
_TURNING = re.compile(r"(/\*(?:past|way)\*/\s*)(<|>|asc|desc)")
_OPPOSITE = {"<": ">", ">": "<", "asc": "desc", "desc": "asc"}
# Strings, comments and casts are stepped over so that only true parameters are replaced.
_TOKEN = re.compile(r"'(?:[^']|'')*'|--[^\n]*|::|:([a-z_][a-z0-9_]*)")


class Query:
    """One named statement. Arguments are keyword-only and must match its parameters exactly."""

    __slots__ = ("_text", "_turned", "name", "params", "sql")

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self._text = text
        self._turned: Query | None = None
        self.sql, self.params = self.numbered(1)

    def numbered(self, first: int) -> tuple[str, tuple[str, ...]]:
        """The statement with its parameters as `$first`, …, and their words in that order."""
        params: list[str] = []

        def number(found: re.Match[str]) -> str:
            word = found.group(1)
            if word is None:
                return found.group(0)
            if word not in params:
                params.append(word)
            return f"${params.index(word) + first}"

        return _TOKEN.sub(number, self._text).strip(), tuple(params)

    def turned(self, is_turned: bool = True) -> Query:
        """The same list read from its other end; itself when not. Raises ValueError when its words
        do not say where to turn."""
        if not is_turned:
            return self
        if self._turned is None:
            text, turns = _TURNING.subn(lambda m: m[1] + _OPPOSITE[m[2]], self._text)
            if not turns:
                raise ValueError(f"{self.name} has one end only")
            self._turned = Query(self.name, text)
        return self._turned

    def args(self, given: dict[str, Any]) -> list[Any]:
        """The arguments in the statement's order. Raises TypeError on a missing or extra one."""
        if given.keys() != set(self.params):
            raise TypeError(f"{self.name} takes {self.params}, got {tuple(given)}")
        return [given[word] for word in self.params]

    async def all(self, conn: Connection, **given: Any) -> list[Record]:
        """All rows."""
        rows: list[Record] = await conn.fetch(self.sql, *self.args(given))
        return rows

    async def maybe(self, conn: Connection, **given: Any) -> Record | None:
        """The first row, or None."""
        return await conn.fetchrow(self.sql, *self.args(given))

    async def one(self, conn: Connection, **given: Any) -> Record:
        """The first row. Raises LookupError when there is none."""
        row = await conn.fetchrow(self.sql, *self.args(given))
        if row is None:
            raise LookupError(f"{self.name} found no row")
        return row

    async def value(self, conn: Connection, **given: Any) -> Any:
        """The first column of the first row, or None."""
        return await conn.fetchval(self.sql, *self.args(given))

    async def run(self, conn: Connection, **given: Any) -> int:
        """Run it and answer how many rows it touched."""
        status = await conn.execute(self.sql, *self.args(given))
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0


class Part(NamedTuple):
    """A part of a statement with what it is given. Its names begin with its domain's."""

    query: Query
    given: dict[str, Any]


async def together(conn: Connection, parts: Sequence[Part], answer: Query) -> Record:
    """Run `parts` as one statement and answer the one row of `answer`, which takes no parameters.

    All parts see the tables as they were before: none sees what another writes.
    """
    sql = _together(tuple(part.query for part in parts), answer)
    args = [value for part in parts for value in part.query.args(part.given)]
    row = await conn.fetchrow(sql, *args)
    assert row is not None, "an answer has a row"
    return row


@cache
def _together(parts: tuple[Query, ...], answer: Query) -> str:
    written, first = [], 1
    for part in parts:
        sql, params = part.numbered(first)
        written.append(sql)
        first += len(params)
    ctes = ",\n".join(written)
    return f"with {ctes}\n{answer.sql}"


class Queries:
    """The statements of one `.sql` file as attributes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        parts = _NAME.split(path.read_text(encoding="utf-8"))
        self._by_name = {
            name: Query(name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)
        }

    def __getattr__(self, name: str) -> Query:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(f"no query named {name} in {self._path.name}") from None

    def __iter__(self) -> Any:
        return iter(self._by_name.values())


@cache
def load(python_file: str) -> Queries:
    """The queries of the `.sql` file with the same stem as `python_file` (pass `__file__`)."""
    path = Path(python_file)
    stem = path.parent.name if path.stem == "__init__" else path.stem
    return Queries(path.with_name(f"{stem}.sql"))
