"""The audit: who saw or changed what, of whom, when; for those who answer for it.

A person is looked for by what she says (POST, in no address); the list itself carries only her id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery

from setten.console import guard
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.run import tables
from setten.console.shell.sign_in import redirect
from setten.console.words import Words
from setten.customers import identity
from setten.platform import audit, auth, clock, db
from setten.platform.audit import Noted, Sought
from setten.platform.auth import Right
from setten.platform.db import Connection

ROWS = 50
FOUND_MAX = 8
SAID_MAX = 100
HERE = "/run/audit"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in words. reason: as it was written, opened for this reader."""

    entry: Noted
    who: str
    what: str
    person: Person | None
    subject: str
    seen: str
    reason: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What the link of a list says: by, what, whom, and days on the wall clock."""

    by: str = ""
    what: str = ""
    customer: UUID | None = None
    since: date | None = None
    until: date | None = None

    @property
    def query(self) -> str:
        """The same as a query; "" for everything."""
        said = {
            "by": self.by,
            "what": self.what,
            "customer": self.customer or "",
            "since": self.since or "",
            "until": self.until or "",
        }
        return urlencode({key: value for key, value in said.items() if value})


@get("/run/audit", right=Right.read_audit)
async def audit_page(
    request: Asked,
    by: FromQuery[str] = "",
    what: FromQuery[str] = "",
    customer: FromQuery[UUID | None] = None,
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    before: FromQuery[int] = 0,
) -> Response[str]:
    """Entries newest first, by whatever the link says. Looking is noted, too."""
    asked = _filter(by, what, customer, since, until)
    return await _page(request, asked, before=max(0, min(before, 2**62)))


def _filter(by: str, what: str, customer: UUID | None, since: str, until: str) -> Filter:
    return Filter(
        by=_plain(by), what=_plain(what), customer=customer, since=_day(since), until=_day(until)
    )


def _plain(said: str) -> str:
    return said.replace("\x00", "")[:SAID_MAX]


def _day(said: str) -> date | None:
    """A day of the calendar; None for what is none, and for one that no clock can hold."""
    try:
        found = date.fromisoformat(said)
    except ValueError:
        return None
    return found if 2000 <= found.year <= 2200 else None


async def _page(
    request: Asked,
    asked: Filter,
    *,
    before: int = 0,
    found: Sequence[Person] = (),
    said_nobody: bool = False,
) -> Response[str]:
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        names = await _names(conn, page.words())
        entries = await audit.entries(
            conn, await _sought(conn, asked, page), before=before, most=ROWS + 1
        )
        rows = await _rows(conn, deps, page, names, entries[:ROWS])
        actions = await audit.actions(conn)
        whom = None
        if asked.customer is not None:
            whom = (await people.by_id(conn, deps.vault, [asked.customer], page.locale)).get(
                asked.customer
            )
        await audit.note_all(
            conn, page.who, "audit.viewed", at=page.now,
            subjects=[str(row.entry.entry_id) for row in rows], fields=("name", "reason"),
        )  # fmt: skip
    t = page.words()
    view = {
        "rows": rows,
        "asked": asked,
        "whom": whom,
        "found": found,
        "said_nobody": said_nobody,
        "actors": sorted(names.items(), key=lambda one: one[1]),
        "actions": sorted(((one, action_word(one, t)) for one in actions), key=lambda a: a[1]),
        "base": f"{HERE}?{asked.query}" if asked.query else HERE,
        "csv": f"{HERE}.csv?{asked.query}" if asked.query else f"{HERE}.csv",
        "before": before,
        "more": entries[ROWS - 1].entry_id if len(entries) > ROWS else 0,
        "export_max": audit.PAGE_MAX,
    }
    return page.render("run/audit.html", view)


async def _sought(conn: Connection, asked: Filter, page: Page) -> Sought:
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
        since=_midnight(asked.since, page),
        until=_midnight(end, page),
    )


def _midnight(day: date | None, page: Page) -> datetime | None:
    return (
        None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(page.zone))
    )


async def _names(conn: Connection, t: Words) -> dict[str, str]:
    """Labels of everybody who can act, by name."""
    found = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
    for key in await auth.list_keys(conn):
        found[f"key:{key['key_id']}"] = t("audit.key", name=key["name"] or t("keys_page.unnamed"))
    return found | {"system:setten": "Setten"}


async def _rows(
    conn: Connection,
    deps: guard.Deps,
    page: Page,
    names: Mapping[str, str],
    entries: Sequence[Noted],
) -> list[Row]:
    t = page.words()
    ids = list({one.customer_id for one in entries if one.customer_id is not None})
    whose = await people.by_id(conn, deps.vault, ids, page.locale) if ids else {}
    sealed_ids = [one.reason_sealed_id for one in entries if one.reason_sealed_id is not None]
    opened = await deps.vault.open(conn, sealed_ids) if sealed_ids else {}
    bodies = {number: one.values for number, one in opened.items()}
    return [
        Row(
            entry=one,
            who=names.get(one.actor, one.actor),
            what=action_word(one.action, t),
            person=whose.get(one.customer_id) if one.customer_id else None,
            subject=names.get(f"staff:{one.subject}", one.subject or ""),
            seen=t("staff.between").join(_field(name, t) for name in one.fields),
            reason=_reason(one, bodies, t),
        )
        for one in entries
    ]


def action_word(action: str, t: Words) -> str:
    """An action in words; one that has none reads as its code."""
    key = f"deed.{action.replace('.', '_')}"
    return t(key) if t.has(key) else action


def _field(name: str, t: Words) -> str:
    key = f"seen.{name}"
    return t(key) if t.has(key) else name


def _reason(one: Noted, bodies: Mapping[int, Mapping[str, Any]], t: Words) -> str:
    words = ""
    if one.reason_sealed_id is not None:
        body = bodies.get(one.reason_sealed_id)
        words = str(body.get("reason") or "") if body else t("audit.reason_gone")
    code = one.reason or ""
    key = f"opening.why_{code}"
    if code:
        code = t(key) if one.action == "customer.opened" and t.has(key) else code
    return "　".join(part for part in (code, words) if part)


@post("/run/audit/person", status_code=200, right=Right.read_audit)
async def find_person(request: Asked) -> Response[str]:
    """Whom the audit is asked about: by a card, a phone, a mail, a name that somebody says."""
    page, deps = page_of(request), guard.deps_of(request)
    said = _plain(str((await request.form()).get("q") or "").strip())
    async with db.transaction(deps.pool) as conn:
        hits = (await identity.find_by(conn, deps.vault, said))[:FOUND_MAX] if said else ()
        ids = list(dict.fromkeys(one.customer_id for one in hits))
        named = await people.by_id(conn, deps.vault, ids, page.locale) if ids else {}
        await people.note(
            conn, page.who, list(named.values()), action="customers.found", now=clock.now()
        )
    if len(ids) == 1:
        return redirect(f"{HERE}?customer={ids[0]}")
    found = [named.get(one) or Person(one, "", "", f"/customers/{one}") for one in ids]
    return await _page(request, Filter(), found=found, said_nobody=not ids)


@get("/run/audit.csv", right=Right.read_audit)
async def audit_csv(
    request: Asked,
    by: FromQuery[str] = "",
    what: FromQuery[str] = "",
    customer: FromQuery[UUID | None] = None,
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
    before: FromQuery[int] = 0,
) -> Response[str]:
    """The same list to take away, PAGE_MAX at a time: numbers and fields, no name of a customer."""
    page = page_of(request)
    asked = _filter(by, what, customer, since, until)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        names = await _names(conn, page.words())
        found = await audit.entries(
            conn, await _sought(conn, asked, page), before=max(0, min(before, 2**62)),
            most=audit.PAGE_MAX,
        )  # fmt: skip
        await audit.note_all(
            conn, page.who, "audit.exported", at=page.now,
            subjects=[str(one.entry_id) for one in found],
        )  # fmt: skip
    head = ("entry_id", "at", "actor", "actor_name", "action", "customer_id", "subject", "fields",
            "count", "reason")  # fmt: skip
    rows = [
        (one.entry_id, one.at.isoformat(), one.actor, names.get(one.actor, ""), one.action,
         one.customer_id, one.subject, " ".join(one.fields), one.count, one.reason)
        for one in found
    ]  # fmt: skip
    return tables.as_csv("audit", head, rows)
