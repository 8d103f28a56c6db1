"""Staff: accounts, sign-in, sessions, one-time links."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from setten.platform import db, ids
from setten.platform.auth.model import (
    ROLES,
    Actor,
    BadCredentials,
    LinkUsed,
    LoginTaken,
    WeakPassword,
)
from setten.platform.db import Connection
from setten.platform.errors import Invalid, TooMany

_Q = db.load(__file__)
SESSION_LASTS = timedelta(hours=16)  # a shop's longest day; sign in again each day
SESSION_IDLES = timedelta(hours=4)
LINK_LASTS = timedelta(minutes=30)
PASSWORD_LENGTH_MIN = 10
FAILURES_MAX = 8  # per login within the window; then wait
ADDRESS_FAILURES_MAX = 50  # per address: a whole shop stands behind one
FAILURE_WINDOW = timedelta(minutes=10)
_TOUCH_EVERY = timedelta(minutes=1)  # not a write for each page
_hasher = PasswordHasher()  # argon2id, RFC 9106 low-memory profile
# argon2 takes 64 MiB and a core each time: two at once are enough, the others queue.
_hashing = asyncio.Semaphore(2)

# The words that lists of leaked passwords begin with, reduced to what our length rule lets by.
_COMMON_STEMS = ("password", "qwerty", "12345", "letmein", "welcome", "admin", "iloveyou", "setten")


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff as lists show them."""

    staff_id: uuid.UUID
    login: str
    name: str
    role: str
    locale: str
    created_at: datetime
    disabled_at: datetime | None
    locations: tuple[str, ...]


class UnknownRole(Invalid):
    """There is no such role."""

    code = "unknown_role"


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _check_password(password: str, login: str) -> None:
    plain = password.casefold()
    is_common = any(plain.startswith(stem) for stem in _COMMON_STEMS) and len(plain) < 20
    if (
        len(password) < PASSWORD_LENGTH_MIN
        or is_common
        or len(set(plain)) < 4
        or (login.casefold() in plain)
    ):
        raise WeakPassword(length_min=PASSWORD_LENGTH_MIN)


async def create_staff(
    conn: Connection,
    *,
    login: str,
    name: str,
    role: str,
    now: datetime,
    password: str | None = None,
    locations: Sequence[str] = (),
    locale: str = "ja",
) -> uuid.UUID:
    """Make an account; without a password only a link signs in.

    Raises UnknownRole, WeakPassword, LoginTaken.
    """
    if role not in ROLES:
        raise UnknownRole(role=role[:40], roles=", ".join(ROLES))
    hashed = None
    if password is not None:
        _check_password(password, login)
        hashed = await _slowly(_hasher.hash, password)
    staff_id = await _Q.insert.value(
        conn,
        staff_id=ids.uuid7(),
        login=login,
        name=name,
        password_hash=hashed,
        role=role,
        locale=locale,
        now=now,
    )
    if staff_id is None:
        raise LoginTaken(login=login)
    await set_locations(conn, staff_id, locations)
    return uuid.UUID(str(staff_id))


async def set_locations(conn: Connection, staff_id: uuid.UUID, locations: Sequence[str]) -> None:
    """The shops this person works for, home first; none means all."""
    await _Q.drop_locations.run(conn, staff_id=staff_id)
    if locations:
        await _Q.insert_locations.run(conn, staff_id=staff_id, location_ids=list(locations))


@cache
def _decoy() -> str:
    # An unknown login costs the same time as a wrong password, so that neither can be told.
    return _hasher.hash("no such person")


async def sign_in(
    conn: Connection, login: str, password: str, *, address: str, now: datetime
) -> str | None:
    """A session token, or None when login and password do not fit (the try is counted).

    Answers None instead of raising so that the caller's transaction keeps the counted failure.
    Raises TooMany after too many failures for this login or this address.
    """
    subjects = [_hash_token("login:" + login.casefold()), _hash_token("address:" + address)]
    for subject, most in zip(subjects, (FAILURES_MAX, ADDRESS_FAILURES_MAX), strict=True):
        failed = await _Q.failures.value(conn, subject=subject, since=now - FAILURE_WINDOW)
        if failed >= most:
            raise TooMany(retry_after_s=int(FAILURE_WINDOW.total_seconds()))
    row = await _Q.by_login.maybe(conn, login=login)
    known = row["password_hash"] if row else None
    fits = await _slowly(_verify, known or _decoy(), password)
    if row is None or known is None or not fits:
        for subject in subjects:
            await _Q.note_failure.run(conn, subject=subject, now=now)
        return None
    await _Q.clear_failures.run(conn, subject=subjects[0])
    return await _open_session(conn, row["staff_id"], now)


def _verify(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


async def _slowly(work: object, *args: str) -> object:
    assert callable(work)
    async with _hashing:
        return await asyncio.to_thread(work, *args)


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


async def find_session(conn: Connection, token: str, *, now: datetime) -> Actor | None:
    """Who a session token stands for; None when it ended, idled out or its person was disabled."""
    hashed = _hash_token(token)
    row = await _Q.session.maybe(conn, token_hash=hashed, now=now, idle_since=now - SESSION_IDLES)
    if row is None:
        return None
    if now - row["seen_at"] > _TOUCH_EVERY:
        await _Q.touch_session.run(conn, token_hash=hashed, now=now)
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


async def disable_staff(conn: Connection, staff_id: uuid.UUID, *, now: datetime) -> bool:
    """Close an account and end its sessions; False when it was closed already."""
    ended = await _Q.disable.value(conn, staff_id=staff_id, now=now)
    await _Q.end_sessions_of.run(conn, staff_id=staff_id)
    return ended is not None


async def set_preferences(
    conn: Connection, staff_id: uuid.UUID, *, locale: str | None = None, theme: str | None = None
) -> None:
    """Keep a person's language ("ja", "en") and theme ("system", "light", "dark")."""
    await _Q.set_preferences.run(conn, staff_id=staff_id, locale=locale, theme=theme)


async def list_staff(conn: Connection) -> list[StaffMember]:
    """All members of staff, by name."""
    rows = await _Q.list.all(conn)
    return [StaffMember(**{**dict(row), "locations": tuple(row["locations"])}) for row in rows]


async def tidy(conn: Connection, *, now: datetime) -> None:
    """Drop sessions, links and counted failures that have ended. A job calls this hourly."""
    await _Q.tidy.run(conn, now=now, failures_before=now - FAILURE_WINDOW)
