"""Errors as RFC 9457 `application/problem+json`: the one place where a kind becomes a status."""

from __future__ import annotations

import logging
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from litestar.types import Receive, Scope, Send

from setten.platform import db, errors
from setten.platform.db import pool as db_pool

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
_STATUS: tuple[tuple[type[errors.SettenError], int], ...] = (
    (errors.TooMany, 429),
    (errors.Unavailable, 503),
    (errors.Unauthenticated, 401),
    (errors.Denied, 403),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Invalid, 422),
)
_WENT_AWAY = "client disconnected prematurely"  # what the framework says when it did
_HTTP_CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "unavailable",
}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every refusal. `code` is stable; words follow Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    errors: list[dict[str, Any]] = []


def status_of(error: errors.SettenError) -> int:
    """The HTTP status of a refusal's kind."""
    return next(status for kind, status in _STATUS if isinstance(error, kind))


def locale_of(request: Request[Any, Any, Any]) -> str:
    """ "ja" or "en": the first of the two that Accept-Language names; English otherwise.

    Programs send none; their developers read English.
    """
    for part in request.headers.get("accept-language", "").lower().split(","):
        language = part.split(";")[0].strip()[:2]
        if language in ("ja", "en"):
            return language
    return "en"


def respond(
    request: Request[Any, Any, Any],
    status: int,
    code: str,
    facts: dict[str, Any] | None = None,
    headers: dict[str, str] | None = None,
    wrong: list[dict[str, Any]] | None = None,
) -> Response[bytes]:
    """A problem response; `facts` become members of it beside the standard ones."""
    title, detail = errors.say(code, locale_of(request), facts)
    problem = Problem(
        type=f"urn:setten:error:{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        instance=request.url.path,
        errors=wrong or [],
    )
    body = msgspec.to_builtins(problem)
    for name, value in (facts or {}).items():
        body.setdefault(name, value)
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "Content-Language": locale_of(request)}
        | (headers or {}),
    )


def on_refusal(request: Request[Any, Any, Any], error: errors.SettenError) -> Response[bytes]:
    """An expected refusal."""
    headers = {}
    if isinstance(error, errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return respond(request, status_of(error), error.code, dict(error.facts), headers)


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What the web framework refuses: unknown paths, wrong methods, bodies that do not parse."""
    status = 422 if isinstance(error, ValidationException) else error.status_code
    wrong = []
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        wrong = [{k: str(v) for k, v in item.items()} for item in error.extra if
                 isinstance(item, dict)]  # fmt: skip
    headers = {k: v for k, v in (error.headers or {}).items() if k.lower() != "content-type"}
    code = _HTTP_CODES.get(status, "malformed" if status < 500 else "error")
    return respond(request, status, code, None, headers, wrong)


def on_database(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The database is away, or was too slow: come back."""
    logger.warning("database unavailable: %s", type(error).__name__)
    return on_refusal(request, db_pool.DatabaseUnavailable())


def on_unwritable(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Text that no database can hold (NUL, half a surrogate): the caller's, not our bug."""
    return respond(request, 422, "invalid")


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """A bug: logged without the request's words, answered without ours."""
    if isinstance(error, InternalServerException) and error.detail == _WENT_AWAY:
        return respond(request, 400, "malformed")  # in the middle of its words; nobody reads this
    logger.error("bug in %s %s", request.method, request.scope.get("path_template", ""),
                 exc_info=error)  # fmt: skip
    return respond(request, 500, "error")


async def send(error: Exception, scope: Scope, receive: Receive, out: Send) -> None:
    """Answer with the problem of `error`, for what is served without the framework's layers."""
    request: Request[Any, Any, Any] = Request(scope, receive, out)
    kinds = (HANDLERS.get(kind) for kind in type(error).__mro__)
    handler = next(filter(None, kinds), HANDLERS[500])
    response: Response[bytes] = handler(request, error)
    await response.to_asgi_response(app=None, request=request)(scope, receive, out)


HANDLERS: dict[Any, Any] = {
    errors.SettenError: on_refusal,
    HTTPException: on_http,
    **dict.fromkeys(db.AWAY, on_database),
    asyncpg.CharacterNotInRepertoireError: on_unwritable,
    asyncpg.UntranslatableCharacterError: on_unwritable,
    UnicodeEncodeError: on_unwritable,
    500: on_bug,
}
