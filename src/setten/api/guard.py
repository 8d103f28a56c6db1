"""Bearer keys and scopes. Deny by default: a route without a guard is not under /api/v1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from setten.api.state import Deps
from setten.platform import auth
from setten.platform.auth import Actor
from setten.platform.combine import Combiner
from setten.platform.db import Connection, Pool
from setten.platform.errors import Denied, SettenError, Unauthenticated

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

    return Combiner(pool, find, lanes=2, is_transaction=False)


class Caller:
    """Who asks, by the key of the request; looked up when it is asked for, never before.

    Raises Unauthenticated when the request has no key at all. scopes: those that are let by.
    """

    __slots__ = ("_deps", "_scopes", "key")

    def __init__(self, authorization: str, deps: Deps, scopes: tuple[str, ...]) -> None:
        if authorization[: len(_BEARER)].lower() != _BEARER:
            raise Unauthenticated()
        self.key = authorization[len(_BEARER) :].strip()
        self._deps = deps
        self._scopes = scopes

    async def actor(self) -> Actor:
        """The program behind the key. Raises Unauthenticated, WrongScope."""
        keys: Combiner[str, Actor] | None = self._deps.combiners.get(KEYS)
        if keys is not None:
            return self.let_by(await keys.ask(self.key))
        async with self._deps.pool.acquire() as conn:
            return self.let_by(await auth.find_key(conn, self.key))

    def let_by(self, found: Actor | None) -> Actor:
        """`found` if its scope reaches here. Raises Unauthenticated, WrongScope."""
        if found is None:
            raise Unauthenticated()
        if found.scope not in self._scopes:
            raise WrongScope(scope=found.scope, scopes=", ".join(self._scopes))
        return found


async def actors(conn: Connection, callers: Sequence[Caller]) -> list[Actor | SettenError]:
    """As `Caller.actor` for many, in one query of the caller's transaction; refusals as values."""
    return let_by(callers, await auth.find_keys(conn, [caller.key for caller in callers]))


def let_by(callers: Sequence[Caller], found: Sequence[Actor | None]) -> list[Actor | SettenError]:
    """Each caller's program if its scope reaches here, or its refusal."""
    answers: list[Actor | SettenError] = []
    for caller, actor in zip(callers, found, strict=True):
        try:
            answers.append(caller.let_by(actor))
        except SettenError as refusal:
            answers.append(refusal)
    return answers


def allow(*scopes: str) -> Guard:
    """A guard that lets keys of these scopes by."""

    async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        authorization = connection.headers.get("authorization", "")
        caller = Caller(authorization, connection.app.state.deps, scopes)
        connection.scope["state"] |= {"caller": caller, "actor": await caller.actor()}

    return guard


def actor_of(scope: Mapping[str, Any]) -> Actor:
    """The actor that a guard has let by."""
    actor = scope["state"]["actor"]
    assert isinstance(actor, Actor)
    return actor


async def _provide_actor(request: Request[Any, Any, Any]) -> Actor:
    return actor_of(request.scope)


provide_actor = Provide(_provide_actor)


async def _provide_caller(request: Request[Any, Any, Any]) -> Caller:
    caller = request.scope["state"]["caller"]
    assert isinstance(caller, Caller)
    return caller


provide_caller = Provide(_provide_caller)
