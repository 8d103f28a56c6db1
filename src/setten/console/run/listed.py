"""The lists of the run: what each shows, how it is filtered and ordered, what its file tells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from setten.console.formats import midnight
from setten.console.lists import Column, Filter, Line, ListOf, Look, Order, Word
from setten.console.words import Words
from setten.customers import identity
from setten.platform import audit, auth
from setten.platform.audit import Noted, Sought
from setten.platform.auth import Right, StaffMember
from setten.platform.db import Connection, Record

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(msgspec.Struct, frozen=True):
    """An entry of the audit and the name of who did it."""

    noted: Noted
    who: str


class AuditFilter(Filter, frozen=True, kw_only=True):
    """Who, what, whom, and days on the wall clock."""

    by: Word = ""
    what: Word = ""
    customer: UUID | None = None
    since: date | None = None
    until: date | None = None


async def actors(conn: Connection, t: Words) -> dict[str, str]:
    """Labels of everybody who can act, by name."""
    found = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
    for key in await auth.list_keys(conn):
        found[f"key:{key['key_id']}"] = t("audit.key", name=key["name"] or t("keys_page.unnamed"))
    return found | {"system:setten": "Setten"}


async def _entries(conn: Connection, look: Look[AuditFilter, Entry]) -> list[Entry]:
    names = await actors(conn, look.page.words())
    found = await audit.entries(
        conn,
        await _sought(conn, look.asked, look.page.zone),
        past=None if look.after is None else (look.after[0], look.after[1]),
        most=look.most,
        oldest_first=not look.falls,
    )
    return [Entry(one, names.get(one.actor, "")) for one in found]


async def _sought(conn: Connection, asked: AuditFilter, zone: str) -> Sought:
    """The filter for the audit: all ids of the person, days as moments on the wall clock."""
    customers: tuple[UUID, ...] = ()
    if asked.customer is not None:
        gone = await identity.merged_into(conn, asked.customer)
        customers = (asked.customer, *gone)
    end = asked.until + timedelta(days=1) if asked.until else None
    return Sought(
        actor=asked.by,
        action=asked.what,
        customers=customers,
        since=midnight(asked.since, zone),
        until=midnight(end, zone),
    )


# The file tells numbers and fields; who a customer is, and words that somebody wrote, stay here.
AUDIT = ListOf[AuditFilter, Entry](
    name="audit",
    audit="audit.exported",
    path="/run/audit",
    file="/run/audit.csv",
    right=Right.read_audit,
    filters=AuditFilter,
    sort="-at",
    fetch=_entries,
    ident=lambda one: str(one.noted.entry_id),
    columns=(
        Column(name="entry_id", told=lambda one, _: one.noted.entry_id),
        Column(
            name="at",
            word="audit.when",
            told=lambda one, _: one.noted.at.isoformat(),
            order=Order(lambda one: (one.noted.at, one.noted.entry_id), (datetime, int)),
            falls=True,
        ),
        Column(name="actor", told=lambda one, _: one.noted.actor),
        Column(name="actor_name", word="audit.by", told=lambda one, _: one.who),
        Column(name="action", word="audit.what", told=lambda one, _: one.noted.action),
        Column(name="customer_id", word="audit.whom", told=lambda one, _: one.noted.customer_id),
        Column(name="subject", told=lambda one, _: one.noted.subject),
        Column(name="fields", word="audit.fields", told=lambda one, _: " ".join(one.noted.fields)),
        Column(name="count", told=lambda one, _: one.noted.count),
        Column(name="reason", word="audit.reason", told=lambda one, _: one.noted.reason),
    ),
)


class StaffFilter(Filter, frozen=True, kw_only=True):
    """A piece of a name or a login, a role, a shop."""

    q: Word = ""
    role: Word = ""
    at: Word = ""


async def _staff(conn: Connection, look: Look[StaffFilter, StaffMember]) -> Sequence[StaffMember]:
    return await auth.list_staff(conn)


def _is_sought(one: StaffMember, asked: StaffFilter) -> bool:
    said = asked.q.strip().casefold()
    return (
        (not said or said in one.name.casefold() or said in one.login.casefold())
        and asked.role in ("", one.role)
        and (not asked.at or not one.locations or asked.at in one.locations)
    )


def _shops(one: StaffMember, line: Line) -> str:
    return " ".join(line.names(place) for place in one.locations)


STAFF = ListOf[StaffFilter, StaffMember](
    name="staff",
    audit="staff.exported",
    path="/run/staff",
    file="/run/staff.csv",
    right=Right.manage_staff,
    filters=StaffFilter,
    is_whole=True,
    sort="name",
    fetch=_staff,
    keeps=_is_sought,
    ident=lambda one: str(one.staff_id),
    beside=("said",),
    columns=(
        Column(name="staff_id", told=lambda one, _: one.staff_id),
        Column(
            name="name",
            word="staff.name",
            told=lambda one, _: one.name,
            order=Order(lambda one: (one.disabled_at is not None, one.name)),
        ),
        Column(
            name="login",
            word="staff.login",
            told=lambda one, _: one.login,
            order=Order(lambda one: (one.login,)),
        ),
        Column(
            name="role",
            word="staff.role",
            told=lambda one, _: one.role,
            order=Order(lambda one: (one.role, one.name)),
        ),
        Column(name="locations", told=_shops),
        Column(
            name="seen_at",
            word="staff.seen",
            told=lambda one, _: one.seen_at,
            order=Order(lambda one: (one.seen_at or NEVER,)),
            falls=True,
        ),
        Column(name="created_at", told=lambda one, _: one.created_at),
        Column(name="disabled_at", told=lambda one, _: one.disabled_at),
    ),
)


class KeyFilter(Filter, frozen=True, kw_only=True):
    """Those that work, or those that were closed."""

    only: Literal["", "open", "closed"] = ""


async def _keys(conn: Connection, look: Look[KeyFilter, Record]) -> Sequence[Record]:
    return await auth.list_keys(conn)


KEYS = ListOf[KeyFilter, Record](
    name="keys",
    audit="keys.exported",
    path="/run/keys",
    file="/run/keys.csv",
    right=Right.manage_staff,
    filters=KeyFilter,
    is_whole=True,
    sort="-created_at",
    fetch=_keys,
    keeps=lambda one, asked: (
        not asked.only or (one["revoked_at"] is None) == (asked.only == "open")
    ),
    ident=lambda one: str(one["key_id"]),
    beside=("said",),
    columns=(
        Column(name="key_id", told=lambda one, _: one["key_id"]),
        Column(
            name="name",
            word="keys_page.name",
            told=lambda one, _: one["name"],
            order=Order(lambda one: (one["name"] or "",)),
        ),
        Column(
            name="scope",
            word="keys_page.scope",
            told=lambda one, _: one["scope"],
            order=Order(lambda one: (one["scope"],)),
        ),
        Column(
            name="created_at",
            word="keys_page.made_at",
            told=lambda one, _: one["created_at"],
            order=Order(lambda one: (one["created_at"],)),
            falls=True,
        ),
        Column(name="revoked_at", told=lambda one, _: one["revoked_at"]),
    ),
)


def actor_choices(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Who can be chosen in the audit: (label, name), by name."""
    return sorted(names.items(), key=lambda one: one[1])
