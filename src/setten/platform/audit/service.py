"""Writing and reading audit entries. Entries name numbers and fields, never personal values."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from setten.platform import db
from setten.platform.auth.model import Actor
from setten.platform.db import Connection

_Q = db.load(__file__)
_REASON_CODE = re.compile(r"[a-z0-9_]{1,60}")
_encode = msgspec.json.Encoder().encode


class Noted(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as lists show it."""

    entry_id: int
    at: datetime
    actor: str
    action: str
    subject: str | None
    fields: tuple[str, ...]
    reason: str | None
    reason_sealed_id: int | None
    count: int | None
    customer_id: uuid.UUID | None = None
    """Whom it is about, where the list is not of one customer."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody saw `fields` of a customer. action: `noun.verb`, past tense."""

    actor: Actor
    action: str
    customer_id: uuid.UUID
    fields: Sequence[str]


async def note_views(conn: Connection, views: Sequence[View], *, at: datetime) -> None:
    """Note views of different customers by different actors, an entry each, in one statement."""
    if views:
        await _Q.insert_views.run(
            conn,
            at=at,
            actors=[one.actor.label for one in views],
            actions=[one.action for one in views],
            customer_ids=[one.customer_id for one in views],
            fields=[_encode(one.fields).decode() for one in views],
        )


async def note(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    customer_id: uuid.UUID | None = None,
    subject: str | None = None,
    fields: Sequence[str] = (),
    reason: str | None = None,
    reason_sealed_id: int | None = None,
    request_id: str | None = None,
) -> None:
    """Note one view or change.

    action: `noun.verb`, past tense. subject: an id, never a value. reason: a code; what a person
    wrote as a reason goes to the vault first, and `reason_sealed_id` here.
    """
    assert reason is None or _REASON_CODE.fullmatch(reason), "free text belongs in the vault"
    await _Q.insert.run(
        conn,
        at=at,
        actor=actor.label,
        action=action,
        customer_id=customer_id,
        subject=subject,
        fields=list(fields),
        reason=reason,
        reason_sealed_id=reason_sealed_id,
        count=None,
        list_hash=None,
        request_id=request_id,
    )


async def note_all(
    conn: Connection,
    actor: Actor,
    action: str,
    *,
    at: datetime,
    subjects: Sequence[str],
    fields: Sequence[str] = (),
    request_id: str | None = None,
) -> None:
    """Note a read of many as one entry: how many, and a hash of the sorted list."""
    digest = hashlib.sha256("\n".join(sorted(subjects)).encode()).digest()
    await _Q.insert.run(
        conn,
        at=at,
        actor=actor.label,
        action=action,
        customer_id=None,
        subject=None,
        fields=list(fields),
        reason=None,
        reason_sealed_id=None,
        count=len(subjects),
        list_hash=digest,
        request_id=request_id,
    )


async def of_customer(
    conn: Connection, customer_id: uuid.UUID, *, before: int = 2**62, most: int = 50
) -> list[Noted]:
    """The newest entries about a customer."""
    rows = await _Q.of_customer.all(conn, customer_id=customer_id, before=before, most=most)
    return [Noted(**{**dict(row), "fields": tuple(row["fields"])}) for row in rows]
