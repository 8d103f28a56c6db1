"""The rules of identity: in force, proposed, counted before they are applied."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from setten.console import guard
from setten.console.customers.record import reason_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import identity
from setten.customers.identity import BadRule, RuleAsked
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.vault import KINDS, Vault

CHANGES = 12
PARTS = 8
"""Of one change: a list of a hundred values tells its number for the rest."""

ASK_NO_MORE = 286
"""htmx stops asking at this status."""

ACTS = {"apply": identity.apply, "withdraw": identity.withdraw}
_DIGITS_MAX = 6
_NUMBERS = ("most", "shared_after", "priority")
"""Of a rule; what is left empty stays as it is."""


@get("/run/identity", right=Right.manage_identity)
async def rules(request: Asked) -> Response[str]:
    """The rules, what is blocked, what was proposed, what is quarantined."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        book = await identity.book(conn, deps.vault)
        shown = await _changes(conn, deps.vault, page)
        quarantined = await identity.outgrown(conn, deps.vault)
        await audit.note(conn, page.who, "identity_rules.viewed", at=page.now)
    view = {
        "book": book,
        "kinds": KINDS,
        "quarantined": quarantined,
        "most_links": identity.LINKS_MAX,
    }
    return page.render("run/rules.html", view | shown)


@get("/run/identity/changes", right=Right.manage_identity)
async def changes(request: Asked) -> Response[str]:
    """How far the changes are: asked again while one is being counted or applied."""
    page, deps = page_of(request), guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        shown = await _changes(conn, deps.vault, page)
    status = 200 if shown["is_moving"] else ASK_NO_MORE
    return page.render("run/rule_changes.html", shown, status=status)


async def _changes(conn: Connection, vault: Vault, page: Page) -> dict[str, object]:
    found = await identity.changes(conn, most=CHANGES)
    names = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
    moving = any(one.state in ("counting", "applying") for one in found)
    told = await identity.told(conn, vault, most=CHANGES)
    return {
        "changes": found,
        "told": told,
        "parts": PARTS,
        "numbers": _NUMBERS,
        "names": names,
        "is_moving": moving,
        # Whom a sample is about: what would come apart is judged by its evidence.
        "may_open": page.who.may(Right.read_customers),
    }


@post("/run/identity", right=Right.manage_identity)
async def propose(request: Asked) -> Response[str]:
    """Propose one change; nothing is in force before it was counted and applied."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    reason = reason_of(str(form.get("reason") or ""))
    asked = _asked(form)
    async with db.transaction(deps.pool) as conn:
        await identity.propose(conn, deps.vault, page.who, asked, reason=reason, now=clock.now())
    return redirect("/run/identity")


@post("/run/identity/{change_id:uuid}", right=Right.manage_identity)
async def decide(request: Asked, change_id: FromPath[UUID]) -> Response[str]:
    """Apply a counted change, or let it go."""
    page, form = page_of(request), await request.form()
    act = ACTS.get(str(form.get("act") or ""))
    if act is None:
        raise BadRule(field="act")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await act(conn, page.who, change_id, now=clock.now())
    return redirect("/run/identity")


def _asked(form: FormMultiDict) -> identity.Asked:
    """The one change that a form of the page asks for. Raises BadRule."""
    kind, what = str(form.get("kind") or ""), str(form.get("what") or "")
    value = str(form.get("value") or "").strip()
    if what == "unblock" and value.isdecimal() and len(value) < 20:
        return identity.Asked(unblock=[int(value)])
    if what == "unform":
        return identity.Asked(unform=[_uuid(value)])
    if kind not in KINDS:
        raise BadRule(field="kind")
    if what == "value" and value:
        return identity.Asked(block=[(kind, value)])
    if what == "form" and value:
        return identity.Asked(forms=[(kind, value)])
    if what == "default":
        return identity.Asked(rules=[RuleAsked(kind=kind, is_default=True)])
    if what != "rule":
        raise BadRule(field="what")
    most, shared_after, priority = (_stays(form, name) for name in _NUMBERS)
    if most is shared_after is priority is None:
        raise BadRule(field="changes")
    rule = RuleAsked(kind=kind, most=most, shared_after=shared_after, priority=priority)
    return identity.Asked(rules=[rule])


def _stays(form: FormMultiDict, name: str) -> int | None:
    return _whole(form, name) if str(form.get(name) or "").strip() else None


def _whole(form: FormMultiDict, name: str) -> int:
    text = str(form.get(name) or "").strip()
    if not text.isdecimal() or len(text) > _DIGITS_MAX:
        raise BadRule(field=name)
    return int(text)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise BadRule(field="form") from None
