"""What travels through ingest, and the refusals a client may meet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from setten.facts.ids import SourceId
from setten.platform.errors import Conflict, Denied, Invalid, NotFound, TooMany, Unauthenticated

# STANDARDS 3: the limits that the clients themselves keep to.
EVENT_BYTES_MAX = 32 * 1024
BATCH_BYTES_MAX = 500 * 1024
BATCH_EVENTS_MAX = 2_500
# We read somewhat further than a client may go, to answer with a reason instead of hanging up.
BODY_BYTES_MAX = 2 * BATCH_BYTES_MAX
MESSAGE_ID_LENGTH_MAX = 99
EVENT_NAME_LENGTH_MAX = 200
RETRY_AFTER_S_MAX = 300  # clients wait no longer


class BadBody(Invalid):
    """The body is not JSON of a known shape."""

    code = "bad_body"


class BatchTooLarge(Invalid):
    """More bytes or events than one request may carry."""

    code = "batch_too_large"


class EventTooLarge(Invalid):
    """One event has more than 32 KB."""

    code = "event_too_large"


class BodyTooLarge(Invalid):
    """The body is larger than we read at all, as sent or unpacked."""

    code = "body_too_large"


class UnknownWriteKey(Unauthenticated):
    """No write key, or one that no open source has."""

    code = "unknown_write_key"


class OriginRefused(Denied):
    """This source takes nothing from pages of that origin."""

    code = "origin_refused"


class TooManyEvents(TooMany):
    """The source sends more than its rate."""

    code = "too_many_events"


class SourceNotFound(NotFound):
    """There is no such source."""

    code = "source_not_found"


class LetterNotFound(NotFound):
    """There is no such dead letter."""

    code = "dead_letter_not_found"


class LetterEnded(Conflict):
    """The dead letter was replayed or discarded already."""

    code = "dead_letter_ended"


class StillBad(Conflict):
    """The mended event still cannot be taken in."""

    code = "still_bad"


class BadEvent(Exception):
    """Why one event cannot be taken in: a stable reason, and the field, never its value."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason, field)
        self.reason = reason
        self.field = field


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where events come from. rate_per_s: events a second over all workers."""

    source_id: SourceId
    name: str
    channel: str
    system: str
    is_record: bool
    currency: str
    origins: tuple[str, ...]
    rate_per_s: int
    created_at: datetime
    revoked_at: datetime | None


class WriteKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key of a source; works until `ends_at`."""

    write_key: str
    source_id: SourceId
    created_at: datetime
    ends_at: datetime | None


class Said(msgspec.Struct, frozen=True):
    """One event as bytes of JSON, and the call it came by when the path tells it."""

    raw: bytes
    type: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One request: who sent it, from where, and the events in it.

    context, integrations: of the batch; they stand under each event's own. ip: of a browser.
    """

    write_key: str
    events: tuple[Said, ...]
    received_at: datetime
    sent_at: datetime | None = None
    context: dict[str, Any] | None = None
    integrations: dict[str, Any] | None = None
    origin: str | None = None
    ip: str | None = None


class Event(msgspec.Struct, rename="camel", gc=False):
    """One event as a client says it, any value anywhere.

    Context and properties stay bytes until it is known whether they were read before.
    """

    type: Any = None
    message_id: Any = None
    timestamp: Any = None
    original_timestamp: Any = None
    sent_at: Any = None
    user_id: Any = None
    anonymous_id: Any = None
    previous_id: Any = None
    group_id: Any = None
    event: Any = None
    name: Any = None
    category: Any = None
    traits: Any = None
    integrations: Any = None
    context: msgspec.Raw = msgspec.Raw()
    properties: msgspec.Raw = msgspec.Raw()


class Taken(msgspec.Struct, frozen=True):
    """What became of a delivery's events: new, already known, kept as dead letters."""

    new: int
    repeated: int
    refused: int


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter as a list shows it: never its words."""

    dead_letter_id: int
    received_at: datetime
    source_id: SourceId | None
    reason: str
    field: str | None
    ended_at: datetime | None
    ended_by: str | None
    ending: str | None
