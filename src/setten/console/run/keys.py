"""API keys: made, shown once, taken back. A key reads as much as its scope says, so only who lets
people in lets programs in."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists
from setten.console.page import Asked, page_of
from setten.console.run.listed import KEYS
from setten.console.shell.sign_in import redirect
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.errors import NotFound


@get("/run/keys", right=Right.manage_staff)
async def keys(request: Asked, said: FromQuery[str] = "") -> Response[str]:
    """Every key, newest first; never the key itself."""
    return await _page(request, said=said if said == "revoked" else "")


async def _page(request: Asked, *, said: str = "", made: str = "", name: str = "") -> Response[str]:
    look = lists.look(KEYS, request)
    page = look.page
    auth.require(page.who, Right.manage_staff)
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
    view = {
        "list": part,
        "keys": part.rows,
        "scopes": auth.SCOPES,
        "said": said,
        "made": made,
        "name": name,
        "base_url": str(guard.deps_of(request).settings.base_url),
    }
    return page.render("run/keys.html", view)


@post("/run/keys", status_code=200, right=Right.manage_staff)
async def make(request: Asked) -> Response[str]:
    """A new key, shown in this one answer."""
    page, form, now = page_of(request), await request.form(), clock.now()
    scope, name = str(form.get("scope") or ""), str(form.get("name") or "").strip()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        key = await auth.create_key(conn, scope=scope, name=name.replace("\x00", ""), now=now)
        found = await auth.find_key(conn, key)
        assert found is not None
        await audit.note(conn, page.who, "key.made", at=now, subject=found.id)
    return await _page(request, made=key, name=name)


@post("/run/keys/{key_id:uuid}/revocation", right=Right.manage_staff)
async def revoke(request: Asked, key_id: FromPath[UUID]) -> Response[str]:
    """Out with the next request. Raises NotFound for a key that is none or was out before."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        if not await auth.revoke_key(conn, key_id, now=now):
            raise NotFound()
        await audit.note(conn, page.who, "key.revoked", at=now, subject=str(key_id))
    return redirect("/run/keys?said=revoked")
