"""The door of the console: who is asking, may they, and did the request come from our own page.

`before` prepares `request.state.page` for every handler; a stranger is led to the sign-in page.
Each page names the right that opens it in its decorator: `right=Right.read_stock`, a tuple where
any of them does, STAFF or ANYONE. One that names none is shut. What its rows need is asked below.
A write must carry the page's token and come from our own origin; both are checked.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol, cast
from urllib.parse import SplitResult, quote, urlsplit
from uuid import UUID

import msgspec
from litestar import Response
from litestar.datastructures import Cookie

from setten.console import places
from setten.console.customers import people
from setten.console.page import ANYONE, HEADERS, STAFF, Asked, Door, Page
from setten.console.words import LOCALES
from setten.operations import baskets
from setten.platform import audit, auth, clock, db, ids
from setten.platform.auth import Actor, NoRight, Right
from setten.platform.business import Choices
from setten.platform.db import Connection, Pool
from setten.platform.errors import Denied
from setten.platform.lake import Lake
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import tasks
from setten.stock.locations import Directory, Location

LIVE = "/live"
"""How the addresses of open lines end."""

THEMES = ("system", "light", "dark")
SESSION_COOKIE_S = 16 * 3600
PREFERENCE_COOKIE_S = 365 * 86_400
SAFE = frozenset({"GET", "HEAD"})
_PORT = re.compile(r":(\d+)/?$")
NEXT_MAX = 300
"""Characters of an address to come back to after signing in."""


PERSON_IN_QUERY = ("customer", "for")
"""Query words that name a customer whom a page of the stock is opened for."""

PERSON_IN_FORM = (*PERSON_IN_QUERY, "customer_id", "other")
"""The same in forms: what is held, promised, taken back or related for somebody names her."""

WAITING_MAX = 99
"""Nobody reads a larger number in a red point."""


class StalePage(Denied):
    """The page's token is missing or old, or the request came from another site."""

    code = "stale_page"


class Deps(Protocol):
    """What the wiring hands to every handler in `app.state.deps`."""

    @property
    def pool(self) -> Pool: ...
    @property
    def vault(self) -> Vault: ...
    @property
    def lake(self) -> Lake: ...
    @property
    def settings(self) -> Any: ...  # read-only here: base_url, locale, timezone
    @property
    def combiners(self) -> dict[str, Any]: ...


def deps_of(request: Asked) -> Deps:
    """Pool, vault and settings of this process."""
    return cast(Deps, request.app.state.deps)


def is_https(request: Asked) -> bool:
    """Whether people reach us by https, as the base address says."""
    base = str(deps_of(request).settings.base_url or "")
    return base.startswith("https://")


def cookie_name(request: Asked, name: str) -> str:
    """`__Host-` cookies bind to host and https; plain http (a demo, a test) cannot have them.

    Browsers send a cookie to every port of its host, so a port that is told is part of the name:
    two installations on one host do not end each other's sessions.
    """
    return cookie_prefix(str(deps_of(request).settings.base_url or "")) + name


@cache
def cookie_prefix(base: str) -> str:
    """How the names of our cookies begin where browsers reach us at `base`."""
    port = _PORT.search(base)
    own = f"setten-{port[1]}-" if port else "setten-"
    return f"__Host-{own}" if base.startswith("https://") else own


def make_cookie(request: Asked, name: str, value: str, *, seconds: int) -> Cookie:
    """A cookie that scripts cannot read and other sites do not send."""
    return Cookie(
        key=cookie_name(request, name),
        value=value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )


def session_token(request: Asked) -> str | None:
    """The session's secret as the browser sent it."""
    return request.cookies.get(cookie_name(request, "session"))


def csrf_token(secret: str) -> str:
    """What a page must send back: derived from a secret that only its browser and we hold."""
    return hmac.new(secret.encode(), b"setten page", hashlib.sha256).hexdigest()[:32]


async def before(request: Asked) -> Response[Any] | None:
    """Find the person and the page; lead strangers to the sign-in, refuse foreign writes."""
    token = session_token(request)
    async with deps_of(request).pool.acquire() as conn:
        actor, secret = await _prepare(conn, request, token)
        unmet = await _unmet(conn, request, actor)
    right = request.route_handler.opt.get("right")
    if actor is None and right != ANYONE:
        return _to_sign_in(request)  # before its form is read: that costs time
    if actor is not None:
        _let_in(actor, right)
    if unmet is not None:
        return to_reason(request, unmet)
    if request.method not in SAFE:
        await _check_origin(request, secret)
        unmet = await _unmet_in_form(request, actor)
    return None if unmet is None else to_reason(request, unmet)


