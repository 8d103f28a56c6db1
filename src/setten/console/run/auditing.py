"""The audit: who saw or changed what, of whom, when; for those who answer for it.

A person is looked for by what she says (POST, in no address); the list itself carries only her id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Response, get, post

from setten.console import guard, lists, paces
from setten.console.customers import people
from setten.console.customers.people import Person
from setten.console.page import Asked, Page, page_of
from setten.console.run.listed import AUDIT, Entry, actor_choices, actors
from setten.console.shell.sign_in import redirect
from setten.console.words import Words
from setten.customers import identity
from setten.platform import audit, clock, db
from setten.platform.audit import Noted
from setten.platform.auth import Right
from setten.platform.db import Connection

FOUND_MAX = 8
SAID_MAX = 100


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in words. reason: as it was written, opened for this reader."""

    entry: Noted
    who: str
    what: str
    person: Person | None
    subject: str
    seen: str
    reason: str


@get("/run/audit", right=Right.read_audit)
async def audit_page(request: Asked) -> Response[str]:
    """Entries by whatever the link says. Looking is noted, too."""
    return await _page(request)


async def _page(
    request: Asked, *, found: Sequence[Person] = (), said_nobody: bool = False
) -> Response[str]:
    look, deps = lists.look(AUDIT, request), guard.deps_of(request)
    page, asked = look.page, look.asked
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        names = await actors(conn, page.words())
        rows = await _rows(conn, deps, page, names, part.rows)
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
        "list": part,
        "rows": rows,
        "asked": asked,
        "whom": whom,
        "found": found,
        "said_nobody": said_nobody,
        "actors": actor_choices(names),
        "actions": sorted(((one, action_word(one, t)) for one in actions), key=lambda a: a[1]),
    }
    return page.render("run/audit.html", view)


async def _rows(
    conn: Connection,
    deps: guard.Deps,
    page: Page,
    names: Mapping[str, str],
    entries: Sequence[Entry],
) -> list[Row]:
    t, noted = page.words(), [one.noted for one in entries]
    ids = list({one.customer_id for one in noted if one.customer_id is not None})
    whose = await people.by_id(conn, deps.vault, ids, page.locale) if ids else {}
    sealed_ids = [one.reason_sealed_id for one in noted if one.reason_sealed_id is not None]
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
        for one in noted
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
    said = str((await request.form()).get("q") or "").strip()[:SAID_MAX].replace("\x00", "")
    await paces.take(deps.pool, page, paces.ASKED)
    async with deps.pool.acquire() as conn:
        hits = (await identity.find_by(conn, deps.vault, said))[:FOUND_MAX] if said else ()
    await paces.take_found(deps.pool, page, hits)
    async with db.transaction(deps.pool) as conn:
        ids = list(dict.fromkeys(one.customer_id for one in hits))
        named = await people.by_id(conn, deps.vault, ids, page.locale) if ids else {}
        await people.note(
            conn, page.who, list(named.values()), action="customers.found", now=clock.now()
        )
    if len(ids) == 1:
        return redirect(f"{AUDIT.path}?customer={ids[0]}")
    found = [named.get(one) or Person(one, "", "", f"/customers/{one}") for one in ids]
    return await _page(request, found=found, said_nobody=not ids)
