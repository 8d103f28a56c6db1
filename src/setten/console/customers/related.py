"""Whom a customer has to do with: seen on her page, written down, ended. Never a merge."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from setten.console import guard, paces
from setten.console.customers import people, view
from setten.console.customers.links import CANDIDATES_MAX, Shown
from setten.console.customers.people import Person
from setten.console.customers.record import reason_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import identity, profiles, relations
from setten.customers.relations import Kind, Role
from setten.facts.ids import CustomerId
from setten.platform import auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid

NAMED_MAX = 50
"""Related people whose names are opened for one page; who referred a whole class has more."""

SHOWN_FIRST = 4
"""A family; the others fold away."""

# role → (kind, whether she is the first of the two).
ROLES: dict[Role, tuple[Kind, bool]] = {
    "together": ("household", True),
    "gives": ("gift_giver", True),
    "receives": ("gift_giver", False),
    "refers": ("referrer", True),
    "was_referred": ("referrer", False),
}


class NoRole(Invalid):
    """A relation was asked for without saying which, or with whom."""

    code = "no_relation_chosen"


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """One relation from her side."""

    relation_id: UUID
    role: Role
    who: Person
    made_at: datetime


async def shown(
    conn: Connection, deps: guard.Deps, page: Page, customer_id: UUID, numbers: Collection[int]
) -> dict[str, object]:
    """Her relations with the names of the others, the oldest first. Looking is noted."""
    found = (await relations.of_many(conn, numbers)).get(CustomerId(customer_id), ())
    ids = list(dict.fromkeys(one.other for one in found[:NAMED_MAX]))
    named = await people.by_id(conn, deps.vault, ids, page.locale) if ids else {}
    await people.note(conn, page.who, list(named.values()), action="relations.viewed", now=page.now)
    rows = [
        Related(
            relation_id=one.relation_id,
            role=one.role,
            who=named.get(one.other) or Person(one.other, "", "", f"/customers/{one.other}"),
            made_at=one.made_at,
        )
        for one in found
    ]
    return {"related": rows[:SHOWN_FIRST], "related_more": rows[SHOWN_FIRST:]}


@get("/customers/{customer_id:uuid}/relations/new", right=Right.write_notes)
async def start(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """The same without an answer yet: for who came without scripts."""
    return await _candidates(request, customer_id, "")


@post("/customers/{customer_id:uuid}/relations/new", right=Right.write_notes)
async def seek(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Who the other may be: by a card, a phone, a name that somebody says."""
    said = str((await request.form()).get("said") or "").strip()
    return await _candidates(request, customer_id, said)


async def _candidates(request: Asked, customer_id: UUID, said: str) -> Response[str]:
    page, deps = page_of(request), guard.deps_of(request)
    auth.require(page.who, Right.write_notes)
    if said:
        await paces.take(deps.pool, page, paces.ASKED)
    async with db.transaction(deps.pool) as conn:
        mine = await profiles.get(conn, deps.vault, customer_id)
        hits = await identity.find_by(conn, deps.vault, said) if said else ()
        others = [one.customer_id for one in hits if one.customer_id != mine.customer_id]
        found = await profiles.get_many(conn, deps.vault, others[:CANDIDATES_MAX])
        await people.note(
            conn, page.who, [view.who(one, page) for one in (mine, *found)],
            action="customers.found", now=page.now,
        )  # fmt: skip
    await paces.take_found(deps.pool, page, hits)
    t = page.words()
    candidates = [
        Shown(who=view.who(one, page), clues=view.clues(one.identifiers, t)) for one in found
    ]
    state = {
        "mine": view.who(mine, page),
        "others": candidates,
        "is_more": len(others) > CANDIDATES_MAX,
        "was_asked": bool(said),
        "roles": list(ROLES),
    }
    return page.render("customers/relating.html", state)


@post("/customers/{customer_id:uuid}/relations", right=Right.write_notes)
async def relate(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Write a relation down; a remark is sealed, the rest is in the audit."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    other, kind, is_first = _asked(form)
    one, far = (customer_id, other) if is_first else (other, customer_id)
    async with db.transaction(deps.pool) as conn:
        await relations.relate(
            conn, deps.vault, page.who,
            customer_id=one, other=far, kind=kind, reason=_remark(form), now=clock.now(),
        )  # fmt: skip
        living = await identity.current(conn, customer_id)
    return redirect(f"/customers/{living}#relations")


@post("/customers/{customer_id:uuid}/relations/{relation_id:uuid}/end", right=Right.write_notes)
async def end(
    request: Asked, customer_id: FromPath[UUID], relation_id: FromPath[UUID]
) -> Response[str]:
    """It is no more, or never was. Nothing that happened under it changes."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    async with db.transaction(deps.pool) as conn:
        await relations.end(
            conn, deps.vault, page.who,
            customer_id=customer_id, relation_id=relation_id, reason=_remark(form),
            now=clock.now(),
        )  # fmt: skip
        living = await identity.current(conn, customer_id)
    return redirect(f"/customers/{living}#relations")


def _asked(form: FormMultiDict) -> tuple[UUID, Kind, bool]:
    """Whom, what, and whether she is the first of the two. Raises NoRole."""
    role = str(form.get("role") or "")
    for known, (kind, is_first) in ROLES.items():
        if known == role:
            try:
                return UUID(str(form.get("other") or "")), kind, is_first
            except ValueError:
                break
    raise NoRole()


def _remark(form: FormMultiDict) -> str | None:
    """A reason, when one was given. Raises ReasonMissing for one that says nothing."""
    said = str(form.get("reason") or "").strip()
    return reason_of(said) if said else None
