"""A person's links with their evidence; taking them back, giving them back, making two one.

Whatever changes who is whom is shown before it is done: the same verb runs and is undone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath

from setten.console import guard, paces
from setten.console.customers import arcs, people, view
from setten.console.customers.people import Person
from setten.console.customers.record import reason_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import identity, profiles
from setten.customers.identity import LINKS_ASKED_MAX
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid, NotFound
from setten.platform.vault import KINDS

CANDIDATES_MAX = 8
_ACTS = {"split": identity.split, "rejoin": identity.rejoin}


class NothingChosen(Invalid):
    """No link was chosen, or more than one decision may hold."""

    code = "no_link_chosen"


class NotHers(NotFound):
    """The identifier is another's, or nobody's any more."""

    code = "identifier_not_found"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A customer in a comparison: who it is and what leads to them."""

    who: Person
    clues: list[view.Clue]


class _Undone(Exception):
    """What was tried is taken back."""


@get("/customers/{customer_id:uuid}/links", right=Right.read_customers)
async def links(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Which event showed that two identifiers are one person."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        profile = await profiles.get(conn, deps.vault, customer_id)
        found = await identity.links_of(conn, profile.customer_id)
        names = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
        outgrown = await identity.outgrown(conn, deps.vault, customer_id=profile.customer_id)
        hubs = await identity.hubs(conn, deps.vault, profile.customer_id) if outgrown else ()
        await audit.note(
            conn, page.who, "links.viewed", at=page.now, customer_id=profile.customer_id
        )
    rows = [one.identifier_id for one in profile.identifiers]
    shown = {
        "who": view.who(profile, page),
        "rows": [(one, *view.CLUES.get(one.kind, ("other", "info"))[:2])
                 for one in profile.identifiers],
        "arcs": arcs.drawn(found, rows),
        "width": arcs.WIDTH,
        "is_cut": len(found) >= identity.LINKS_PAGE_MAX,
        "links": sorted(found, key=lambda link: link.occurred_at),
        "masks": {one.identifier_id: one.value for one in profile.identifiers},
        "names": names,
        "may_link": page.who.may(Right.link_customers),
        "outgrown": outgrown,
        "hubs": hubs,
        "halted": None if outgrown else _halted(found, profile.numbers),
        "most_links": identity.LINKS_MAX,
        "may_block": page.who.may(Right.manage_identity),
    }  # fmt: skip
    return page.render("customers/links.html", shown)


def _halted(found: Sequence[identity.LinkShown], numbers: Sequence[int]) -> UUID | None:
    """Whose identifier holds too much for this customer's to be linked to it; None: nobody's."""
    for link in found:
        if link.refusal == "quarantined":
            return link.b_customer if link.a in numbers else link.a_customer
    return None


@post("/customers/{customer_id:uuid}/links/block", right=Right.manage_identity)
async def block(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Propose that a value which holds too much together is nobody's; counted before it is so."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    reason = reason_of(str(form.get("reason") or ""))
    said = str(form.get("identifier") or "")
    number = min(int(said), 2**63 - 1) if said.isdecimal() and len(said) < 20 else 0
    async with db.transaction(deps.pool) as conn:
        living = await identity.current(conn, customer_id)
        owner = (await identity.customers_for(conn, [number])).get(number)
        opened = (await deps.vault.values(conn, [number])).get(number)
        if owner != living or opened is None:
            raise NotHers()
        asked = identity.Asked(block=[(opened.kind, opened.value)])
        await identity.propose(conn, deps.vault, page.who, asked, reason=reason, now=clock.now())
    return redirect("/run/identity")


@post("/customers/{customer_id:uuid}/links/review", right=Right.link_customers)
async def review(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Who would be whom afterwards. Nothing is changed yet."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    act, chosen = _asked(form)
    async with db.transaction(deps.pool) as conn:
        before = await profiles.get(conn, deps.vault, customer_id)
        after = await _foreseen(conn, deps, page, customer_id, act, chosen)
        await audit.note(conn, page.who, "links.viewed", at=page.now, customer_id=customer_id)
    shown = {
        "who": view.who(before, page),
        "act": act,
        "chosen": chosen,
        "after": after,
        "is_same": len(after) < 2 and act == "split",
    }
    return page.render("customers/links_review.html", shown)


@post("/customers/{customer_id:uuid}/links/decide", right=Right.link_customers)
async def decide(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Take links back, or give them back, for a reason that goes on record."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    act, chosen = _asked(form)
    reason = reason_of(str(form.get("reason") or ""))
    async with db.transaction(deps.pool) as conn:
        done = await _ACTS[act](
            conn, deps.vault, page.who,
            customer_id=customer_id, links=chosen, reason=reason, now=clock.now(),
        )  # fmt: skip
    return redirect(f"/customers/{done.customers[0]}/links")


def _asked(form: FormMultiDict) -> tuple[str, list[int]]:
    """What to do with which links. Raises NothingChosen."""
    act = str(form.get("act") or "")
    chosen = [int(one) for one in form.getall("link", []) if str(one).isdecimal() and len(one) < 19]
    if act not in _ACTS or not chosen or len(chosen) > LINKS_ASKED_MAX:
        raise NothingChosen(most=LINKS_ASKED_MAX)
    return act, chosen


async def _foreseen(
    conn: Connection, deps: guard.Deps, page: Page, customer_id: UUID, act: str, chosen: list[int]
) -> list[Shown]:
    """Everybody concerned as they would be: it is done, looked at and undone."""
    found: Sequence[profiles.Profile] = ()
    try:
        async with conn.transaction():
            done = await _ACTS[act](
                conn, deps.vault, page.who,
                customer_id=customer_id, links=chosen, reason="", now=clock.now(),
            )  # fmt: skip
            found = await profiles.get_many(conn, deps.vault, list(done.customers))
            raise _Undone
    except _Undone:
        return [_shown(one, page) for one in found]


def _shown(profile: profiles.Profile, page: Page) -> Shown:
    return Shown(who=view.who(profile, page), clues=view.clues(profile.identifiers, page.words()))


@post("/customers/{customer_id:uuid}/merging", right=Right.link_customers)
async def seek(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Who could be the same person: by a card, a phone, a name that somebody says."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    said = str(form.get("said") or "").strip()
    if said:
        await paces.take(deps.pool, page, paces.ASKED)
    async with db.transaction(deps.pool) as conn:
        mine = await profiles.get(conn, deps.vault, customer_id)
        hits = await identity.find_by(conn, deps.vault, said)
        others = [one.customer_id for one in hits if one.customer_id != mine.customer_id]
        shown = await profiles.get_many(conn, deps.vault, others[:CANDIDATES_MAX])
        await people.note(
            conn, page.who, [view.who(one, page) for one in (mine, *shown)],
            action="customers.found", now=page.now,
        )  # fmt: skip
    await paces.take_found(deps.pool, page, hits)
    found: Mapping[str, object] = {
        "mine": _shown(mine, page),
        "others": [_shown(one, page) for one in shown],
        "is_more": len(others) > CANDIDATES_MAX,
        "was_asked": bool(said),
    }
    return page.render("customers/merging.html", found)


@post("/customers/{customer_id:uuid}/merge", right=Right.link_customers)
async def merge(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Make two customers one, for a reason that goes on record."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    reason = reason_of(str(form.get("reason") or ""))
    async with db.transaction(deps.pool) as conn:
        try:
            done = await identity.merge(
                conn, deps.vault, page.who,
                into=customer_id, gone=_other(form), reason=reason, now=clock.now(),
            )  # fmt: skip
        except identity.MergeBreaksLimit as refused:
            raise _in_words(refused, page) from None
    return redirect(f"/customers/{done.customer_id}/links")


def _in_words(refused: identity.MergeBreaksLimit, page: Page) -> identity.MergeBreaksLimit:
    """The same with kinds as the pages call them: "user_id 2/1" is the API's word."""
    facts = dict(refused.facts)
    for kind in KINDS:
        called = page.words()(f"identifier.{kind}")
        facts = {key: re.sub(rf"\b{kind}\b", called, str(said)) for key, said in facts.items()}
    return identity.MergeBreaksLimit(**facts)


def _other(form: FormMultiDict) -> UUID:
    try:
        return UUID(str(form.get("gone") or ""))
    except ValueError:
        raise identity.CustomerNotFound() from None
