"""Where each part of an order comes from, and how far it has come.

`plan` asks who could send some goods: feasible places first, with the reason for every exclusion,
then the fewest parcels. A part is opened for each hold of an order (`open_for`); its place moves it
on, or rejects it with a reason that corrects the place's stock, and others are asked. `standing`
is the one answer to "where is my order", over all parts.
"""

from setten.stock.fulfilments.model import (
    OPEN,
    PARCELS_MAX,
    REJECTIONS,
    TEXT_LENGTH_MAX,
    BadFulfilment,
    Candidate,
    Dates,
    Excluded,
    Fulfilment,
    Going,
    Line,
    Plan,
    Sender,
    Share,
    Step,
    UnknownFulfilment,
    Want,
    WrongStep,
)
from setten.stock.fulfilments.reading import (
    PAGE_MAX,
    find_many,
    get,
    of_order,
    of_orders,
    queue,
    senders,
    steps_of,
)
from setten.stock.fulfilments.rules import choose, lacking, standing
from setten.stock.fulfilments.service import open_for, put_senders, step, tell_late
from setten.stock.fulfilments.sourcing import able, look_after, plan, reject, retry

__all__ = [
    "OPEN",
    "PAGE_MAX",
    "PARCELS_MAX",
    "REJECTIONS",
    "TEXT_LENGTH_MAX",
    "BadFulfilment",
    "Candidate",
    "Dates",
    "Excluded",
    "Fulfilment",
    "Going",
    "Line",
    "Plan",
    "Sender",
    "Share",
    "Step",
    "UnknownFulfilment",
    "Want",
    "WrongStep",
    "able",
    "choose",
    "find_many",
    "get",
    "lacking",
    "look_after",
    "of_order",
    "of_orders",
    "open_for",
    "plan",
    "put_senders",
    "queue",
    "reject",
    "retry",
    "senders",
    "standing",
    "step",
    "steps_of",
    "tell_late",
]
