"""Lines that say the same are of one sort: what the tests find of a sort is decided once.

A hundred conditions test some dozens of claims on every line, and most of what a shop's visitors do
has been done before: the same page, the same goods at the same price. Only when and where in the
log differs, which no test is about.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from setten.customers.segments import state, vocabulary
from setten.customers.segments.vocabulary import value_in
from setten.platform.expressions import Frame, Needs, micros
from setten.platform.log import Row

# Some hundred bytes each. A shop of more goods than this decides some of them anew.
SORTS_KEPT = 65_536
Packed = NDArray[np.int64]


class Sorts:
    """What is known of the lines that were met, for one set of questions.

    pack: lines of a frame as rows of numbers, of which the first two are when and where in the log.
    """

    def __init__(self, needs: Needs, pack: Callable[[Frame, Packed], Packed]) -> None:
        self._needs, self._pack = needs, pack
        self._asked = vocabulary.asked_of_lines(needs.asked)
        self._forget()

    def _forget(self) -> None:
        self._codes: dict[Hashable, int] = {}
        self._table: Packed | None = None

    def lines(self, rows: Sequence[Row]) -> Packed:
        """Events as packed lines. rows: at least one; none of them tells a purchase."""
        if len(self._codes) > SORTS_KEPT:
            self._forget()
        codes = []
        new: list[Row] = []
        known = len(self._codes)
        for row in rows:
            code = self._codes.setdefault(self._key(row), known + len(new))
            if code == known + len(new):
                new.append(row)
            codes.append(code)
        if new:
            self._learn(new)
        assert self._table is not None
        found: Packed = self._table[codes]
        found[:, 0] = [micros(row.occurred_at) for row in rows]
        found[:, 1] = [row.position for row in rows]
        return found

    def _learn(self, new: Sequence[Row]) -> None:
        frame = state.lines_of(new, self._needs)
        more = self._pack(frame, np.zeros(len(new), np.int64))
        self._table = more if self._table is None else np.concatenate((self._table, more))

    def _key(self, row: Row) -> Hashable:
        """Everything that a test can be about: of most names a property or two."""
        asked = self._asked.get(row.name)
        if asked is None:
            return row.name
        said = state.said_by(row, asked)
        return (row.name, *[value_in(said, name) for name in asked])