async def _prepare(conn: Connection, request: Asked, token: str | None) -> tuple[Actor | None, str]:
    """Put the page of whoever asks into the request's state; who that is, and the page's secret."""
    actor = await _who(conn, request, token) if token else None
    directory = await places.directory_of(request).fresh(conn)
    choices = await places.business_of(request).fresh(conn)
    shop = _shop(request, actor, directory)
    waiting = await _waiting(conn, request, actor, shop)
    secret = token if actor and token else _visitor(request)
    page = _page(request, actor, secret, shop, choices)
    request.state.page = msgspec.structs.replace(page, waiting=waiting)
    return actor, secret


async def lost(request: Asked) -> None:
    """At an address that nobody answers: find whose page it is, so that it has her frame.

    Only who seems to be signed in costs a look; where the database is away the page stays bare.
    """
    token = session_token(request)
    if token is None or "page" in request.state:
        return
    with contextlib.suppress(*db.AWAY):
        async with deps_of(request).pool.acquire() as conn:
            await _prepare(conn, request, token)


def _let_in(actor: Actor, right: Door | None) -> None:
    """Raises NoRight unless the page's door lets this person in; where there is no door, nobody."""
    if right in (ANYONE, STAFF):
        return
    rights = right if isinstance(right, tuple) else (right,)
    if not any(isinstance(one, Right) and actor.may(one) for one in rights):
        raise NoRight(right=" | ".join(str(one) for one in rights))


async def _unmet(conn: Connection, request: Asked, actor: Actor | None) -> UUID | None:
    """The person this address opens, when staff of a shop have not met her in their work."""
    if actor is None or not people.opens_one_by_one(actor):
        return None
    if request.route_handler.opt.get("opens"):
        return None
    asked = {_customer(request.path_params.get("customer_id")), *map(_customer, _named_in(request))}
    if (cart_id := _customer(request.path_params.get("cart_id"))) is not None:
        asked.add(await baskets.person_of(conn, cart_id))
    return await unmet_of(conn, actor, [one for one in asked if one is not None])


async def unmet_of(conn: Connection, actor: Actor, whom: Sequence[UUID]) -> UUID | None:
    """One of these people whom this staff of a shop must say a reason for; None when all open."""
    if not people.opens_one_by_one(actor):
        return None
    met = await audit.met_of(conn, actor, whom, now=clock.now())
    return next((one for one in whom if one not in met), None)


def _named_in(request: Asked) -> list[str]:
    return [value for name in PERSON_IN_QUERY for value in request.query_params.getall(name, [])]


async def _unmet_in_form(request: Asked, actor: Actor | None) -> UUID | None:
    """The same for whom a form names. No connection waits for the form to arrive."""
    if actor is None or not people.opens_one_by_one(actor):
        return None
    form = await request.form()
    said = [_customer(value) for name in PERSON_IN_FORM for value in form.getall(name, [])]
    whom = [one for one in said if one is not None]
    if not whom:
        return None
    async with deps_of(request).pool.acquire() as conn:
        return await unmet_of(conn, actor, whom)


def _customer(said: object) -> UUID | None:
    try:
        return said if isinstance(said, UUID) else UUID(str(said))
    except ValueError:
        return None


def to_reason(request: Asked, customer_id: UUID) -> Response[Any]:
    """To where the reason is asked for; a piece of a page leads its whole page there."""
    address = f"/customers/{customer_id}/reason"
    if request.headers.get("HX-Request") == "true":
        return Response("", status_code=403, headers={**HEADERS, "HX-Redirect": address})
    return Response("", status_code=303, headers={**HEADERS, "Location": address})


async def _who(conn: Connection, request: Asked, token: str) -> Actor | None:
    is_use = not request.url.path.endswith(LIVE)
    return await auth.find_session(conn, token, now=clock.now(), is_use=is_use)


def _visitor(request: Asked) -> str:
    """The secret of somebody not signed in, so that the sign-in form has a token of its own."""
    secret = request.cookies.get(cookie_name(request, "visitor"))
    if not secret:
        secret = request.state.new_visitor = ids.token()
    return str(secret)


