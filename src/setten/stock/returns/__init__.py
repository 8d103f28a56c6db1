"""Goods that come back, wherever they were bought, and however: by order, by receipt, by customer.

Never more comes back than was sold, over all earlier returns, whoever races. By their condition the
goods are for sale at once, set aside, or gone; the money goes back the way it came; what is taken
instead is held in the same transaction. Limits are a policy that somebody may overrule with a
reason. What a till takes back itself, without order or card, is matched to its purchase by
`matching`.
"""

from setten.stock.returns import matching
from setten.stock.returns.model import (
    CONDITIONS,
    LINES_MAX,
    QTY_MAX,
    REASONS,
    TEXT_LENGTH_MAX,
    Back,
    BadPolicy,
    BadReturn,
    Line,
    MayNotDecide,
    MoreThanSold,
    NewReturn,
    NotThatPurchase,
    Piece,
    Policy,
    ProofNeeded,
    Purchase,
    Return,
    ReturnTooLate,
    Sold,
    Taken,
    Tendered,
    TillReturn,
    TooManyReturns,
    UnknownPurchase,
    UnknownReturn,
    UnknownTillReturn,
)
from setten.stock.returns.reading import (
    PAGE_MAX,
    by_order,
    by_order_number,
    by_receipt,
    by_receipt_number,
    get,
    latest_at,
    of_customer,
    policy,
)
from setten.stock.returns.service import set_policy, take

__all__ = [
    "CONDITIONS",
    "LINES_MAX",
    "PAGE_MAX",
    "QTY_MAX",
    "REASONS",
    "TEXT_LENGTH_MAX",
    "Back",
    "BadPolicy",
    "BadReturn",
    "Line",
    "MayNotDecide",
    "MoreThanSold",
    "NewReturn",
    "NotThatPurchase",
    "Piece",
    "Policy",
    "ProofNeeded",
    "Purchase",
    "Return",
    "ReturnTooLate",
    "Sold",
    "Taken",
    "Tendered",
    "TillReturn",
    "TooManyReturns",
    "UnknownPurchase",
    "UnknownReturn",
    "UnknownTillReturn",
    "by_order",
    "by_order_number",
    "by_receipt",
    "by_receipt_number",
    "get",
    "latest_at",
    "matching",
    "of_customer",
    "policy",
    "set_policy",
    "take",
]
