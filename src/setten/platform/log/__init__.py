"""The log: the spine between the domains.

`append` takes in what others report, deduplicated; `state` writes our own facts inside the
caller's transaction; `Reader` carries a projection forward, result and cursor in one commit;
`wait_for` lets a read name the event it must already include.
"""

from setten.platform.log.model import (
    NO_DAY,
    Cursor,
    Entry,
    EventNotSeen,
    EventRefused,
    Fact,
    Row,
    hash_id,
)
from setten.platform.log.reader import GATHER_CALMLY_S, Reader, lag_of, lags, run, set_aside
from setten.platform.log.service import (
    LATEST_MAX,
    append,
    claim,
    ensure_partitions,
    entries_for,
    entry_for,
    event_at,
    find,
    latest,
    latest_of,
    listed,
    oldest_writer_s,
    row_of,
    state,
    state_all,
    stated,
    wait_for,
    write,
    written,
)

__all__ = [
    "LATEST_MAX",
    "GATHER_CALMLY_S",
    "NO_DAY",
    "Cursor",
    "Entry",
    "EventNotSeen",
    "EventRefused",
    "Fact",
    "Reader",
    "Row",
    "append",
    "claim",
    "ensure_partitions",
    "entries_for",
    "entry_for",
    "event_at",
    "find",
    "latest",
    "latest_of",
    "listed",
    "row_of",
    "hash_id",
    "lag_of",
    "lags",
    "set_aside",
    "oldest_writer_s",
    "run",
    "state",
    "state_all",
    "stated",
    "wait_for",
    "write",
    "written",
]
