"""The state of some subjects as columns, and one evaluation over it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from setten.platform.expressions import claims
from setten.platform.expressions.claims import Truths
from setten.platform.expressions.model import Claim, Match, Node, Type, Where
from setten.platform.expressions.times import NEVER, Calendar, Micros, Times, Window

Rows = NDArray[np.int64]
_key = msgspec.json.Encoder().encode
Given = TypeVar("Given")
# What can be decided of an event by itself, whatever the time.
Test: TypeAlias = Match | Where


class Texts:
    """A column of texts: codes into a list of distinct words; -1 where there is none."""

    __slots__ = ("codes", "words")

    def __init__(self, values: Sequence[str | None]) -> None:
        known: dict[str | None, int] = {None: -1}
        codes = [known.setdefault(value, len(known) - 1) for value in values]
        self.codes = np.array(codes, np.int64)
        self.words = [word for word in known if word is not None]

    def over(self, test: Callable[[str | None], bool]) -> Truths:
        """A test decided once for each distinct word."""
        decided = np.array([*map(test, self.words), test(None)], bool)
        return decided[self.codes]


class Integers:
    """A column of whole numbers, some of them missing."""

    __slots__ = ("known", "values")

    def __init__(self, values: Sequence[int | None]) -> None:
        self.known = np.array([v is not None for v in values], bool)
        self.values = np.array([v or 0 for v in values], np.int64)

    @classmethod
    def of(cls, values: Rows, known: Truths) -> Integers:
        """Of columns that are there already."""
        found = cls(())
        found.values, found.known = values, known
        return found


class Coded(msgspec.Struct, frozen=True):
    """A field whose distinct values are known: which of them each subject has."""

    values: Sequence[Any]
    codes: Rows


class Frame:
    """Subjects 0 … size - 1 with their events and fields.

    rows: whose each event is; ats: when, in microseconds. They come sorted by (row, at, place in
    the log), and all other columns of events with them. fields: by name, one value a subject.
    standings: by condition, one truth a subject. relations: by name, pairs (subject, other).
    """

    def __init__(
        self,
        size: int,
        *,
        rows: Rows,
        ats: Times,
        names: Sequence[str],
        texts: Mapping[str, Sequence[str | None]],
        integers: Mapping[str, Sequence[int | None]],
        fields: Mapping[str, Sequence[Any] | Coded],
        standings: Mapping[Node, Truths] | None = None,
        relations: Mapping[str, tuple[Rows, Rows]] | None = None,
    ) -> None:
        assert len(rows) == len(ats) == len(names)
        self.size = size
        self.rows = rows
        self.ats = ats
        self.names = Texts(names)
        self.texts = {name: Texts(values) for name, values in texts.items()}
        self.integers = {name: Integers(values) for name, values in integers.items()}
        self.fields = fields
        self.standings = standings or {}
        self.relations = relations or {}
        self._decided: dict[Test, Truths] = {}

    def fulfilling(self, test: Test) -> Truths:
        """Which events are of the names and fulfil the wheres, whenever they happen."""
        if test not in self._decided:
            self._decided[test] = (
                self._match(test) if isinstance(test, Match) else self._where(test)
            )
        return self._decided[test]

    def _match(self, match: Match) -> Truths:
        wanted = frozenset(match.events)
        found = self.names.over(lambda name: name in wanted)
        for where in match.where:
            found = found & self.fulfilling(where)
        return found

    def _where(self, where: Where) -> Truths:
        claim = where.claim()
        if (column := self.integers.get(where.property)) is not None:
            return claims.over(claim, column.values, column.known)
        return self.texts[where.property].over(claims.of_texts(claim))


class Decided(Frame):
    """A frame of which only the answers are left: its events' names and words are gone.

    decided: for every test that is going to be asked, which events fulfil it.
    """

    def __init__(
        self,
        size: int,
        *,
        rows: Rows,
        ats: Times,
        decided: Mapping[Test, Truths],
        integers: Mapping[str, Integers],
        fields: Mapping[str, Sequence[Any] | Coded],
        standings: Mapping[Node, Truths] | None = None,
        relations: Mapping[str, tuple[Rows, Rows]] | None = None,
    ) -> None:
        self.size = size
        self.rows = rows
        self.ats = ats
        self.integers = dict(integers)
        self.fields = fields
        self.standings = standings or {}
        self.relations = relations or {}
        self._decided = dict(decided)

    def fulfilling(self, test: Test) -> Truths:
        """As it was decided before."""
        return self._decided[test]


class Evaluation:
    """One moment's look at a frame. What several conditions ask is worked out once.

    groups: by name, which subjects are in; filled in the order in which groups need each other.
    declared: types of the fields that have one.
    """

    def __init__(
        self, frame: Frame, calendar: Calendar, now: Micros, declared: Mapping[str, Type]
    ) -> None:
        self.frame = frame
        self.calendar = calendar
        self.now = now
        self.declared = declared
        self.groups: dict[str, Truths] = {}
        self._kept: dict[tuple[str, bytes], Any] = {}
        self.never = np.full(frame.size, NEVER, np.int64)
        """Of whom time changes nothing. The same for all who ask, so it cannot be written to."""
        self.never.flags.writeable = False

    def once(self, what: str, of: object, work: Callable[[], Given]) -> Given:
        """`work()`, or what it gave before for the same question."""
        key = (what, _key(of))
        if key not in self._kept:
            self._kept[key] = work()
        return cast(Given, self._kept[key])

    def matching(self, match: Match) -> Truths:
        """Which events are of the names and fulfil the wheres, at any time up to now."""
        return self.once("match", match, lambda: self._match(match))

    def _match(self, match: Match) -> Truths:
        return self.frame.fulfilling(match) & (self.frame.ats <= self.now)

    def where(self, where: Where) -> Truths:
        """Which events fulfil one claim about a property."""
        return self.frame.fulfilling(where)

    def inside(self, match: Match, window: Window) -> Truths:
        """Which events match and lie in the window."""

        def work() -> Truths:
            return self.frame.fulfilling(match) & self.within(window)

        return self.once("inside", (match, window), work)

    def within(self, window: Window) -> Truths:
        """Which events lie in the window, which never reaches beyond now."""

        def work() -> Truths:
            low, high = self.bounds(window)
            return (self.frame.ats > low) & (self.frame.ats <= high)

        return self.once("within", window, work)

    def bounds(self, window: Window) -> tuple[Micros, Micros]:
        """`Calendar.bounds` of this moment."""
        return self.once("bounds", window, lambda: self.calendar.bounds(window, self.now))

    def counts(self, chosen: Truths) -> NDArray[np.int64]:
        """How many of the chosen events each subject has."""
        return np.bincount(self.frame.rows[chosen], minlength=self.frame.size)

    def firsts(self, chosen: Truths) -> tuple[Rows, Rows]:
        """(subjects that have a chosen event, the place of the first one of each)."""
        places = chosen.nonzero()[0]
        rows = self.frame.rows[places]
        is_first = np.ones(len(rows), bool)
        np.not_equal(rows[1:], rows[:-1], out=is_first[1:])
        return rows[is_first], places[is_first]

    def lasts(self, chosen: Truths) -> tuple[Rows, Rows]:
        """The same for the last one."""
        places = chosen.nonzero()[0]
        rows = self.frame.rows[places]
        ends = ends_of(rows)
        return rows[ends], places[ends]

    def field_type(self, name: str) -> Type:
        """The declared type of a field, else open."""
        return self.declared.get(name, Type.OPEN)

    def field(self, name: str, claim: Claim, of: Type) -> Truths:
        """Of which subjects a claim about a field is true: decided once for each distinct value."""
        values, codes = self.once("field", name, lambda: self._coded(name))
        decided = np.fromiter((claims.holds(claim, of, value) for value in values), bool)
        return decided[codes]

    def _coded(self, name: str) -> tuple[list[Any], Rows]:
        """The distinct values of a field, and which of them each subject has."""
        values = self.frame.fields.get(name)
        if values is None:
            return [None], np.zeros(self.frame.size, np.int64)
        if isinstance(values, Coded):
            # Of all that were ever said, those that are said here.
            here, places = np.unique(values.codes, return_inverse=True)
            return [values.values[code] for code in here.tolist()], places
        known: dict[object, int] = {}
        found: list[Any] = []
        codes = np.empty(len(values), np.int64)
        for place, value in enumerate(values):
            # 1, 1.0 and true are one to Python, but not to a claim.
            key = (type(value), value if isinstance(value, Hashable) else _key(value))
            code = known.setdefault(key, len(known))
            if code == len(found):
                found.append(value)
            codes[place] = code
        return found, codes

    def earliest(self, chosen: Truths, ats: Times) -> Times:
        """The least of `ats` (one for each chosen event) by subject; NEVER without one."""
        found = np.full(self.frame.size, NEVER, np.int64)
        np.minimum.at(found, self.frame.rows[chosen], ats)
        return found

    def window_turns(self, match: Match, window: Window) -> Times:
        """When, without anything new, the events inside a moving window next become others."""

        def work() -> Times:
            if not window.is_moving:
                return self.never
            turns = self.never.copy()
            low, high = self.bounds(window)
            ats, matching = self.frame.ats, self.matching(match)
            if window.since is not None and not isinstance(window.since, str):
                # Of what is inside or will be, the oldest leaves first.
                rows, places = self.firsts(matching & (ats > low))
                turns[rows] = self.calendar.all_leave_at(ats[places], window.since)
            if window.until is not None and not isinstance(window.until, str):
                rows, places = self.firsts(matching & (ats > max(low, high)))
                enter = self.calendar.all_enter_at(ats[places], window.until)
                turns[rows] = np.minimum(turns[rows], enter)
            return turns

        return self.once("turns", (match, window), work)

    def comes(self) -> Times:
        """When the next event with a time still to come happens, by subject."""
        ahead = self.frame.ats > self.now
        return self.earliest(ahead, self.frame.ats[ahead])


def ends_of(rows: Rows) -> Rows:
    """Where each run of equal rows ends."""
    is_last = np.ones(len(rows), bool)
    np.not_equal(rows[1:], rows[:-1], out=is_last[:-1])
    return is_last.nonzero()[0]


class Needs(msgspec.Struct, frozen=True):
    """What an expression asks of the state: events with how far back, properties, fields, groups.

    events: by name the oldest instant that counts (exclusive). asked: of which events which
    properties are looked at. standings: the conditions that a domain answers itself. tests: what is
    decided of single events. measured: the properties that are added up.
    """

    events: dict[str, Micros]
    properties: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    asked: frozenset[tuple[str, str]] = frozenset()
    standings: frozenset[Node] = frozenset()
    relations: frozenset[str] = frozenset()
    tests: frozenset[Test] = frozenset()
    measured: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        events = dict(self.events)
        for name, low in other.events.items():
            events[name] = min(low, events.get(name, low))
        return Needs(
            events,
            self.properties | other.properties,
            self.fields | other.fields,
            self.groups | other.groups,
            self.asked | other.asked,
            self.standings | other.standings,
            self.relations | other.relations,
            self.tests | other.tests,
            self.measured | other.measured,
        )


NOTHING = Needs({})


def needs_of(
    match: Match, low: Micros, *, having: Sequence[Where] = (), measured: str | None = None
) -> Needs:
    """The needs of one match back to `low`.

    having: what is asked besides of the events that match. measured: what is added up of them.
    """
    added = frozenset() if measured is None else frozenset((measured,))
    properties = frozenset(where.property for where in (*match.where, *having)) | added
    asked = frozenset((event, name) for event in match.events for name in properties)
    return Needs(
        dict.fromkeys(match.events, low),
        properties,
        asked=asked,
        tests=frozenset((match, *having)),
        measured=added,
    )


__all__ = [
    "NOTHING",
    "Coded",
    "Decided",
    "Evaluation",
    "Frame",
    "Integers",
    "Needs",
    "Test",
    "Texts",
    "ends_of",
    "needs_of",
]
