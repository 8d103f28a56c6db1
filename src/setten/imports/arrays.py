"""Files that are one array of JSON, as exports write them: read element by element, streamed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

from setten.imports.bounds import LINE_CHARS_MAX, ROW_CHARS_MAX
from setten.imports.model import UnreadableFile

_SPACE = " \t\r\n\ufeff"
_end_of = json.JSONDecoder().raw_decode


def begins(start: str) -> bool:
    """Whether a file that begins so is an array."""
    return start.lstrip(_SPACE)[:1] == "["


def elements(text: io.TextIOWrapper) -> Iterator[str | None]:
    """The elements of an array, each as it is written; None for one that is too long to be taken.

    Several arrays behind each other are read as one. Where no element can be made out nothing
    behind it has a place: raises UnreadableFile.
    """
    rest, number = _Rest(text), 0
    while rest.is_at("["):
        is_first = True
        while not (is_first and rest.is_at("]")):
            number += 1
            yield rest.element(number)
            is_first = False
            if not rest.is_at(","):
                rest.demand("]", number)
                break
    if not rest.is_over():
        raise UnreadableFile(why=f"JSON #{number + 1}")


class _Rest:
    """What is not read yet of a text, a piece of it at hand."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self._piece, self._at, self._has_more = text, "", 0, True

    def element(self, number: int) -> str | None:
        """The next element."""
        self._begin()
        while True:
            end = self._end()
            if end is not None:
                said, self._at = self._piece[self._at : end], end
                return said if len(said) <= LINE_CHARS_MAX else None
            if len(self._piece) - self._at > ROW_CHARS_MAX or not self._more():
                raise UnreadableFile(why=f"JSON #{number}")

    def _end(self) -> int | None:
        """Where the element ends that begins here; None while that cannot be told.

        A number at the end of a piece may go on in the next.
        """
        try:
            end = _end_of(self._piece, self._at)[1]
        except (ValueError, RecursionError):
            return None
        return end if end < len(self._piece) else None

    def is_at(self, sign: str) -> bool:
        """Whether this sign comes next; it is passed then."""
        self._begin()
        if self._piece[self._at : self._at + 1] != sign:
            return False
        self._at += 1
        return True

    def demand(self, sign: str, number: int) -> None:
        """Pass this sign. Raises UnreadableFile where another stands."""
        if not self.is_at(sign):
            raise UnreadableFile(why=f"JSON #{number}")

    def is_over(self) -> bool:
        """Whether nothing more is said."""
        self._begin()
        return self._at == len(self._piece)

    def _begin(self) -> None:
        """Go on to what says something."""
        while True:
            while self._at < len(self._piece) and self._piece[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._piece) or not self._more():
                return

    def _more(self) -> bool:
        """Read on, as much again as is at hand: so what is long is looked at few times."""
        if self._has_more:
            kept = self._piece[self._at :]
            more = self._text.read(max(LINE_CHARS_MAX, len(kept)))
            self._piece, self._at, self._has_more = kept + more, 0, bool(more)
        return self._has_more