def _page(
    request: Asked, actor: Actor | None, secret: str, shop: Location | None, choices: Choices
) -> Page:
    settings, cookies = deps_of(request).settings, request.cookies
    locale = actor.locale if actor else said_locale(request)
    if locale not in LOCALES:
        fallback = locale_of(settings, choices)
        locale = said_locale(request) or (fallback if fallback in LOCALES else "ja")
    theme = actor.theme if actor else cookies.get(cookie_name(request, "theme"), "system")
    return Page(
        actor=actor,
        locale=locale,
        theme=theme if theme in THEMES else "system",
        path=request.url.path,
        csrf=csrf_token(secret),
        now=clock.now(),
        zone=str(settings.timezone),
        is_partial=request.headers.get("HX-Request") == "true",
        shop=shop.location_id if shop else None,
        shop_name=places.name_of(shop, locale) if shop else None,
        keys=cookies.get(cookie_name(request, "keys")) != "off",
        business=choices.name,
    )


def locale_of(settings: Settings, choices: Choices) -> str:
    """The language of those who chose none: as the installation says, else as the business does."""
    is_fixed = settings.origins.get("locale", "default") != "default"
    return settings.locale if is_fixed or not choices.locale else choices.locale


def said_locale(request: Asked) -> str:
    """The language chosen in this browser, else the one it asks for; "" when it says neither."""
    chosen = request.cookies.get(cookie_name(request, "locale"), "")
    if chosen in LOCALES:
        return chosen
    for part in request.headers.get("accept-language", "").lower().split(","):
        if part.strip()[:2] in LOCALES:
            return part.strip()[:2]
    return ""


def _shop(request: Asked, actor: Actor | None, directory: Directory) -> Location | None:
    """The place a person works for: as chosen, else the first of their own."""
    if actor is None:
        return None
    chosen = request.cookies.get(cookie_name(request, "shop"))
    if not chosen or not actor.may_at(chosen):
        chosen = actor.locations[0] if actor.locations else None
    return directory.find(chosen) if chosen else None


async def _waiting(
    conn: Connection, request: Asked, actor: Actor | None, shop: Location | None
) -> int:
    """Promises of one's own place that need a hand, up to WAITING_MAX; not asked by pieces."""
    is_piece = request.headers.get("HX-Request") == "true"
    if actor is None or shop is None or is_piece or not actor.may(Right.hand_over):
        return 0
    return len(await tasks.list_open(conn, shop.location_id, limit=WAITING_MAX))


def _is_token(sent: str, secret: str) -> bool:
    # As bytes: of texts, only ASCII can be compared in constant time.
    return hmac.compare_digest(sent.encode(errors="replace"), csrf_token(secret).encode())


async def _check_origin(request: Asked, secret: str) -> None:
    site = request.headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        raise StalePage(why="site")
    origin = request.headers.get("origin")
    if origin and _split(origin).netloc != request.headers.get("host"):
        raise StalePage(why="origin")
    sent = request.headers.get("x-csrf") or str((await request.form()).get("_csrf") or "")
    if not secret or not _is_token(sent, secret):
        raise StalePage(why="token")


def _split(address: str) -> SplitResult:
    """The parts of an address; of what is none, all empty."""
    try:
        return urlsplit(address)
    except ValueError:  # brackets that hold no IPv6 address
        return urlsplit("")


def _to_sign_in(request: Asked) -> Response[Any]:
    back = request.url.path if request.method in SAFE else "/"
    address = "/sign-in" if back == "/" else f"/sign-in?next={quote(back[:NEXT_MAX])}"
    if request.headers.get("HX-Request") == "true":
        here = _split(request.headers.get("HX-Current-URL", "")).path or "/"
        return Response(
            "",
            status_code=401,
            headers={**HEADERS, "HX-Redirect": f"/sign-in?next={quote(here[:NEXT_MAX])}"},
        )
    return Response("", status_code=303, headers={**HEADERS, "Location": address})


def with_visitor(request: Asked, response: Response[str]) -> Response[str]:
    """The answer, with the secret of a new visitor in its cookie."""
    secret = request.state.get("new_visitor")
    if secret:
        response.cookies.append(
            make_cookie(request, "visitor", str(secret), seconds=SESSION_COOKIE_S)
        )
    return response


def local_path(said: str) -> str:
    """A path of ours, or "/" for anything that could lead elsewhere."""
    parts = _split(said)
    if parts.scheme or parts.netloc or not said.startswith("/") or said.startswith(("//", "/\\")):
        return "/"
    if not said.isprintable():  # browsers drop a tab, and read what is left
        return "/"
    return said[:NEXT_MAX]


def at_this_moment(page: Page) -> Page:
    """The same page, a moment later: for what is shown after a change, or on an open line."""
    return msgspec.structs.replace(page, now=clock.now())
