"""Bare routes: a busy call without the layers of the framework.

A bare route is written, registered and described like any other. But before the framework calls a
function it makes a request of it, copies its handler for every guard, resolves dependencies, and
dresses the answer: 0.1 ms, as much as a hold costs. Here the function is called straight from the
bytes. Keys, scopes, limits and refusals are those of every other route.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar, get_type_hints

import litestar
import msgspec
from litestar.exceptions import ClientException, HTTPException, ValidationException
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Receive, Scope, Send

from setten.api import guard, idempotency, problems, strict

Content = TypeVar("Content")
_MARK = "bare"  # in the options of a handler: its _Route
_encode = msgspec.json.Encoder().encode


class Answer(litestar.Response[Content], Generic[Content]):
    """What a bare route answers. event_id: of the fact that it stated, for `Setten-Event`.

    A Response for the published description only: it is never dressed as one.
    """

    def __init__(self, content: Content, event_id: str | None = None) -> None:
        self.content = content
        self.event_id = event_id


Function = Callable[..., Awaitable[Answer[Any]]]
Measured = Callable[[Scope, Receive, Send, ASGIApp], Awaitable[None]]


def post(
    path: str, *, scopes: tuple[str, ...], status_code: int
) -> Callable[[Function], HTTPRouteHandler]:
    """A POST whose function takes `data` (a Struct) and any of `body`, `deps`, `caller`, `key`.

    scopes: of the keys that may. The function lets the caller by itself, so that it can look up
    the keys of many requests at once: `guard.actors`, or `caller.actor()`.
    """

    def registered(function: Function) -> HTTPRouteHandler:
        route = _Route(function, scopes, status_code)
        made = litestar.post(
            path,
            status_code=status_code,
            guards=[guard.allow(*scopes)],
            middleware=[route.instead],
            opt={_MARK: route},
        )
        return made(function)

    return registered


def before(app: litestar.Litestar, measured: Measured) -> ASGIApp:
    """The application's way in, with bare routes answered before the framework looks for them.

    What is written in another way than in the description (a slash at its end) still goes through
    the framework, and comes to the same function. measured: counts what it passes on.
    """
    ways = {
        (str(method), route.path): (handler, handler.opt[_MARK])
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if _MARK in handler.opt
        for method in handler.http_methods
    }
    otherwise = app.asgi_handler

    async def first(scope: Any, receive: Receive, send: Send) -> None:
        way = ways.get((scope.get("method"), scope["path"]))
        if way is None:
            await otherwise(scope, receive, send)
            return
        scope["route_handler"], route = way
        scope["path_template"] = scope["path"]
        await measured(scope, receive, send, route.serve)

    return first


class _Route:
    """One function and how its requests become calls of it."""

    def __init__(self, function: Function, scopes: tuple[str, ...], status_code: int) -> None:
        self._function = function
        self._scopes = scopes
        self._status = status_code
        hints = get_type_hints(function)
        self._wanted: type[msgspec.Struct] = hints["data"]
        self._takes = tuple(name for name in hints if name != "return")

    def instead(self, app: ASGIApp) -> ASGIApp:
        """Serve in the place of `app`, the framework's way to the function."""
        return self.serve

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens."""
        try:
            answer = await self._call(scope, receive)
            body = _encode(answer.content)
        except Exception as error:
            await problems.send(error, scope, receive, send)
            return
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        if answer.event_id is not None:
            headers.append((b"setten-event", answer.event_id.encode()))
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _call(self, scope: Any, receive: Receive) -> Answer[Any]:
        headers: dict[bytes, bytes] = dict(scope["headers"])
        deps = scope["litestar_app"].state.deps
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        caller = guard.Caller(authorization, deps, self._scopes)
        try:
            body = await _read(scope, headers, receive)
            data = strict.read(self._wanted, body)
            key = _idempotency_key(headers)
        except HTTPException:
            await caller.actor()  # who may not ask at all is told that, and nothing else
            raise
        given = {"data": data, "body": body, "deps": deps, "caller": caller, "key": key}
        return await self._function(**{name: given[name] for name in self._takes})


async def _read(scope: Any, headers: dict[bytes, bytes], receive: Receive) -> bytes:
    """The whole body. Raises 413 beyond the application's limit, unread when it says its size."""
    most = scope["route_handler"].resolve_request_max_body_size() or math.inf
    announced = headers.get(b"content-length", b"0")
    if not announced.isdigit():
        raise ClientException
    if int(announced) > most:
        raise RequestEntityTooLarge
    body = bytearray()
    more = True
    while more:
        message: Any = await receive()
        if message["type"] != "http.request":
            raise ClientException  # it went away: nobody reads this
        body += message.get("body", b"")
        if len(body) > most:
            raise RequestEntityTooLarge
        more = message.get("more_body", False)
    return bytes(body)


def _idempotency_key(headers: dict[bytes, bytes]) -> str | None:
    key = headers.get(b"idempotency-key")
    if key is not None and len(key) > idempotency.KEY_LENGTH_MAX:
        told = f"Expected `str` of length <= {idempotency.KEY_LENGTH_MAX}"
        raise ValidationException(
            extra=[{"message": told, "key": "Idempotency-Key", "source": "header"}]
        )
    return None if key is None else key.decode("latin-1")
