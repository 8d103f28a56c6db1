"""Promises of stock to somebody, until a moment: 取り置き.

`place_many` decides for all callers of a moment under one lock, so that no unit is promised twice.
A hold is picked, becomes ready, and ends once: collected, released, expired, or short when the
units turn out not to be there. One that has run out counts as free at once; `tidy` books it later.

Locks are taken in one order by all verbs: rows of stock (sku, place), then holds (hold_id).
"""

from setten.stock.holds.ending import collect, release, tidy
from setten.stock.holds.handing import (
    REOPEN_WITHIN,
    HandedOver,
    hand_over,
    may_still_reopen,
    pick_and_hand_over,
    reopen,
    unpick,
)
from setten.stock.holds.jobs import remind, tidy_all
from setten.stock.holds.lasting import LOOKED_AT_MAX, SOON, Place, last_while_active, soon_over
from setten.stock.holds.model import (
    LINES_MAX,
    QTY_MAX,
    SHIPMENT,
    TTL_S_DEFAULT,
    TTL_S_MAX,
    Ask,
    BadHold,
    CannotReopen,
    CannotSubstitute,
    Hold,
    HoldEnded,
    HoldLine,
    NobodyToName,
    NotEnoughStock,
    Placed,
    Short,
    TooManyGuesses,
    UnknownGoods,
    UnknownHold,
    UnknownLine,
    WrongCode,
)
from setten.stock.holds.moving import Move, Moved, move
from setten.stock.holds.naming import (
    NAME_LENGTH_MAX,
    HandOver,
    collectors_of,
    hand_over_of,
    name_collector,
    seal_name,
    with_collector,
)
from setten.stock.holds.paying import Payable, Payment, pay, payable
from setten.stock.holds.picking import extend, not_on_shelf, pick
from setten.stock.holds.placing import place, place_many, take_back_due
from setten.stock.holds.reading import (
    PAGE_MAX,
    code_fits,
    collected,
    count_open,
    find_by_code,
    find_by_identifiers,
    find_many,
    forget_old_failures,
    get,
    listed,
    queue,
    waiting_for,
)
from setten.stock.holds.reducing import give_back, withdraw
from setten.stock.holds.rules import Latest, active_since, latest
from setten.stock.holds.scanning import scanned
from setten.stock.holds.shortening import Shortened, shorten
from setten.stock.holds.substituting import (
    AGREED_HOW,
    Substitution,
    Swap,
    substitute,
    substitutions_of,
)

__all__ = [
    "LINES_MAX",
    "PAGE_MAX",
    "QTY_MAX",
    "SHIPMENT",
    "TTL_S_DEFAULT",
    "TTL_S_MAX",
    "Ask",
    "BadHold",
    "Hold",
    "HoldEnded",
    "HoldLine",
    "NotEnoughStock",
    "Payable",
    "Payment",
    "Placed",
    "Short",
    "Shortened",
    "TooManyGuesses",
    "UnknownGoods",
    "UnknownLine",
    "UnknownHold",
    "WrongCode",
    "code_fits",
    "collect",
    "collected",
    "count_open",
    "extend",
    "find_by_code",
    "find_by_identifiers",
    "find_many",
    "forget_old_failures",
    "get",
    "not_on_shelf",
    "pay",
    "payable",
    "pick",
    "pick_and_hand_over",
    "place",
    "place_many",
    "queue",
    "release",
    "shorten",
    "take_back_due",
    "tidy",
    "tidy_all",
    "waiting_for",
    "NAME_LENGTH_MAX",
    "REOPEN_WITHIN",
    "HandedOver",
    "HandOver",
    "collectors_of",
    "give_back",
    "hand_over",
    "hand_over_of",
    "may_still_reopen",
    "name_collector",
    "reopen",
    "scanned",
    "seal_name",
    "unpick",
    "with_collector",
    "withdraw",
    "remind",
    "CannotReopen",
    "CannotSubstitute",
    "NobodyToName",
    "AGREED_HOW",
    "Substitution",
    "Swap",
    "substitute",
    "substitutions_of",
    "Move",
    "Moved",
    "move",
    "LOOKED_AT_MAX",
    "Latest",
    "SOON",
    "Place",
    "active_since",
    "last_while_active",
    "latest",
    "soon_over",
    "listed",
]
