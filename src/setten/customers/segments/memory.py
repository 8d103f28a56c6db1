"""What a process remembers of the customers who came lately, so that it need not read it again.

Of each line only the answers are kept: which tests of the living segments it fulfils, one bit each,
and the figures that are added up. What is remembered is true as long as nobody else has written
memberships (the token), the lines were not made anew (the stamp), and every event that changes
more than it adds makes the reader forget whom it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from setten.customers import identity
from setten.customers.segments.model import Live
from setten.customers.segments.sorts import Sorts
from setten.customers.segments.state import State
from setten.platform.expressions import NOTHING, Coded, Decided, Frame, Integers, Needs, Test
from setten.platform.expressions.claims import Truths
from setten.platform.log import Row

# Both bounds: of short histories the first is met, of long ones the second.
CUSTOMERS_KEPT = 262_144
BYTES_KEPT = 192 * 1024 * 1024
# Who has more lines than this is a robot or a till, and is read anew each time.
LINES_KEPT = 4_000
# Words of a trait, all customers together; beyond it, all is forgotten and begun anew.
WORDS_KEPT = 200_000
_BEGINNING_ROOM = 4_096
_ENTRY_BYTES = 500  # of an entry beside its lines: the id, the place, the arrays' heads
_MISSING = np.iinfo(np.int64).min  # no property reaches it: see `vocabulary.integer_in`
_AT, _POSITION, _FIRST_BIT = 0, 1, 2
_BITS = 63  # of a whole number, without its sign
_key = msgspec.json.Encoder().encode
Place = tuple[int, int]
Rows = NDArray[np.int64]


class Known(msgspec.Struct, frozen=True):
    """Some customers with their state before a look.

    belonged: segments x customers. armed: when each is to be looked at again, NEVER for none.
    """

    state: State
    belonged: np.ndarray
    armed: np.ndarray


class _Words:
    """Codes of the values of one field."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._codes: dict[object, int] = {}

    def code(self, value: Any) -> int:
        # 1, 1.0 and true are one to Python, but not to a claim.
        key = (type(value), value if isinstance(value, str | int | float) else _key(value))
        code = self._codes.setdefault(key, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code


class Memory:
    """Customers by id. Everything in it follows from what was committed.

    token: that of our last transaction; whether it was committed is seen at the next one.
    """

    def __init__(self) -> None:
        self.token: UUID | None = None
        self._found: UUID | None = None
        self._stamp: object = None
        self.segments: Sequence[Live] = ()
        self.needs: Needs = NOTHING
        self.owners = identity.Owners()
        self.forget_everybody()

    def resume(self, token: UUID, stamp: object) -> None:
        """Begin a transaction that has found this token; forget all unless it is our own."""
        if token != self.token or stamp != self._stamp:
            self.segments, self.needs = (), NOTHING
            self.owners = identity.Owners()  # it may be another database
            self.forget_everybody()
            self._stamp = stamp
        self._found, self.token = token, None

    def leave(self, token: UUID | None = None) -> None:
        """End a transaction that has written this token; without one, it has changed nothing."""
        self.token = token or self._found

    def mean(self, segments: Sequence[Live], needs: Needs) -> None:
        """Know what is asked. Other questions than before forget everybody."""
        if segments is self.segments and needs is self.needs:
            return
        is_other = needs.tests != self.needs.tests or needs.measured != self.needs.measured
        if is_other or segments != self.segments or needs.fields != self.needs.fields:
            self.segments, self.needs = segments, needs
            self.forget_everybody()
        self.needs = needs

    def forget_everybody(self) -> None:
        """Begin anew."""
        self._tests: dict[Test, int] = {test: n for n, test in enumerate(self.needs.tests)}
        self._measured = sorted(self.needs.measured)
        self._first_figure = _FIRST_BIT + -(-len(self._tests) // _BITS)
        self._sorts = Sorts(self.needs, self._packed)
        self._fields = {name: _Words() for name in sorted(self.needs.fields)}
        self._places: dict[UUID, int] = {}
        self._free: list[int] = []
        self._lines: list[Rows] = []
        self._seen: list[Place] = []
        self._ends = np.zeros(0, np.int64)  # when the last line of each was
        self._strongest = np.zeros(0, np.int64)
        self._armed = np.zeros(0, np.int64)
        self._used = np.zeros(0, np.int64)
        self._belonged = np.zeros((0, -(-len(self.segments) // 8)), np.uint8)
        self._codes = np.zeros((0, len(self._fields)), np.int64)
        self._turn = 0
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, customer_id: UUID) -> bool:
        return customer_id in self._places

    def unseen(self, told: Iterable[tuple[UUID, Row]]) -> list[tuple[UUID, Row]]:
        """Those events of known customers that are not among what is known of them."""
        places, seen = self._places, self._seen
        return [
            (one, row)
            for one, row in told
            if (place := places.get(one)) is not None and (row.xid, row.position) > seen[place]
        ]

    def forget(self, customer_ids: Iterable[UUID]) -> None:
        """Forget some; who is not known is passed over."""
        for one in customer_ids:
            place = self._places.pop(one, None)
            if place is not None:
                self._bytes -= self._lines[place].nbytes + _ENTRY_BYTES
                self._lines[place] = self._nothing()
                self._free.append(place)

    def take(self, known: Known) -> None:
        """Remember customers as they were just read."""
        state = known.state
        lines = self._packed(state.frame, state.positions)
        bounds = np.searchsorted(state.frame.rows, np.arange(len(state.customers) + 1)).tolist()
        kept = self._told(lines)
        self.forget(state.customers)
        places = [self._place(one) for one in state.customers]
        for row, place in enumerate(places):
            begin, end = bounds[row], bounds[row + 1]
            # A copy, so that one customer does not keep the lines of a whole batch in memory.
            self._lines[place] = own = lines[begin:end][kept[begin:end]]
            self._bytes += own.nbytes + _ENTRY_BYTES
            self._seen[place] = state.seen
            self._ends[place] = own[-1, _AT] if len(own) else 0
        self._strongest[places] = state.strongest
        self._armed[places] = known.armed
        self._belonged[places] = np.packbits(known.belonged.T, axis=1)
        for column, (name, words) in enumerate(self._fields.items()):
            values = state.frame.fields[name]
            assert not isinstance(values, Coded)
            self._codes[places, column] = [words.code(value) for value in values]

    def learn(self, told: Sequence[tuple[UUID, Row]]) -> set[UUID]:
        """Add lines to known customers, in the order of the log; whom it may matter to.

        told: at least one; none tells a purchase. Lines that no test is about leave no trace.
        """
        lines = self._sorts.lines([row for _, row in told])
        matters = self._told(lines).tolist()
        fresh: dict[int, list[int]] = {}
        changed = set()
        for line, (one, row) in enumerate(told):
            place = self._places[one]
            self._seen[place] = (row.xid, row.position)
            if matters[line]:
                fresh.setdefault(place, []).append(line)
                changed.add(one)
        ats, places = lines[:, _AT].tolist(), list(fresh)
        ends = self._ends[places].tolist()
        for (place, which), end in zip(fresh.items(), ends, strict=True):
            self._append(place, lines, which, is_late=ats[which[0]] <= end)
        newest = [max(ats[line] for line in which) for which in fresh.values()]
        self._ends[places] = np.maximum(ends, newest)
        return changed

    def _append(self, place: int, lines: Rows, which: list[int], *, is_late: bool) -> None:
        old = self._lines[place]
        begin = which[0]
        new = lines[begin : begin + 1] if len(which) == 1 else lines[which]
        both = np.concatenate((old, new))
        if is_late or len(which) > 1:
            both = both[np.lexsort((both[:, _POSITION], both[:, _AT]))]
        self._lines[place] = both
        self._bytes += new.nbytes

    def recall(self, customer_ids: Sequence[UUID]) -> Known:
        """What is known of known customers; the frame can answer the tests of the segments."""
        places = [self._places[one] for one in customer_ids]
        self._turn += 1
        self._used[places] = self._turn
        parts = [self._lines[place] for place in places]
        rows = np.repeat(np.arange(len(parts)), np.fromiter(map(len, parts), np.int64, len(parts)))
        columns = np.ascontiguousarray(np.concatenate([*parts, self._nothing()]).T)
        strongest = self._strongest[places]
        frame = Decided(
            len(places),
            rows=rows,
            ats=columns[_AT],
            decided=self._decided(columns),
            integers={
                name: Integers.of(figures, figures != _MISSING)
                for name, figures in zip(self._measured, columns[self._first_figure :], strict=True)
            },
            fields={
                name: Coded(words.values, self._codes[places, column])
                for column, (name, words) in enumerate(self._fields.items())
            },
        )
        state = State(
            customers=tuple(customer_ids),
            frame=frame,
            living=strongest != 0,
            strongest=tuple(strongest.tolist()),
            positions=columns[_POSITION],
            seen=(0, 0),
        )
        bits = np.unpackbits(self._belonged[places], axis=1, count=len(self.segments))
        return Known(state, bits.T.astype(bool), self._armed[places])

    def settle(self, customer_ids: Sequence[UUID], belongs: np.ndarray, armed: np.ndarray) -> None:
        """Remember what a look has written of known customers, and let go whom it is not worth."""
        places = [self._places[one] for one in customer_ids]
        self._belonged[places] = np.packbits(belongs.T, axis=1)
        self._armed[places] = armed
        self.forget(
            one
            for one, place in zip(customer_ids, places, strict=True)
            if not self._strongest[place] or len(self._lines[place]) > LINES_KEPT
        )
        if any(len(words.values) > WORDS_KEPT for words in self._fields.values()):
            self.forget_everybody()
        self._trim()

    def _trim(self) -> None:
        """Let a quarter go, those who came longest ago, when there are too many."""
        if len(self._places) <= CUSTOMERS_KEPT and self._bytes <= BYTES_KEPT:
            return
        order = sorted(self._places.items(), key=lambda pair: self._used[pair[1]])
        self.forget([one for one, _ in order[: max(1, len(order) // 4)]])

    def _place(self, customer_id: UUID) -> int:
        if not self._free:
            self._grow()
        place = self._places[customer_id] = self._free.pop()
        return place

    def _grow(self) -> None:
        room = len(self._lines)
        more = max(_BEGINNING_ROOM, room)
        self._free = list(range(room + more - 1, room - 1, -1))
        self._lines += [self._nothing()] * more
        self._seen += [(0, 0)] * more
        for name in ("_ends", "_strongest", "_armed", "_used", "_belonged", "_codes"):
            column = getattr(self, name)
            blank = np.zeros((more, *column.shape[1:]), column.dtype)
            setattr(self, name, np.concatenate((column, blank)))

    def _nothing(self) -> Rows:
        return np.zeros((0, self._first_figure + len(self._measured)), np.int64)

    def _packed(self, frame: Frame, positions: Rows) -> Rows:
        """Lines as rows of numbers: when, place in the log, the tests' bits, the figures."""
        lines = np.zeros((len(frame.ats), self._first_figure + len(self._measured)), np.int64)
        lines[:, _AT], lines[:, _POSITION] = frame.ats, positions
        for test, number in self._tests.items():
            word, bit = divmod(number, _BITS)
            lines[:, _FIRST_BIT + word] |= frame.fulfilling(test).astype(np.int64) << bit
        for column, name in enumerate(self._measured, start=self._first_figure):
            figures = frame.integers[name]
            lines[:, column] = np.where(figures.known, figures.values, _MISSING)
        return lines

    def _told(self, lines: Rows) -> Truths:
        """Which lines any test is about."""
        told: Truths = (lines[:, _FIRST_BIT : self._first_figure] != 0).any(axis=1)
        return told

    def _decided(self, columns: Rows) -> dict[Test, Truths]:
        found = {}
        for test, number in self._tests.items():
            word, bit = divmod(number, _BITS)
            found[test] = (columns[_FIRST_BIT + word] & (1 << bit)) != 0
        return found
