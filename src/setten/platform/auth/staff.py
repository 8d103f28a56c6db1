"""Staff: accounts, the shops they work for, their language and theme."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime

import msgspec

from setten.platform import db, ids
from setten.platform.auth import passwords, sessions
from setten.platform.auth.model import (
    ROLES,
    BadCredentials,
    BadStaff,
    LastAdmin,
    LoginTaken,
    UnknownStaff,
)
from setten.platform.db import Connection
from setten.platform.errors import Invalid

_Q = db.load(__file__)
_LOGIN = re.compile(r"[^\s\x00-\x1f/\\]{1,100}")
NAME_LENGTH_MAX = 100
ADMIN = "admin"


class StaffMember(msgspec.Struct, frozen=True, kw_only=True):
    """A member of staff as lists show them. seen_at: the last use of a session, or when they last
    came in."""

    staff_id: uuid.UUID
    login: str
    name: str
    role: str
    locale: str
    created_at: datetime
    disabled_at: datetime | None
    seen_at: datetime | None
    locations: tuple[str, ...]


class UnknownRole(Invalid):
    """There is no such role."""

    code = "unknown_role"


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

    Raises BadStaff, UnknownRole, WeakPassword, LoginTaken.
    """
    if not _LOGIN.fullmatch(login):
        raise BadStaff(why="login")
    if not name.strip() or len(name) > NAME_LENGTH_MAX or "\x00" in name:
        raise BadStaff(why="name")
    _check_role(role)
    hashed = None
    if password is not None:
        passwords.check(password, said_of=(login, name))
        hashed = await passwords.seal(password)
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


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UnknownRole(role=role[:40], roles=", ".join(ROLES))


async def change_staff(
    conn: Connection, staff_id: uuid.UUID, *, role: str, locations: Sequence[str]
) -> StaffMember:
    """Give somebody another role or other shops, from their next request on; who they were before.

    Raises UnknownRole, UnknownStaff, LastAdmin.
    """
    _check_role(role)
    before = await _find(conn, staff_id)
    if role != ADMIN:
        await _keep_an_admin(conn, staff_id)
    await _Q.set_role.run(conn, staff_id=staff_id, role=role)
    await set_locations(conn, staff_id, locations)
    return before


async def _find(conn: Connection, staff_id: uuid.UUID) -> StaffMember:
    found = next((one for one in await list_staff(conn) if one.staff_id == staff_id), None)
    if found is None:
        raise UnknownStaff()
    return found


async def _keep_an_admin(conn: Connection, without: uuid.UUID) -> None:
    """Somebody must be left who can let others in. Raises LastAdmin."""
    admins = {row["staff_id"] for row in await _Q.lock_admins.all(conn, role=ADMIN)}
    if admins == {without}:
        raise LastAdmin()


async def reopen_staff(conn: Connection, staff_id: uuid.UUID) -> bool:
    """Open a closed account again, with its password; False when it was open."""
    return await _Q.reopen.value(conn, staff_id=staff_id) is not None


async def set_locations(conn: Connection, staff_id: uuid.UUID, locations: Sequence[str]) -> None:
    """The shops this person works for, home first; none means all."""
    await _Q.drop_locations.run(conn, staff_id=staff_id)
    if locations:
        await _Q.insert_locations.run(conn, staff_id=staff_id, location_ids=list(locations))


async def disable_staff(conn: Connection, staff_id: uuid.UUID, *, now: datetime) -> bool:
    """Close an account and end its sessions; False when it was closed already. Raises LastAdmin."""
    await _keep_an_admin(conn, staff_id)
    ended = await _Q.disable.value(conn, staff_id=staff_id, now=now)
    await sessions.end_sessions_of(conn, staff_id)
    return ended is not None


class NewPassword(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was begun: the counted try of the present password, and the next one sealed."""

    attempt: sessions.Attempt
    password: str

    @property
    def needs_present(self) -> bool:
        """Whether there is a password now, which must be given first."""
        return self.attempt.sealed is not None


async def begin_password(
    conn: Connection, staff_id: uuid.UUID, password: str, *, address: str, now: datetime
) -> NewPassword:
    """Look at a new password and count the try; compare the present one with `auth.fits` next.

    Raises WeakPassword, and TooMany as signing in does: a found browser is no way to guess.
    """
    account = await _Q.account.one(conn, staff_id=staff_id)
    passwords.check(password, said_of=(account["login"], account["name"]))
    attempt = await sessions.begin_sign_in(conn, account["login"], address=address, now=now)
    return NewPassword(attempt=attempt, password=password)


async def finish_password(conn: Connection, begun: NewPassword, *, sealed: str, keep: str) -> None:
    """Set it, and end every session but `keep` and every link. Raises BadCredentials."""
    staff_id = begun.attempt.staff_id
    if (
        staff_id is None
        or await _Q.set_password.value(conn, staff_id=staff_id, sealed=sealed) is None
    ):
        raise BadCredentials()
    await sessions.clear_failures(conn, begun.attempt)
    await sessions.end_other_ways_in(conn, staff_id, keep=keep)


async def forget_password(conn: Connection, login: str) -> bool:
    """Take a password back, so that a link can be followed by a new one; False for a stranger."""
    return await _Q.forget_password.value(conn, login=login) is not None


async def set_preferences(
    conn: Connection, staff_id: uuid.UUID, *, locale: str | None = None, theme: str | None = None
) -> None:
    """Keep a person's language ("ja", "en") and theme ("system", "light", "dark")."""
    await _Q.set_preferences.run(conn, staff_id=staff_id, locale=locale, theme=theme)


async def list_staff(conn: Connection) -> list[StaffMember]:
    """All members of staff, by name."""
    rows = await _Q.list.all(conn)
    return [StaffMember(**{**dict(row), "locations": tuple(row["locations"])}) for row in rows]
