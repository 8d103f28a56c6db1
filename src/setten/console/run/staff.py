"""Staff: who works here, as what, for which shops; letting people in and out.

A sign-in link is shown once, in the answer that made it, and stands in no address of a request log.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import FormMultiDict
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists
from setten.console.page import Asked, Page, page_of
from setten.console.places import name_of, named
from setten.console.run.listed import STAFF
from setten.console.shell.sign_in import redirect
from setten.platform import audit, auth, clock, db, errors
from setten.platform.auth import Right, StaffMember
from setten.platform.db import Connection
from setten.platform.errors import Conflict, Invalid, SettenError

SHOPS_MAX = 100  # of one person; who works for more works for all
SAID = ("changed", "closed", "reopened")


class NotYourself(Conflict):
    """Nobody changes or closes the account they act with."""

    code = "not_yourself"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One member of staff, with the names of their shops."""

    member: StaffMember
    shops: str
    is_me: bool


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in link, to be handed to one person."""

    name: str
    link: str


@get("/run/staff", right=Right.manage_staff)
async def staff(request: Asked, said: FromQuery[str] = "") -> Response[str]:
    """Everybody whom the link asks for, those who are out at the end."""
    return await _page(request, {"said": said if said in SAID else ""})


async def _page(request: Asked, view: Mapping[str, object], status: int = 200) -> Response[str]:
    look = lists.look(STAFF, request)
    page = look.page
    auth.require(page.who, Right.manage_staff)
    async with guard.deps_of(request).pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        part = await lists.part(conn, look)
    rows = [
        Row(
            member=one,
            shops=page.words()("staff.between").join(names(place) for place in one.locations),
            is_me=str(one.staff_id) == page.who.id,
        )
        for one in part.rows
    ]
    shops = [(place.location_id, name_of(place, page.locale)) for place in names.shops()]
    blank: dict[str, object] = {"invitation": None, "wrong": "", "filled": {}, "said": ""}
    return page.render(
        "run/staff.html",
        {"list": part, "rows": rows, "shops": shops, "roles": auth.ROLES, **blank, **view},
        status=status,
    )


@post("/run/staff", status_code=200, right=Right.manage_staff)
async def add(request: Asked) -> Response[str]:
    """An account without a password, and the link that lets its owner in the first time."""
    page, form = page_of(request), await request.form()
    login, name = _word(form, "login"), _word(form, "name")
    now, deps = clock.now(), guard.deps_of(request)
    try:
        async with db.transaction(deps.pool) as conn:
            staff_id = await auth.create_staff(
                conn, login=login, name=name, role=_word(form, "role"), locations=_shops(form),
                locale=page.locale, now=now,
            )  # fmt: skip
            token = await auth.issue_link(conn, login, now=now)
            await audit.note(conn, page.who, "staff.made", at=now, subject=str(staff_id))
    except (Conflict, Invalid) as refusal:
        filled = {"login": login[:100], "name": name[:100]}
        status = 409 if isinstance(refusal, Conflict) else 422
        view = {"wrong": _detail(refusal, page), "filled": filled}
        return await _page(request, view, status=status)
    return await _page(request, {"invitation": _invitation(request, name, token)})


def _word(form: FormMultiDict, key: str) -> str:
    return str(form.get(key) or "").strip()


def _shops(form: FormMultiDict) -> list[str]:
    return [str(one) for one in form.getall("shop", [])][:SHOPS_MAX]


def _detail(refusal: SettenError, page: Page) -> str:
    return errors.say(refusal.code, page.locale, refusal.facts)[1]


def _invitation(request: Asked, name: str, token: str) -> Invitation:
    base = guard.deps_of(request).settings.base_url
    return Invitation(name=name, link=f"{base}/sign-in/link/{token}")


@post("/run/staff/{staff_id:uuid}/link", status_code=200, right=Right.manage_staff)
async def invite(request: Asked, staff_id: FromPath[UUID]) -> Response[str]:
    """A new sign-in link for somebody who cannot sign in."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        member = await _member(conn, staff_id)
        token = await auth.issue_link(conn, member.login, now=now)
        await audit.note(conn, page.who, "staff.linked", at=now, subject=str(staff_id))
    return await _page(request, {"invitation": _invitation(request, member.name, token)})


@post("/run/staff/{staff_id:uuid}", right=Right.manage_staff)
async def change(request: Asked, staff_id: FromPath[UUID]) -> Response[str]:
    """Another role, other shops."""
    page, form, now = page_of(request), await request.form(), clock.now()
    _require_other(page, staff_id)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        before = await auth.change_staff(
            conn, staff_id, role=_word(form, "role"), locations=_shops(form)
        )
        fields = ["locations"] if before.role == _word(form, "role") else ["role", "locations"]
        await audit.note(conn, page.who, "staff.changed", at=now, subject=str(staff_id),
                         fields=fields)  # fmt: skip
    return redirect("/run/staff?said=changed")


@post("/run/staff/{staff_id:uuid}/closing", right=Right.manage_staff)
async def close(request: Asked, staff_id: FromPath[UUID]) -> Response[str]:
    """Out at once, on every screen."""
    page, now = page_of(request), clock.now()
    _require_other(page, staff_id)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await auth.disable_staff(conn, (await _member(conn, staff_id)).staff_id, now=now)
        await audit.note(conn, page.who, "staff.closed", at=now, subject=str(staff_id))
    return redirect("/run/staff?said=closed")


@post("/run/staff/{staff_id:uuid}/reopening", right=Right.manage_staff)
async def reopen(request: Asked, staff_id: FromPath[UUID]) -> Response[str]:
    """Back again, with the role and shops of before."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await auth.reopen_staff(conn, (await _member(conn, staff_id)).staff_id)
        await audit.note(conn, page.who, "staff.reopened", at=now, subject=str(staff_id))
    return redirect("/run/staff?said=reopened")


def _require_other(page: Page, staff_id: UUID) -> None:
    auth.require(page.who, Right.manage_staff)
    if str(staff_id) == page.who.id:
        raise NotYourself()


async def _member(conn: Connection, staff_id: UUID) -> StaffMember:
    found = next((one for one in await auth.list_staff(conn) if one.staff_id == staff_id), None)
    if found is None:
        raise auth.UnknownStaff()
    return found
