"""Rows of a file, read and parted into what one transaction takes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

import msgspec

from setten.imports.kind import Kind
from setten.imports.model import BadRow, Outcome, refused
from setten.imports.reading import Raw, Table

GROUP_ROWS_MAX = 2_000  # of one key; a receipt or an order has at most 1,000 lines
CHUNK_WEIGHT_MAX = 16 << 20  # eight thousand characters a row; two such parts are in memory at once


class Line(msgspec.Struct, frozen=True, gc=False):
    """One row: as it came, and as its kind reads it (an Outcome where it is settled already).

    key: of what belongs together; of a refused row, too, as far as it says it. is_nameless: it
    says none, so its key is that of the row before, and the next may be its own.
    """

    raw: Raw
    read: Any
    key: Hashable | None
    is_nameless: bool = False


class Chunk(msgspec.Struct, frozen=True):
    """Rows for one transaction. position: how far the file is read, for showing.

    after: the number of the row before its first.
    """

    lines: Sequence[Line]
    position: int
    after: int

    @property
    def end(self) -> int:
        """The number of its last row."""
        return self.lines[-1].raw.number


def chunks(table: Table, kind: Kind, *, after: int) -> Iterator[Chunk]:
    """Rows behind the number `after`, so parted that no key stands in two of them.

    That holds where the rows of a key stand together, or within GROUP_ROWS_MAX rows, and weigh no
    more than CHUNK_WEIGHT_MAX.
    """
    waiting: list[Line] = []
    weight = 0
    before: Hashable | None = None
    for raw in table:
        if raw.number <= after:
            kind.pass_over(raw.values)
            continue
        waiting.append(_of_neighbours(_line(raw, kind), before))
        before = waiting[-1].key
        weight += raw.weight
        is_heavy = weight >= CHUNK_WEIGHT_MAX
        if len(waiting) < kind.rows_a_commit and not is_heavy:
            continue
        cut = _cut(waiting)
        if cut == 0 and len(waiting) < kind.rows_a_commit + GROUP_ROWS_MAX and not is_heavy:
            continue
        cut = cut or len(waiting)
        yield Chunk(waiting[:cut], table.position(), after)
        after, waiting = waiting[cut - 1].raw.number, waiting[cut:]
        weight = sum(line.raw.weight for line in waiting)
    if waiting:
        yield Chunk(waiting, table.position(), after)


def drawn(table: Table, kind: Kind, *, after: int, draw: Callable[[], int]) -> Iterator[Chunk]:
    """Of the chunks of rows that stand alone, behind the number `after`, those that are drawn.

    draw: the number of the next one, from 0, each above the one before; others take those between.
    """
    mine, at, seen, weight = draw(), 0, 0, 0
    waiting: list[Line] = []
    table.passes = mine > 0
    for raw in table:
        if raw.number <= after:
            continue
        if at == mine:
            waiting.append(_line(raw, kind))
        seen, weight = seen + 1, weight + raw.weight
        if seen < kind.rows_a_commit and weight < CHUNK_WEIGHT_MAX:
            continue
        if waiting:
            yield Chunk(waiting, table.position(), after)
            waiting, mine = [], draw()
        after, at, seen, weight = raw.number, at + 1, 0, 0
        table.passes = mine > at  # set before the next row is read: rows come one by one
    if waiting:
        yield Chunk(waiting, table.position(), after)


def _line(raw: Raw, kind: Kind) -> Line:
    if raw.problem is not None:
        return Line(raw, refused(raw.problem), kind.key_of(raw.values))
    try:
        read = kind.read(raw.values)
    except BadRow as why:
        return Line(raw, refused(why.reason, why.field, why.others), kind.key_of(raw.values))
    return Line(raw, read, None if isinstance(read, Outcome) else kind.key(read))


def _of_neighbours(line: Line, before: Hashable | None) -> Line:
    """A row that cannot be read and does not say what it belongs to stays with its neighbours.

    It may be the last line of the receipt before it or the first of the one behind: neither is
    taken without it.
    """
    if line.key is None and line.raw.problem is not None and before is not None:
        return msgspec.structs.replace(line, key=before, is_nameless=True)
    return line


def _cut(waiting: Sequence[Line]) -> int:
    """Where the last key begins: it may go on. All, when the last row stands alone."""
    last = waiting[-1].key
    if last is None:
        return len(waiting)
    first = max(0, len(waiting) - GROUP_ROWS_MAX)
    cut = next(i for i in range(first, len(waiting)) if waiting[i].key == last)
    while cut > first and waiting[cut - 1].is_nameless:
        last = waiting[cut - 1].key
        cut = next(i for i in range(first, cut) if waiting[i].key == last)
    return cut


def halves(lines: Sequence[Line]) -> tuple[Sequence[Line], Sequence[Line]] | None:
    """Two parts that share no key where that can be; None for what belongs together."""
    middle = len(lines) // 2
    for cut in (*range(middle, len(lines)), *range(middle - 1, 0, -1)):
        if (
            cut
            and not lines[cut - 1].is_nameless
            and (lines[cut].key is None or lines[cut].key != lines[cut - 1].key)
        ):
            return lines[:cut], lines[cut:]
    return None
