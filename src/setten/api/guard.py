"""Bearer keys and scopes. Deny by default: a route without a guard is not under /api/v1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from setten.platform import auth
from setten.platform.auth import Actor
from setten.platform.combine import Combiner
from setten.platform.db import Connection, Pool
from setten.platform.errors import Denied, Unauthenticated

_BEARER = "bearer "
KEYS = "keys"


class WrongScope(Denied):
    """The key is good, but not for this."""

    code = "wrong_scope"


def gatherer(pool: Pool) -> Combiner[str, Actor]:
    """Looks up the keys of all requests of a moment in one query; `app` keeps it under KEYS.

    Nothing is remembered: each request's key is read after the request came.
    """

    async def find(conn: Connection, keys: Sequence[str]) -> list[Actor | Exception]:
        return [one or Unauthenticated() for one in await auth.find_keys(conn, keys)]

    return Combiner(pool, find, lanes=2)


async def _actor_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Actor:
    header = connection.headers.get("authorization", "")
    if not header.lower().startswith(_BEARER):
        raise Unauthenticated()
    key = header[len(_BEARER) :].strip()
    deps = connection.app.state.deps
    keys: Combiner[str, Actor] | None = deps.combiners.get(KEYS)
    if keys is not None:
        return await keys.ask(key)
    async with deps.pool.acquire() as conn:
        actor = await auth.find_key(conn, key)
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


def actor_of(scope: Mapping[str, Any]) -> Actor:
    """The actor that a guard has let by."""
    actor = scope["state"]["actor"]
    assert isinstance(actor, Actor)
    return actor


async def _provide_actor(request: Any) -> Actor:
    return actor_of(request.scope)


provide_actor = Provide(_provide_actor)
