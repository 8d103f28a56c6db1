"""Coming in and going out: by password, by a link that works once."""

from __future__ import annotations

from urllib.parse import quote, urlencode
from uuid import UUID

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery

from setten.console import guard, navigation
from setten.console.page import ANYONE, HEADERS, STAFF, Asked, page_of
from setten.platform import addresses, audit, auth, clock, db
from setten.platform.db import Connection
from setten.platform.errors import TooMany

LOGIN_MAX = 200
LANGUAGE_CHOSEN = "language.chosen"
"""What the audit says of somebody who chose a language: from then on it is theirs everywhere."""

_IN_PATHS = "/?&=%#:;,+@!~*'()[]$"  # what an address has beside letters; the rest is escaped
FORM_BYTES_MAX = 16 * 1024
"""Of a form that a stranger may send: taking a large one apart costs a second of everybody's."""

PASSWORD_MAX = 200
"""Characters: hashing a longer one would only cost us time."""


def redirect(to: str, cookies: list[Cookie] | None = None) -> Response[str]:
    """303: whatever was sent, the next thing is a page that can be reloaded."""
    return Response(
        "",
        status_code=303,
        headers={**HEADERS, "Location": quote(to, safe=_IN_PATHS)},
        cookies=cookies or [],
    )


@get("/sign-in", right=ANYONE)
async def sign_in_page(request: Asked, next: FromQuery[str] = "/") -> Response[str]:
    """The form. Whoever is signed in already goes on."""
    page = page_of(request)
    if page.actor:
        return redirect(guard.local_path(next))
    said = page.words()("sign_in.again") if guard.session_token(request) else ""
    return guard.with_visitor(request, page.render("shell/sign_in.html", _form(next, said=said)))


def _form(next: str, *, login: str = "", problem: str = "", said: str = "") -> dict[str, object]:
    return {"next": guard.local_path(next), "login": login, "problem": problem, "said": said}


@post("/sign-in", request_max_body_size=FORM_BYTES_MAX, right=ANYONE)
async def sign_in(request: Asked) -> Response[str]:
    """Check the password and open a session."""
    form = await request.form()
    login, password = str(form.get("login") or "")[:LOGIN_MAX], str(form.get("password") or "")
    to, page = guard.local_path(str(form.get("next") or "/")), page_of(request)
    try:
        token = await _checked(request, login, password[:PASSWORD_MAX])
    except TooMany as refused:
        t = page.words()("sign_in.too_many", minutes=max(1, refused.retry_after_s // 60))
        view = _form(to, login=login, problem=t)
        return page.render("shell/sign_in.html", view, status=429)
    except auth.BadCredentials:
        view = _form(to, login=login, problem=page.words()("sign_in.wrong"))
        return page.render("shell/sign_in.html", view, status=401)
    return redirect(await _begin(request, token, to), [_session(request, token)])


async def _begin(request: Asked, token: str, to: str = "/") -> str:
    """Where somebody begins: as asked for, else the first screen of the role."""
    await _keep_language(request, token)
    if to != "/":
        return to
    async with guard.deps_of(request).pool.acquire() as conn:
        who = await auth.find_session(conn, token, now=clock.now())
    return navigation.home_of(who) if who else to


async def _keep_language(request: Asked, token: str) -> None:
    """The language of the sign-in page goes along, until the person has chosen one signed in."""
    said = guard.said_locale(request)
    if not said:
        return
    async with db.transaction(guard.deps_of(request).pool) as conn:
        who = await auth.find_session(conn, token, now=clock.now())
        if who is None or who.locale == said:
            return
        chosen = audit.Sought(actor=who.label, action=LANGUAGE_CHOSEN)
        if not await audit.entries(conn, chosen, most=1):
            await auth.set_preferences(conn, UUID(who.id), locale=said)


async def _checked(request: Asked, login: str, password: str) -> str:
    """A session token. The slow comparison stands between two transactions, in neither."""
    pool, address = guard.deps_of(request).pool, address_of(request)
    async with db.transaction(pool) as conn:
        attempt = await auth.begin_sign_in(conn, login, address=address, now=clock.now())
    if not await auth.fits(attempt, password):
        raise auth.BadCredentials()
    async with db.transaction(pool) as conn:
        await _end_present(conn, request)
        return await auth.finish_sign_in(conn, attempt, now=clock.now())


async def _end_present(conn: Connection, request: Asked) -> None:
    """Whoever was signed in on this browser is not any more: nothing would show it, or end it."""
    if present := guard.session_token(request):
        await auth.sign_out(conn, present)


def address_of(request: Asked) -> str:
    """Whose tries are counted together: never what a stranger writes of himself."""
    if request.client is None:
        return ""
    trusted = guard.deps_of(request).settings.trusted_proxies
    forwarded = request.headers.getall("x-forwarded-for", [])
    return addresses.counted(addresses.of_sender(request.client.host, forwarded, trusted))


def _session(request: Asked, token: str) -> Cookie:
    return guard.make_cookie(request, "session", token, seconds=guard.SESSION_COOKIE_S)


@get("/sign-in/link/{token:str}", right=ANYONE)
async def link_page(request: Asked, token: FromPath[str]) -> Response[str]:
    """A button: a link opened by a mail scanner or a preview must not use itself up."""
    page = page_of(request)
    return guard.with_visitor(request, page.render("shell/sign_in_link.html", {"gone": False}))


@post("/sign-in/link/{token:str}", request_max_body_size=FORM_BYTES_MAX, right=ANYONE)
async def use_link(request: Asked, token: FromPath[str]) -> Response[str]:
    """Sign in by a link that works once."""
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            session = await auth.sign_in_by_link(conn, token, now=clock.now())
            await _end_present(conn, request)
    except auth.LinkUsed:
        return page_of(request).render("shell/sign_in_link.html", {"gone": True}, status=401)
    return redirect(await _begin(request, session), [_session(request, session)])


@post("/sign-out", right=STAFF)
async def sign_out(request: Asked) -> Response[str]:
    """End this session for good."""
    token = guard.session_token(request)
    if token:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            await auth.sign_out(conn, token)
    return redirect("/sign-in", [guard.make_cookie(request, "session", "", seconds=0)])


def sign_in_address(token: str) -> str:
    """The path of a one-time link: what the command line prints behind the base address."""
    return f"/sign-in/link/{token}"


def sign_in_again(path: str) -> str:
    """The sign-in page that leads back to `path`."""
    return f"/sign-in?{urlencode({'next': guard.local_path(path)})}"
