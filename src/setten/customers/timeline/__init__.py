"""What each has done: one line per event, counters, purchases.

Rows stand under the strongest identifier that the event happened under; a customer's timeline is
the union over her identifiers at reading, so that a merge or a split rewrites nothing. One purchase
told by a tag, a webhook and a till counts once: reports of it are folded into what stock states.
"""

from setten.customers.timeline.model import Event, Item, Page, Purchase
from setten.customers.timeline.reader import READER, readers
from setten.customers.timeline.rebuilding import rebuild
from setten.customers.timeline.rules import (
    HIDDEN,
    ORDER_KEY,
    RANK_VOID,
    Told,
    fact_of,
    summary,
    summary_of,
    told,
)
from setten.customers.timeline.service import (
    PAGE_MAX,
    BadCursor,
    EventNotFound,
    copies,
    counts_by_channel,
    event,
    last_done,
    news_cursor,
    page,
    purchases,
    since,
)

__all__ = [
    "HIDDEN",
    "ORDER_KEY",
    "PAGE_MAX",
    "RANK_VOID",
    "READER",
    "BadCursor",
    "Event",
    "EventNotFound",
    "Item",
    "Page",
    "Purchase",
    "Told",
    "copies",
    "counts_by_channel",
    "event",
    "fact_of",
    "last_done",
    "news_cursor",
    "page",
    "purchases",
    "readers",
    "rebuild",
    "since",
    "summary",
    "summary_of",
    "told",
]
