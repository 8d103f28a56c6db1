"""What each person sets for themselves: language, light, the place they work for, single keys."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromQuery

from setten.console import guard, places
from setten.console.page import ANYONE, STAFF, Asked, Page, page_of
from setten.console.shell.sign_in import FORM_BYTES_MAX, LANGUAGE_CHOSEN, redirect
from setten.console.words import LOCALES
from setten.platform import audit, auth, db
from setten.stock import locations

KEPT = {"locale": LOCALES, "theme": guard.THEMES, "keys": ("on", "off")}


@get("/me", right=STAFF)
async def me(request: Asked, said: FromQuery[str] = "") -> Response[str]:
    """One's own settings."""
    return await shown(request, {"said": said})


async def shown(request: Asked, state: dict[str, object], *, status: int = 200) -> Response[str]:
    """The page of one's own settings, with what became of a form on it."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await locations.list_all(conn)
    mine = [
        (place.location_id, places.name_of(place, page.locale))
        for place in found
        if page.who.may_at(place.location_id)
    ]
    view: dict[str, object] = {"shops": mine, "said": "", "weak": "", "wrong": ""}
    return page.render("shell/me.html", view | state, status=status)


@post("/preferences", request_max_body_size=FORM_BYTES_MAX, right=ANYONE)
async def prefer(request: Asked) -> Response[str]:
    """Keep what was chosen: with the person when one is signed in, and in this browser."""
    form = await request.form()
    said = {name: str(form[name]) for name, known in KEPT.items() if form.get(name) in known}
    page = page_of(request)
    if page.actor:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            await auth.set_preferences(
                conn, UUID(page.actor.id), locale=said.get("locale"), theme=said.get("theme")
            )
            if "locale" in said:
                await audit.note(conn, page.actor, LANGUAGE_CHOSEN, at=page.now)
    cookies = [_kept(request, name, value) for name, value in said.items()]
    shop = str(form.get("shop") or "")
    if shop and _may_work_at(page, shop):
        cookies.append(_kept(request, "shop", shop))
    return redirect(guard.local_path(str(form.get("back") or "/")), cookies)


def _kept(request: Asked, name: str, value: str) -> Cookie:
    return guard.make_cookie(request, name, value, seconds=guard.PREFERENCE_COOKIE_S)


def _may_work_at(page: Page, shop: str) -> bool:
    return page.actor is not None and page.actor.may_at(shop)
