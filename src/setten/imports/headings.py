"""Where the headings of a table begin, and what stands between its cells.

Programs write a name of the list, a date and blank lines above, and spreadsheets a hint of what
parts the cells.
"""

from __future__ import annotations

import io
import re

from setten.imports import bounds
from setten.imports.bounds import LINE_CHARS_MAX

_MARKS = ("\t", ",", ";", "|")
_HINT = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
_BLANK = "\ufeff\r\n \t,"
_ABOVE_MAX = 10  # lines above the headings, and lines of one heading
_PARTED_MIN = 2  # marks of a line that is no title


def found(text: io.TextIOWrapper) -> tuple[list[str], str, int]:
    """The lines read so far from the headings on, the mark between cells, and how many lines stand
    above the headings. Raises UnreadableFile.
    """
    first, above = _first(text)
    hint = _HINT.fullmatch(first.strip("\ufeff\r\n \t"))
    if hint is not None:
        first, more = _first(text)
        above += 1 + more
    ahead = [first]
    while "".join(ahead).count('"') % 2 and len(ahead) < _ABOVE_MAX:
        ahead.append(text.readline(LINE_CHARS_MAX))  # a quoted heading may go on in the next line
    if hint is not None:
        return ahead, hint[1], above
    if not _parted("".join(ahead)):
        titles = _titles(ahead, text)
        above, ahead = above + titles, ahead[titles:]
    return ahead, _parted("".join(ahead[:1])) or _parted("".join(ahead)) or ",", above


def _first(text: io.TextIOWrapper) -> tuple[str, int]:
    """The next line that says something, and how many blank ones stand before it."""
    line, blank = text.readline(LINE_CHARS_MAX), 0
    while line and not line.strip(_BLANK):
        blank = bounds.one_more_blank(blank)
        line = text.readline(LINE_CHARS_MAX)
    return line, blank


def _titles(ahead: list[str], text: io.TextIOWrapper) -> int:
    """How many of these lines stand above the headings, where the first parts nothing; reads on."""
    while len(ahead) < _ABOVE_MAX and (line := text.readline(LINE_CHARS_MAX)):
        ahead.append(line)
        mark = _parted(line)
        if mark and _bare(line).count(mark) >= _PARTED_MIN:
            return len(ahead) - 1
    return 0


def _parted(line: str) -> str:
    """The mark that parts a line; "" where none does."""
    counts = {mark: _bare(line).count(mark) for mark in _MARKS}
    return max(_MARKS, key=lambda mark: counts[mark]) if any(counts.values()) else ""


def _bare(line: str) -> str:
    return _QUOTED.sub("", line)
