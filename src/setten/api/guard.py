"""Bearer keys and scopes. Deny by default: a route without a guard is not under /api/v1."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from setten.platform import auth
from setten.platform.auth import Actor
from setten.platform.errors import Denied, Unauthenticated

_BEARER = "bearer "


class WrongScope(Denied):
    """The key is good, but not for this."""

    code = "wrong_scope"


async def _actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    header = connection.headers.get("authorization", "")
    if not header.lower().startswith(_BEARER):
        raise Unauthenticated()
    async with connection.app.state.deps.pool.acquire() as conn:
        actor = await auth.find_key(conn, header[len(_BEARER) :].strip())
    if actor is None:
        raise Unauthenticated()
    return actor


def allow(*scopes: str) -> Guard:
    """A guard that lets keys of these scopes by."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = await _actor_of(connection)
        if actor.scope not in scopes:
            raise WrongScope(scope=actor.scope, scopes=", ".join(scopes))
        connection.scope["state"]["actor"] = actor

    return guard


def _actor(scope: dict[str, Any]) -> Actor:
    actor = scope["state"]["actor"]
    assert isinstance(actor, Actor)
    return actor


async def _provide_actor(request: Any) -> Actor:
    return _actor(request.scope)


provide_actor = Provide(_provide_actor)
