"""Expressions as one SQL statement over all subjects.

The statement reads the events once: every figure of every condition is an aggregate of the same
pass, by the keys that events come under and then by subject, so that few rows meet their subjects;
only sequences, which need order, read them again. Rendering looks nothing up and every value is a
parameter. The dialect is DuckDB's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from setten.platform import db
from setten.platform.expressions import claims
from setten.platform.expressions.model import Match, Node, Scalar, Type, Where
from setten.platform.expressions.times import ALWAYS, Calendar, Micros, Window, instant

Q = db.load(__file__)
Parameter = str | int | float | bool | datetime


class Statement(msgspec.Struct, frozen=True):
    """SQL with `$1` …, and its parameters in that order. Gives one column: subject."""

    sql: str
    parameters: tuple[Parameter, ...]


class Writer:
    """Gathers what a statement needs while nodes write themselves.

    since: the oldest instant (exclusive) that any of them looks at, as `Needs` tells it.
    """

    def __init__(
        self,
        calendar: Calendar,
        now: Micros,
        properties: Mapping[str, Type],
        fields: Mapping[str, Type],
        *,
        since: Micros,
    ) -> None:
        self.calendar = calendar
        self.now = now
        self._since = since
        self.properties = properties
        self.declared = fields
        self._parameters: list[Parameter] = []
        self._numbers: dict[tuple[str, Parameter], str] = {}
        self._figures: dict[_Figure, str] = {}
        self._joined: dict[str, tuple[str, str]] = {}
        self._groups: dict[str, _Group] = {}
        self._related: dict[tuple[str, str | None], tuple[str, dict[str, None]]] = {}
        self._used: dict[str, None] = {}

    def value(self, value: Parameter) -> str:
        """The place of a parameter; the same value is one parameter."""
        key = (type(value).__name__, value)
        if key not in self._numbers:
            self._parameters.append(value)
            self._numbers[key] = f"${len(self._parameters)}"
        return self._numbers[key]

    def at(self, micros: Micros) -> str:
        """An instant as a parameter: naive, in UTC, as the events have it."""
        return self.value(instant(micros).replace(tzinfo=None))

    def names(self, match: Match) -> str:
        """Which names, without properties and time."""
        return f"e.name in ({', '.join(self.value(name) for name in match.events)})"

    def wheres(self, wheres: tuple[Where, ...]) -> str:
        """Claims about properties, each led by `and`."""
        said = []
        for where in wheres:
            column, of = self.column(where.property), self.properties[where.property]
            said.append(f" and {claims.written(where.claim(), column, self, of=of)}")
        return "".join(said)

    def column(self, name: str) -> str:
        """A property of the event in hand."""
        assert name in self.properties
        return f"e.{name}"

    def matching(self, match: Match, window: Window) -> str:
        """The condition that an event matches and lies in the window."""
        return f"{self.names(match)}{self.wheres(match.where)}{self.inside(window)}"

    def inside(self, window: Window, of: str = "e.at") -> str:
        """The bounds of a window, each led by `and`; without those of all that is read.

        A bound that only the reading names is one that whole stretches of a file fulfil: of those
        the engine does not even read when it was.
        """
        low, high = self.calendar.bounds(window, self.now)
        since = f" and {of} > {self.at(low)}" if low > self._since else ""
        return since + (f" and {of} <= {self.at(high)}" if high < self.now else "")

    def bounds(self) -> str:
        """The bounds of all that is read: what lies ahead, or behind what anybody asks, is not."""
        since = f"e.at > {self.at(self._since)} and " if self._since > ALWAYS else ""
        return f"{since}e.at <= {self.at(self.now)}"

    def figure(self, aggregate: str, where: str, *, joined: str) -> str:
        """The column of an aggregate over one subject's events; the same one is worked out once.

        where: of which events. joined: the function that makes one figure of those of all keys.
        """
        figure = _Figure(aggregate, where, joined)
        return f"s.{self._figures.setdefault(figure, f'f{len(self._figures)}')}"

    def joined(self, stem: str, body: str) -> str:
        """The name of a joined part with one row a subject at most; the same one comes once."""
        if body not in self._joined:
            self._joined[body] = (f"{stem}_{len(self._joined)}", body)
        return self._joined[body][0]

    def field(self, name: str) -> str:
        """The joined part of one field: columns text, number, truth."""
        return self.joined("field", Q.field.sql.format(name=self.value(name)))

    def standing(self, node: Node) -> str:
        """Whether the keeper of it says so of a subject."""
        body = Q.standing.sql.format(question=self.value(question(node)))
        return f"coalesce({self.joined('standing', body)}.stands, false)"

    def put_group(self, name: str, write: Callable[[], str]) -> None:
        """Decide a named group beside the rest, so that all that ask of it share it."""
        condition, used = self._watching(write)
        self._groups[name] = _Group(f"g{len(self._groups)}", condition, used)

    def group(self, name: str) -> str:
        """The column of a group that was put."""
        found = self._groups[name]
        self._used |= {**found.used, name: None}
        return found.column

    def related(self, relation: str, write: Callable[[], str] | None) -> str:
        """Whether somebody stands in a relation, of whom the condition that `write` writes is
        true."""
        condition, used = self._watching(write) if write else (None, {})
        key = (self.value(relation), condition)
        name, _ = self._related.setdefault(key, (f"related_{len(self._related)}", used))
        return f"coalesce({name}.stands, false)"

    def _watching(self, write: Callable[[], str]) -> tuple[str, dict[str, None]]:
        """What `write` writes, and the groups that it leads to, each behind those it needs."""
        outer, self._used = self._used, {}
        said, used = write(), self._used
        self._used = outer | used
        return said, used

    def statement(self, condition: str) -> Statement:
        """The whole statement: the subjects of whom the condition is true."""
        parts = [self._figures_part()] if self._figures else []
        parts += [f"{name} as ({body})" for name, body in self._joined.values()]
        joins = [name for name, _ in self._joined.values()]
        parts += self._related_parts(_joins(joins))
        joins += [name for name, _ in self._related.values()]
        sql = Q.everyone.sql.format(
            parts=",\n".join([*parts, ""]),
            groups=self._columns_of(self._groups),
            condition=condition,
            everybody=self._everybody,
            joins=_joins(joins),
        )
        return Statement(sql, tuple(self._parameters))

    @property
    def _everybody(self) -> str:
        """The relation of all subjects: with their figures where there are any."""
        return "figures" if self._figures else "subjects"

    def _figures_part(self) -> str:
        wheres = dict.fromkeys(one.where for one in self._figures)
        # Where all ask for the same events, no figure need choose among them.
        of_key = [
            (one.aggregate if len(wheres) == 1 else f"{one.aggregate} filter (where {one.where})")
            + f" as {name}"
            for one, name in self._figures.items()
        ]
        joined = [f"{one.joined}(k.{name}) as {name}" for one, name in self._figures.items()]
        return Q.figures.sql.format(
            of_key=",\n       ".join(of_key),
            joined=",\n       ".join(joined),
            bounds=self.bounds(),
            any_of=" or ".join(f"({where})" for where in wheres)
            if len(wheres) > 1
            else next(iter(wheres)),
        )

    def _columns_of(self, groups: Iterable[str]) -> str:
        found = (self._groups[name] for name in groups)
        return "".join(f",\n       {one.condition} as {one.column}" for one in found)

    def _related_parts(self, joins: str) -> list[str]:
        """Who has somebody in a relation: what is asked of the other is decided of everybody."""
        found = []
        for (relation, condition), (name, used) in self._related.items():
            if condition is None:
                found.append(Q.related.sql.format(name=name, relation=relation))
            else:
                found.append(
                    Q.related_of.sql.format(
                        name=name,
                        relation=relation,
                        groups=self._columns_of(used),
                        condition=condition,
                        everybody=self._everybody,
                        joins=joins,
                    )
                )
        return found


class _Figure(msgspec.Struct, frozen=True):
    """An aggregate over events, and how those of several keys become one."""

    aggregate: str
    where: str
    joined: str


class _Group(msgspec.Struct, frozen=True):
    """A group's column, its condition, and the groups that this leads to."""

    column: str
    condition: str
    used: dict[str, None]


def _joins(names: Iterable[str]) -> str:
    return "".join(f"\n  left join {name} using (subject)" for name in names)


def question(node: Node) -> str:
    """How the relation `standings` names a condition that a domain answers."""
    return msgspec.json.encode(node).decode()


def scalar(value: Scalar) -> Scalar:
    """A value as a parameter of an open field: all numbers are doubles there."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
