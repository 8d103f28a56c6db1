"""Choosing one's own password: what a sign-in link is for the first time."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, post

from setten.console import guard
from setten.console.page import STAFF, Asked, Page, page_of
from setten.console.shell import preferences
from setten.console.shell.sign_in import PASSWORD_MAX, address_of, redirect
from setten.platform import audit, auth, clock, db, errors
from setten.platform.errors import TooMany


@post("/me/password", right=STAFF)
async def choose(request: Asked) -> Response[str]:
    """Set a password. Everywhere else this person is signed in, they are signed out."""
    page, form = page_of(request), await request.form()
    present = str(form.get("present") or "")[:PASSWORD_MAX]
    try:
        await _change(request, page, present, str(form.get("password") or "")[:PASSWORD_MAX])
    except auth.WeakPassword as weak:
        _, detail = errors.say(weak.code, page.locale, weak.facts)
        return await preferences.shown(request, {"weak": detail}, status=422)
    except auth.BadCredentials:
        wrong = page.words()("me.present_wrong")
        return await preferences.shown(request, {"wrong": wrong}, status=403)
    except TooMany as refused:
        minutes = max(1, refused.retry_after_s // 60)
        wrong = page.words()("sign_in.too_many", minutes=minutes)
        return await preferences.shown(request, {"wrong": wrong}, status=429)
    return redirect("/me?said=password")


async def _change(request: Asked, page: Page, present: str, password: str) -> None:
    pool, now = guard.deps_of(request).pool, clock.now()
    staff_id, keep = UUID(page.who.id), guard.session_token(request) or ""
    async with db.transaction(pool) as conn:
        begun = await auth.begin_password(
            conn, staff_id, password, address=address_of(request), now=now
        )
    if begun.needs_present and not await auth.fits(begun.attempt, present):
        raise auth.BadCredentials()
    sealed = await auth.seal_password(password)
    async with db.transaction(pool) as conn:
        await auth.finish_password(conn, begun, sealed=sealed, keep=keep)
        await audit.note(conn, page.who, "password.changed", at=now, subject=page.who.id)
