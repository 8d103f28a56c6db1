"""Coming in: by password, by a link that works once; sessions and their end.

A password is tried in three steps, because the slow one must hold no connection and tries made at
the same moment must count each other: `begin_sign_in` counts the try, `fits` compares, and
`finish_sign_in` takes the count back and opens the session.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

import msgspec

from setten.platform import db, ids
from setten.platform.auth import passwords
from setten.platform.auth.model import Actor, BadCredentials, LinkUsed
from setten.platform.db import Connection
from setten.platform.errors import TooMany

_Q = db.load(__file__)
SESSION_LASTS = timedelta(hours=16)  # a shop's longest day; sign in again each day
SESSION_IDLES = timedelta(hours=4)
LINK_LASTS = timedelta(minutes=30)
FAILURES_MAX = 8  # per login within the window; then wait
ADDRESS_FAILURES_MAX = 50  # per address: a whole shop stands behind one
FAILURE_WINDOW = timedelta(minutes=10)
_TOUCH_EVERY = timedelta(minutes=1)  # not a write for each page


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One counted try of a password. staff_id and sealed are None for a stranger."""

    staff_id: uuid.UUID | None
    sealed: str | None
    login_hash: bytes
    address_hash: bytes
    at: datetime


async def begin_sign_in(
    conn: Connection, login: str, *, address: str, now: datetime, asker: str = ""
) -> Attempt:
    """Count a try for this login from this address.

    asker: on whose screen it is typed when it is no sign-in; such tries are that person's own, and
    shut nobody out of signing in. Raises TooMany when there were too many for either; that one is
    not counted.
    """
    login_hash = _hash_token(f"asker:{asker}" if asker else "login:" + login.casefold())
    address_hash = _hash_token("address:" + address)
    for subject, most in ((login_hash, FAILURES_MAX), (address_hash, ADDRESS_FAILURES_MAX)):
        await _Q.one_at_a_time.run(conn, subject=subject)
        tried = await _Q.failures.value(conn, subject=subject, since=now - FAILURE_WINDOW)
        if tried >= most:
            raise TooMany(retry_after_s=int(FAILURE_WINDOW.total_seconds()))
        await _Q.note_failure.run(conn, subject=subject, now=now)
    row = await _Q.by_login.maybe(conn, login=login)
    return Attempt(
        staff_id=row["staff_id"] if row else None,
        sealed=row["password_hash"] if row else None,
        login_hash=login_hash,
        address_hash=address_hash,
        at=now,
    )


async def fits(attempt: Attempt, password: str) -> bool:
    """Whether this password opens it; as slow for a stranger. Hold no connection meanwhile."""
    right = await passwords.fits(attempt.sealed, password)
    return right and attempt.sealed is not None


async def finish_sign_in(conn: Connection, attempt: Attempt, *, now: datetime) -> str:
    """A session token after a try that fits. Raises BadCredentials when closed meanwhile."""
    if attempt.staff_id is None or not await _Q.is_open.value(conn, staff_id=attempt.staff_id):
        raise BadCredentials()
    await clear_failures(conn, attempt)
    return await _open_session(conn, attempt.staff_id, now)


async def _open_session(conn: Connection, staff_id: uuid.UUID, now: datetime) -> str:
    token = ids.token()
    await _Q.insert_session.run(
        conn,
        token_hash=_hash_token(token),
        staff_id=staff_id,
        now=now,
        expires_at=now + SESSION_LASTS,
    )
    return token


async def issue_link(conn: Connection, login: str, *, now: datetime) -> str:
    """A one-time sign-in token for a member of staff. Raises BadCredentials for a stranger."""
    staff_id = await _Q.id_by_login.value(conn, login=login)
    if staff_id is None:
        raise BadCredentials()
    token = ids.token()
    await _Q.insert_link.run(
        conn, token_hash=_hash_token(token), staff_id=staff_id, expires_at=now + LINK_LASTS
    )
    return token


async def sign_in_by_link(conn: Connection, token: str, *, now: datetime) -> str:
    """A session token for a one-time link. Raises LinkUsed."""
    staff_id = await _Q.use_link.value(conn, token_hash=_hash_token(token), now=now)
    if staff_id is None:
        raise LinkUsed()
    return await _open_session(conn, staff_id, now)


async def vouch(conn: Connection, attempt: Attempt) -> Actor:
    """Who stands behind a try that fits, without a session: to approve one thing beside somebody.

    Raises BadCredentials when closed meanwhile.
    """
    row = await _Q.person.maybe(conn, staff_id=attempt.staff_id)
    if row is None:
        raise BadCredentials()
    await clear_failures(conn, attempt)
    return _actor(row)


async def find_session(
    conn: Connection, token: str, *, now: datetime, is_use: bool = True
) -> Actor | None:
    """Who a session token stands for; None when it ended, idled out or its person was disabled.

    is_use: whether somebody is at work; a page that asks by itself keeps no session awake.
    """
    hashed = _hash_token(token)
    row = await _Q.session.maybe(conn, token_hash=hashed, now=now, idle_since=now - SESSION_IDLES)
    if row is None:
        return None
    if is_use and now - row["seen_at"] > _TOUCH_EVERY:
        await _Q.touch_session.run(conn, token_hash=hashed, now=now)
    return _actor(row)


def _actor(row: db.Record) -> Actor:
    return Actor(
        kind="staff",
        id=str(row["staff_id"]),
        name=row["name"],
        role=row["role"],
        locale=row["locale"],
        theme=row["theme"],
        locations=tuple(row["locations"]),
    )


async def sign_out(conn: Connection, token: str) -> None:
    """End a session for good."""
    await _Q.end_session.run(conn, token_hash=_hash_token(token))


async def end_sessions_of(conn: Connection, staff_id: uuid.UUID) -> None:
    """Sign a person out everywhere."""
    await _Q.end_sessions_of.run(conn, staff_id=staff_id)


async def end_other_ways_in(conn: Connection, staff_id: uuid.UUID, *, keep: str) -> None:
    """Sign a person out everywhere but in session `keep`, and close links not used yet."""
    await _Q.end_other_sessions_of.run(conn, staff_id=staff_id, token_hash=_hash_token(keep))
    await _Q.drop_links_of.run(conn, staff_id=staff_id)


async def clear_failures(conn: Connection, attempt: Attempt) -> None:
    """Take back the count of a try that fitted."""
    await _Q.clear_failures.run(
        conn, login_hash=attempt.login_hash, address_hash=attempt.address_hash, at=attempt.at
    )


async def tidy(conn: Connection, *, now: datetime) -> None:
    """Drop sessions, links and counted failures that have ended. A job calls this hourly."""
    await _Q.tidy.run(conn, now=now, failures_before=now - FAILURE_WINDOW)


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
