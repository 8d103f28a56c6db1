"""The ledger: append-only, two-sided, and the balances it keeps in the same transaction.

Each entry takes units out of one account and puts them into another at one place, so that the sum
over all accounts is always zero. Nothing else writes balances. Callers `lock` the rows they will
touch (one order for all, so nobody waits in a circle), decide, then `post`.
"""

from setten.stock.ledger.model import Account, Balance, Drift, Entry, Key, Posted
from setten.stock.ledger.proof import Progress, Proof, reconcile, take_time
from setten.stock.ledger.service import (
    ENTRIES_PAGE_MAX,
    Posting,
    balances_among,
    balances_at,
    balances_of,
    by_place,
    displayed_at,
    ensure,
    entries_of,
    lock,
    post,
    posted,
    preview,
    put_shelves,
    state_crossings,
    totals_of,
    untouched,
)

__all__ = [
    "ENTRIES_PAGE_MAX",
    "Account",
    "Balance",
    "Drift",
    "Entry",
    "Key",
    "Posted",
    "Posting",
    "Progress",
    "Proof",
    "balances_among",
    "balances_at",
    "balances_of",
    "by_place",
    "displayed_at",
    "ensure",
    "entries_of",
    "lock",
    "post",
    "posted",
    "preview",
    "put_shelves",
    "reconcile",
    "state_crossings",
    "take_time",
    "totals_of",
    "untouched",
]
