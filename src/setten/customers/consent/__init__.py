"""What people allow: for what, through what, since when, and how we know.

An append-only ledger per identifier; what stands is kept beside it in the same transaction, and
of several identifiers of one person the stricter word stands. `say` writes what somebody says to
us, the reader what events tell. Who may be reached is worked out at the moment it is asked.
"""

from setten.customers.consent.model import (
    CHANNELS,
    KINDS,
    MARKETING,
    SAID_MAX,
    STATES,
    BadConsent,
    Channel,
    Entry,
    Said,
    Standing,
    State,
)
from setten.customers.consent.reader import READER, readers
from setten.customers.consent.service import (
    entries,
    lost,
    regained,
    say,
    standings,
    standings_part,
    standings_told,
)

__all__ = [
    "CHANNELS",
    "KINDS",
    "MARKETING",
    "READER",
    "SAID_MAX",
    "STATES",
    "BadConsent",
    "Channel",
    "Entry",
    "Said",
    "Standing",
    "State",
    "entries",
    "lost",
    "readers",
    "regained",
    "say",
    "standings",
    "standings_part",
    "standings_told",
]
