"""Rows with fewer cells than the table has headings: empty cells at the end, or a torn row.

Spreadsheets leave the empty cells at the end of a row away. But where a cell has a line break
without quotes, one row becomes two short ones, and the second would be somebody who is nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

PARTS_MAX = 5  # of a torn row: an address has as many lines
_WORDY_MIN = 3  # headings; below so many, a line of one cell may well be a row


class Cells(msgspec.Struct, frozen=True, gc=False):
    """The cells of one row. problem: a code, where they are no row. weight: as Raw has it."""

    number: int
    cells: list[str]
    weight: int
    problem: str | None = None


def judged(rows: Iterable[Cells], width: int) -> Iterator[Cells]:
    """The same rows, in order; of short ones those refused that are parts of a torn one.

    Two to PARTS_MAX short rows between whole ones are torn when their cells, put together at the
    breaks, make one row. A longer run of short rows is a table without its last cells.
    """
    held: list[Cells] = []
    is_run = False
    for row in rows:
        if row.problem is not None or len(row.cells) >= width:
            yield from _settled(held, width)
            held, is_run = [], False
            yield row
        elif is_run:
            yield _alone(row, width)
        else:
            held.append(row)
            is_run = len(held) > PARTS_MAX
            if is_run:
                yield from (_alone(one, width) for one in held)
                held = []
    yield from _settled(held, width)


def _settled(held: list[Cells], width: int) -> Iterator[Cells]:
    breaks = len(held) - 1
    is_torn = breaks > 0 and sum(len(one.cells) for one in held) == width + breaks
    for one in held:
        yield msgspec.structs.replace(one, problem="torn_row") if is_torn else _alone(one, width)


def _alone(row: Cells, width: int) -> Cells:
    """A line of one cell is a title, a sum or a torn row, where there are several headings."""
    if len(row.cells) == 1 and width >= _WORDY_MIN:
        return msgspec.structs.replace(row, problem="too_few_cells")
    return row
