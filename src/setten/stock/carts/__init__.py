"""Carts: one for each customer, on every screen.

A cart stands under the identifier it was filled under; the open carts of all identifiers of a
customer are her cart (`open_of`). So signing in moves nothing, a line is never lost, and a split
takes each line back to whom it came from. Edits from two places commute: `Add` and `Remove` always
do, `SetQty` names the version of the line that it saw.

Whose identifiers belong together, the caller knows. A cart that an outsider reports is evidence on
the timeline and never one of these.
"""

from setten.stock.carts.handing import (
    CODE_LASTS,
    Handed,
    TooManyCartGuesses,
    UnknownCartCode,
    find_by_code,
    find_by_token,
    hand_over,
    let_in,
    take,
)
from setten.stock.carts.leaving import tidy, tidy_all
from setten.stock.carts.model import (
    CHANGES_MAX,
    LINES_MAX,
    METHODS,
    QTY_MAX,
    Add,
    BadCartChange,
    Cart,
    CartFull,
    Change,
    Changed,
    Line,
    LineChanged,
    Remove,
    SetMethod,
    SetQty,
    UnknownCart,
)
from setten.stock.carts.quoting import (
    CURRENCY,
    Problem,
    Quote,
    QuotedLine,
    priced,
    quote,
)
from setten.stock.carts.reading import Listed, find, latest, open_of, owner_of, places_of
from setten.stock.carts.service import change, close, ensure, lock_open, note_refusal

__all__ = [
    "CHANGES_MAX",
    "CODE_LASTS",
    "CURRENCY",
    "LINES_MAX",
    "METHODS",
    "QTY_MAX",
    "Add",
    "BadCartChange",
    "Cart",
    "CartFull",
    "Change",
    "Changed",
    "Handed",
    "Line",
    "LineChanged",
    "Listed",
    "Problem",
    "Quote",
    "QuotedLine",
    "Remove",
    "SetMethod",
    "SetQty",
    "TooManyCartGuesses",
    "UnknownCart",
    "UnknownCartCode",
    "change",
    "close",
    "ensure",
    "find",
    "find_by_code",
    "find_by_token",
    "hand_over",
    "latest",
    "let_in",
    "lock_open",
    "note_refusal",
    "open_of",
    "owner_of",
    "places_of",
    "priced",
    "quote",
    "take",
    "tidy",
    "tidy_all",
]
