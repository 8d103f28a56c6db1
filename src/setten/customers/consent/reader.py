"""What events tell of consent: a consent manager's preferences, opt-ins among traits, a click on
"unsubscribe", mail that bounced."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from setten.customers.consent import rules, service
from setten.customers.consent.model import MARKETING, Statement
from setten.customers.consent.service import Q
from setten.facts.reported import ConsentReported, CustomerIdentified, CustomEvent
from setten.platform import clock
from setten.platform.db import Connection
from setten.platform.log import Reader, Row

READER = "consent"
logger = logging.getLogger(__name__)
Now = Callable[[], datetime]
# Events of Segment's email spec, flat: a stop is a withdrawal, the others say that nothing arrives.
_STOPS = {"unsubscribed": "withdrawn", "emailmarkedasspam": "withdrawn"}
_LOSSES = {"emailbounced": "bounced"}
# A body without one of these says nothing of consent; to look for them costs less than to decode.
_CONSENT, _TRAITS, _EVENT = '"consent":', '"traits":', '"event":'


class _Body(msgspec.Struct):
    consent: dict[str, bool] | None = None
    traits: dict[str, Any] = {}
    event: str | None = None


_decode = msgspec.json.Decoder(_Body).decode


def readers(after: Sequence[str], now: Now = clock.now) -> list[Reader]:
    """The reader of this feature. after: whoever says which customer an identifier is."""
    return [Reader(READER, partial(_read, now=now), wants=_may_tell, after=after)]


async def _read(conn: Connection, rows: Sequence[Row], *, now: Now) -> None:
    told = [(row, body) for row in rows if (body := _body(row))]
    statements = [one for row, body in told for one in _statements(row, body)]
    bounced = [row for row, body in told if _flat(body.event) in _LOSSES]
    stopped = [(row, _flat(body.event)) for row, body in told if _flat(body.event) in _STOPS]
    if bounced or stopped:
        statements += await _of_mail(conn, bounced, stopped, now())
    if statements:
        await service.settle(conn, statements, now=now(), by=None)


def _may_tell(row: Row) -> bool:
    """Whether somebody's event can tell of consent, by a word that its body would hold."""
    if not row.identifiers:
        return False
    body = row.body
    if _CONSENT in body:
        return True
    # One after the other, without a loop: this is asked of every event of the log.
    if row.name == CustomerIdentified.event_name:
        return _TRAITS in body
    return row.name == CustomEvent.event_name and (_TRAITS in body or _EVENT in body)


def _body(row: Row) -> _Body | None:
    """As much of an event as can tell of consent; None when it cannot be read."""
    try:
        return _decode(row.body)
    except msgspec.DecodeError:
        logger.warning("event %s at position %d says consent oddly", row.event_id, row.position)
        return None


def _flat(event: str | None) -> str:
    return "".join(c for c in event or "" if c.isalnum()).casefold()


def _statements(row: Row, body: _Body) -> Iterator[Statement]:
    is_said = row.name == ConsentReported.event_name
    for name, value in (body.consent or {}).items():
        about = rules.category(name)
        if about is not None:
            yield _statement(row, about, value, "preferences", is_carried=not is_said)
    if row.name == CustomerIdentified.event_name:
        for name, value in body.traits.items():
            about = rules.opted(name, value)
            if about is not None:
                yield _statement(row, about, value, "traits", is_carried=True)


def _statement(
    row: Row, about: tuple[str, str], value: bool, source: str, *, is_carried: bool
) -> Statement:
    return Statement(
        identifier_id=row.identifiers[0],
        purpose=about[0],
        channel=about[1],
        state="granted" if value else "refused",
        at=row.occurred_at,
        source=source,
        because=row.event_id,
        is_carried=is_carried,
    )


async def _of_mail(
    conn: Connection,
    bounced: Sequence[Row],
    stopped: Sequence[tuple[Row, str]],
    now: datetime,
) -> list[Statement]:
    """Marks addresses that bounced; answers withdrawals, under the address or who pressed."""
    numbers = {one for row in (*bounced, *(row for row, _ in stopped)) for one in row.identifiers}
    rows = await Q.mates.all(conn, identifier_ids=sorted(numbers))
    mails = {row["mate"] for row in rows if row["kind"] == "email"}
    await service.lost(
        conn,
        [
            (number, "email", "bounced", row.occurred_at)
            for row in bounced
            for number in row.identifiers
            if number in mails
        ],
        now=now,
    )
    return [
        Statement(
            identifier_id=next((one for one in row.identifiers if one in mails),
                               row.identifiers[0]),
            purpose=MARKETING,
            channel="email",
            state=_STOPS[event],
            at=row.occurred_at,
            source="event",
            because=row.event_id,
        )
        for row, event in stopped
    ]  # fmt: skip
