"""What entries do to balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from setten.facts.stock import AvailabilityChanged
from setten.stock.ledger.model import KEPT, Account, Balance, Entry, Key


def deltas(entries: Iterable[Entry]) -> dict[Key, dict[Account, int]]:
    """Change of each kept account by row."""
    changes: dict[Key, dict[Account, int]] = defaultdict(lambda: dict.fromkeys(KEPT, 0))
    for entry in entries:
        change = changes[entry.sku, entry.location_id]
        if entry.source in change:
            change[entry.source] -= entry.qty
        if entry.target in change:
            change[entry.target] += entry.qty
    return dict(changes)


def applied(
    balances: Mapping[Key, Balance], changes: Mapping[Key, Mapping[Account, int]]
) -> dict[Key, Balance]:
    """The rows that change, as they will be."""
    return {key: _after(balances[key], change) for key, change in changes.items()}


def crossings(
    before: Mapping[Key, Balance], after: Mapping[Key, Balance]
) -> list[AvailabilityChanged]:
    """The rows that come into another band."""
    return [
        AvailabilityChanged(sku=sku, location_id=place, band=is_now.band, was=was.band)
        for (sku, place), is_now in after.items()
        if (was := before[sku, place]).band != is_now.band
    ]


def _after(balance: Balance, change: Mapping[Account, int]) -> Balance:
    return msgspec.structs.replace(
        balance,
        on_hand=balance.on_hand + change[Account.on_hand],
        held=balance.held + change[Account.held],
        in_transit=balance.in_transit + change[Account.in_transit],
        quarantine=balance.quarantine + change[Account.quarantine],
    )
