"""Accounts, entries and balances."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from setten.stock.bands import Band, band_of

# One row of stock: (sku, location_id).
Key: TypeAlias = tuple[str, str]


class Account(IntEnum):
    """Where units are, as a bookkeeper would say; numbered as in `stock.accounts`."""

    supplier = 1
    on_hand = 2
    held = 3
    in_transit = 4
    quarantine = 5
    sold = 6
    returned = 7
    shrinkage = 8
    opening = 9


# The accounts that balances keep; the others are where units come from and go to.
KEPT = (Account.on_hand, Account.held, Account.in_transit, Account.quarantine)


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """One row of stock. Units.

    Kept back from promises: safety, display (on show, sold by the shop itself alone) and allocated
    (set aside for some channel and not yet taken by it).
    """

    sku: str
    location_id: str
    on_hand: int = 0
    held: int = 0
    in_transit: int = 0
    quarantine: int = 0
    safety: int = 0
    display: int = 0
    allocated: int = 0
    shelf: str | None = None

    @property
    def key(self) -> Key:
        """(sku, location_id)."""
        return self.sku, self.location_id

    @property
    def physical(self) -> int:
        """Units that lie there, promised or not."""
        return self.on_hand + self.held

    @property
    def promisable(self) -> int:
        """Units that anybody may still be promised; below zero when more was sold than known."""
        return self.on_hand - self.safety - self.display - self.allocated

    @property
    def band(self) -> Band:
        """The band of what is promisable."""
        return band_of(self.promisable)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Takes qty > 0 units out of one account and puts them into another, at one place."""

    sku: str
    location_id: str
    source: Account
    target: Account
    qty: int
    cause: str
    cause_id: UUID


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the ledger keeps it, for people."""

    entry_id: int
    at: datetime
    source: str
    target: str
    qty: int
    cause: str
    cause_id: UUID


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """A row where two tellings of one number differ. `what`: an account, or open_lines."""

    sku: str
    location_id: str
    what: str
    balance: int
    proven: int
