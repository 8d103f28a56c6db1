"""A condition in the words of whoever writes it, read into the one that is kept."""

from __future__ import annotations

from setten.customers.segments.hearing import Scene, clauses
from setten.customers.segments.vocabulary import LANGUAGE
from setten.platform.expressions import Locale, Node


def hear(text: str, locale: Locale, scene: Scene) -> Node:
    """The condition of words: as they are kept, or as people say them.

    scene: the shops by any name that people write them with, and the day of the business. Raises
    what `Language.read_words` raises; `at` is where understanding ended.
    """
    return LANGUAGE.hear(text, locale, (clauses.token(scene),))
