"""A release that everybody wants: a line instead of a race, with early access for members.

Its units are set aside for a channel of its own, so that nobody passes the line. Who comes before
the opening stands in an order drawn by lot; who comes later stands behind. A turn is a moment: when
it comes nobody needs to count, and a process that dies takes nothing with it.
"""

from setten.stock.releases.model import (
    COUNTED_MAX,
    GOODS_MAX,
    PAGE_MAX,
    PER_MINUTE_MAX,
    RELEASES_MAX,
    AlreadyOpen,
    CustomerNeeded,
    Goods,
    NotInRelease,
    NotYourTurn,
    Queue,
    Release,
    ReleaseOver,
    Standing,
    Ticket,
    TooManyForOne,
    UnknownRelease,
    UnknownTicket,
)
from setten.stock.releases.service import (
    draw,
    end,
    get,
    join,
    line,
    look,
    open_now,
    page,
    put,
    take,
)

__all__ = [
    "COUNTED_MAX",
    "GOODS_MAX",
    "PAGE_MAX",
    "PER_MINUTE_MAX",
    "RELEASES_MAX",
    "AlreadyOpen",
    "CustomerNeeded",
    "Goods",
    "NotInRelease",
    "NotYourTurn",
    "Queue",
    "Release",
    "ReleaseOver",
    "Standing",
    "Ticket",
    "TooManyForOne",
    "UnknownRelease",
    "UnknownTicket",
    "draw",
    "end",
    "get",
    "join",
    "line",
    "look",
    "open_now",
    "page",
    "put",
    "take",
]
