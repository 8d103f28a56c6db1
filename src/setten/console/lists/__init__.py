"""Lists of the console: each is declared once, and so searched, filtered, sorted, paged and taken
away in one way.

What a list shows stands in its link: filters, order, where it goes on. A page reads its link with
`look`, its rows with `part`, and draws head, order, further pages and export with the macros of
`parts/lists.html`; the cells are its own. `taken_away` is the file of the same rows. Only columns
whose order an index serves can be sorted, or those of a list that is held in memory (`is_whole`).
"""

from setten.console.lists.model import (
    Column,
    Filter,
    Line,
    ListOf,
    Look,
    Order,
    PlaceGone,
    UnknownFilter,
    Word,
)
from setten.console.lists.parts import Head, Part, part
from setten.console.lists.reading import look
from setten.console.lists.taking import taken_away

__all__ = [
    "Column",
    "Filter",
    "Head",
    "Line",
    "ListOf",
    "Look",
    "Order",
    "Part",
    "PlaceGone",
    "UnknownFilter",
    "Word",
    "look",
    "part",
    "taken_away",
]
