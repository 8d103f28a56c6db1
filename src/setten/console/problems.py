"""Refusals and faults as people see them: a page, or a notice in the page they are on."""

from __future__ import annotations

import logging
import re
import secrets
from functools import cache
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException
from litestar.routes import HTTPRoute
from litestar.types import Scope

from setten.console import guard
from setten.console.page import HEADERS, Asked, Page
from setten.console.words import LOCALES
from setten.platform import clock, errors
from setten.platform.auth import NoRight

logger = logging.getLogger(__name__)

STATUS: tuple[tuple[type[errors.SettenError], int], ...] = (
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
    (errors.Unauthenticated, 401),
    (errors.Denied, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Invalid, 422),
)


def status_of(error: errors.SettenError) -> int:
    """The HTTP status of a refusal's kind."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def on_refusal(request: Asked, error: errors.SettenError) -> Response[str]:
    """An expected refusal: what happened, what to do, its code."""
    page = _page(request)
    title, detail = errors.say(error.code, page.locale, dict(error.facts))
    if isinstance(error, NoRight) and page.actor:
        t = page.words()
        title = t("problem.denied_title")
        detail = t("problem.denied", role=t(f"role.{page.actor.role}"))
    return show(page, status_of(error), title, detail, error.code, back=came_from(request))


def on_http(request: Asked, error: HTTPException) -> Response[str]:
    """An address that leads nowhere, or a form that cannot be read."""
    page = _page(request)
    if isinstance(error, NotFoundException) or error.status_code in (404, 405):
        title, detail = _said(page, "not_found")
        if not page.actor:  # no handler was reached: the page has no frame, and so no field
            detail = page.words()("problem.not_found_bare")
        return show(page, error.status_code, title, detail, "not_found")
    if error.status_code >= 500:
        return on_fault(request, error)
    return show(page, error.status_code, *errors.say("invalid", page.locale, {}), "invalid")


async def on_lost(error: Exception, scope: Scope) -> None:
    """Before the page about an address that nobody answers: whose page it is."""
    if isinstance(error, HTTPException) and error.status_code in (404, 405):
        request: Asked = Request(scope)
        if wants_page(request):
            await guard.lost(request)


def on_away(request: Asked, error: Exception) -> Response[str]:
    """The database is away, or was too slow: nothing was changed, come back."""
    logger.warning("database unavailable: %s", type(error).__name__)
    page = _page(request)
    answer = show(page, 503, *_said(page, "busy"), "database_unavailable")
    answer.headers["Retry-After"] = "2"
    return answer


def on_unwritable(request: Asked, error: Exception) -> Response[str]:
    """Text that no database can hold (NUL, half a surrogate): the sender's, not our bug."""
    page = _page(request)
    return show(page, 422, *errors.say("invalid", page.locale, {}), "invalid")


def on_fault(request: Asked, error: Exception) -> Response[str]:
    """A bug: logged under a reference, told without the request's words."""
    ref = secrets.token_hex(4).upper()
    logger.error("fault %s in %s %s", ref, request.method, request.scope.get("path_template", ""),
                 exc_info=error)  # fmt: skip
    page = _page(request)
    return show(page, 500, *_said(page, "fault"), "fault", ref=ref)


def came_from(request: Asked) -> str:
    """The page of ours whose form was refused, to go back to; empty where there is none.

    What only answers a form cannot be opened again: the nearest page above it is meant.
    """
    said = urlsplit(request.headers.get("referer", ""))
    if request.method != "POST" or said.netloc != request.url.netloc:
        return ""
    pages = [
        _pattern(route.path)
        for route in request.app.routes
        if isinstance(route, HTTPRoute) and "GET" in route.methods
    ]
    path = said.path
    while path.strip("/") and not any(one.fullmatch(path) for one in pages):
        path = path.rpartition("/")[0]
    if path == said.path and said.query:
        return f"{path}?{said.query}"
    return path if path.strip("/") else ""


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """The addresses of a route such as `/customers/{customer_id:uuid}`."""
    pieces = re.split(r"({[^}]+})", path)
    kinds = (".+" if one.endswith(":path}") else "[^/]+" for one in pieces[1::2])
    plain = map(re.escape, pieces[::2])
    return re.compile("".join(a + b for a, b in zip_longest(plain, kinds, fillvalue="")))


def show(
    page: Page, status: int, title: str, detail: str, code: str, *, ref: str = "", back: str = ""
) -> Response[str]:
    """The refusal: into the alerts of the page that asked by htmx, else as a page of its own."""
    view = {"title": title, "detail": detail, "code": code, "ref": ref, "back": back}
    if page.is_partial:
        swap = {**HEADERS, "HX-Retarget": "[data-alerts]", "HX-Reswap": "innerHTML show:top"}
        return page.render("parts/refusal.html", view, status=status, headers=swap)
    frame = "shell/problem.html" if page.actor else "shell/problem_bare.html"
    return page.render(frame, view, status=status)


def _said(page: Page, what: str) -> tuple[str, str]:
    t = page.words()
    return t(f"problem.{what}_title"), t(f"problem.{what}")


def _page(request: Asked) -> Page:
    """The page as far as it was prepared; a bare one when the door was not even reached."""
    held = request.state.get("page")
    if isinstance(held, Page):
        return held
    asked = request.headers.get("accept-language", "")[:2].lower()
    return Page(
        actor=None,
        locale=asked if asked in LOCALES else "ja",
        theme="system",
        path=request.url.path,
        csrf="",
        now=clock.now(),
        zone="Asia/Tokyo",
        is_partial=request.headers.get("HX-Request") == "true",
    )


def wants_page(request: Any) -> bool:
    """Whether whoever asks is a person's browser: for the wiring's own not-found answer."""
    accepted = request.headers.get("accept", "")
    return "text/html" in accepted and not request.url.path.startswith(("/api/", "/v1/"))
