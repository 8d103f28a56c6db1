"""A release that everybody wants: a line instead of a race, with early access for members.

Its units are set aside for a channel of its own, so that nobody passes the line. Who comes before
the opening stands in an order drawn by lot; who comes later stands behind. A turn is a moment: when
it comes nobody needs to count, and a process that dies takes nothing with it.
"""

from setten.stock.releases.model import (
    GOODS_MAX,
    PER_MINUTE_MAX,
    RELEASES_MAX,
    CustomerNeeded,
    Goods,
    NotInRelease,
    NotYourTurn,
    Release,
    ReleaseOver,
    Standing,
    Ticket,
    TooManyForOne,
    UnknownRelease,
    UnknownTicket,
)
from setten.stock.releases.service import get, join, look, put, take

__all__ = [
    "GOODS_MAX",
    "PER_MINUTE_MAX",
    "RELEASES_MAX",
    "CustomerNeeded",
    "Goods",
    "NotInRelease",
    "NotYourTurn",
    "Release",
    "ReleaseOver",
    "Standing",
    "Ticket",
    "TooManyForOne",
    "UnknownRelease",
    "UnknownTicket",
    "get",
    "join",
    "look",
    "put",
    "take",
]
