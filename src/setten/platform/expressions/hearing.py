"""Words as people type them, made even before they are read: full-width digits and letters,
half-width kana, spaces. What stands between quotation marks stays as it is."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import msgspec

from setten.platform.expressions.model import Node
from setten.platform.expressions.phrases import Listing, Phrase
from setten.platform.expressions.vocabulary import Locale

_QUOTES = {"ja": ("「", "」"), "en": ('"', '"')}
# Brackets of the other width; NFKC would make narrow ones of all.
_WIDE = {"(": "（", ")": "）"}
_MARKS = "\uff9e\uff9f"  # half-width voicing, which belongs to the letter before


class Heard(msgspec.Struct, frozen=True):
    """What a domain's people say besides the words that expressions are written in: phrases that
    only read, and lists with other joiners (in the place of those of the same category).

    filled: what was read of a text, made whole: people leave out what they have just said. Raises
    Unreadable.
    """

    phrases: tuple[Phrase, ...] = ()
    lists: tuple[Listing, ...] = ()
    filled: Callable[[Node, str], Node] = lambda node, text: node


def even(text: str, locale: Locale) -> tuple[str, list[int]]:
    """(the text made even, for each of its characters and its end the place in what was typed)."""
    opens, closes = _QUOTES[locale]
    said: list[str] = []
    places: list[int] = []
    begun = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    place, is_quoted = begun, False
    while place < end:
        taken = 2 if place + 1 < end and text[place + 1] in _MARKS else 1
        piece = text[place : place + taken]
        if is_quoted or piece in (opens, closes):
            is_quoted = piece != closes if is_quoted else piece == opens
        else:
            piece = _even(piece, locale)
        said.append(piece)
        places += [place] * len(piece)
        place += taken
    return "".join(said), [*places, end]


def _even(piece: str, locale: Locale) -> str:
    if locale == "ja" and piece in ("（", "）", "(", ")"):
        return _WIDE.get(piece, piece)
    return unicodedata.normalize("NFKC", piece)
