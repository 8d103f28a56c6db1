"""What the people who run it look at: alive, ready, measures. No personal data in any of them."""

from __future__ import annotations

import asyncio
import time
from functools import cache
from typing import Any

import asyncpg
import msgspec
from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter

from setten.api.state import Deps
from setten.platform import db, draining, log, metrics
from setten.platform.db import Connection
from setten.platform.db.disk import Disk
from setten.platform.errors import NotFound, Unavailable

_Q = db.load(__file__)
# A probe that hangs is worse than one that says no.
PROBE_LIMIT_S = 3.0
# No writing transaction lasts over 2 s by design; readers of the log wait behind the oldest.
WRITER_AGE_S_MAX = 10.0
READER_LAG_S_MAX = 60.0

_requests = metrics.counter("http_requests", "Requests answered.", ["route", "method", "status"])
_seconds = metrics.histogram("http_request_seconds", "Time to answer a request.", ["route"])
_lag = metrics.gauge("log_reader_lag_seconds", "Age of the oldest event not passed.", ["reader"])
_disk_free = metrics.gauge("disk_free_bytes", "Room left under the data directory.")
_disks: dict[str, Disk] = {}


class Reason(msgspec.Struct, frozen=True):
    """Why we are not ready, or soon may not be."""

    code: str
    detail: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one installation as this process sees it. Ages and lags in seconds."""

    ready: bool
    reasons: tuple[Reason, ...]
    warnings: tuple[Reason, ...] = ()
    disk_free_mb: int
    oldest_writer_s: float | None = None
    reader_lag_s: dict[str, float] = {}
    waiting_jobs: int | None = None


class _Seen(msgspec.Struct, frozen=True):
    pending: list[str]
    oldest_writer_s: float
    lags: dict[str, float]
    waiting_jobs: int
    set_aside: int


@get("/healthz", opt={"public": True}, include_in_schema=False)
async def healthz() -> dict[str, str]:
    """200 while this process can answer at all. Does not touch the database."""
    return {"status": "alive"}


@get("/readyz", opt={"public": True}, include_in_schema=False)
async def readyz(deps: NamedDependency[Deps]) -> Response[Readiness]:
    """200 when requests can be served, else 503 with the reasons."""
    found = await _readiness(deps)
    return Response(found, status_code=200 if found.ready else 503, headers=_NEVER_KEPT)


@get("/metrics", opt={"public": True}, include_in_schema=False)
async def measures(deps: NamedDependency[Deps], request: Request[Any, Any, Any]) -> Response[bytes]:
    """Measures of all processes, for a scraper beside us; hidden from what came by a proxy."""
    if any(name in request.headers for name in _SIGNS_OF_A_PROXY):
        raise NotFound()
    _disk_free.set(_disk(deps).free_mb() * 1024 * 1024)
    try:
        async with asyncio.timeout(PROBE_LIMIT_S), deps.pool.acquire() as conn:
            for reader, lag_s in (await log.lags(conn)).items():
                _lag.labels(reader).set(lag_s)
    except _NO_DATABASE:
        pass  # the other measures are wanted most when the database is away
    body = await asyncio.to_thread(metrics.render)
    return Response(body, media_type=metrics.CONTENT_TYPE, headers=_NEVER_KEPT)


handlers = [healthz, readyz, measures]

_SIGNS_OF_A_PROXY = (
    "forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto",
    "cf-connecting-ip", "true-client-ip",
)  # fmt: skip
# A label of what strangers write would grow without end.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NEVER_KEPT = {"cache-control": "no-store"}
_NO_DATABASE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable)


def _disk(deps: Deps) -> Disk:
    folder = deps.settings.data_dir
    return _disks.setdefault(str(folder), Disk(folder))


async def _readiness(deps: Deps) -> Readiness:
    disk = _disk(deps)
    reasons: list[Reason] = []
    if draining.has_begun():
        reasons.append(Reason("ending", "this process has been told to end"))
    if disk.is_low():
        reasons.append(
            Reason("disk_low", f"{disk.free_mb()} MB left, {disk.low_water_mb()} MB are needed")
        )
    try:
        async with asyncio.timeout(PROBE_LIMIT_S), deps.pool.acquire() as conn:
            seen = await _look(conn)
    except _NO_DATABASE as failure:
        reasons.append(Reason("database_unavailable", type(failure).__name__))
        return Readiness(ready=False, reasons=tuple(reasons), disk_free_mb=disk.free_mb())
    if seen.pending:
        reasons.append(Reason("migrations_pending", ", ".join(seen.pending)))
    return Readiness(
        ready=not reasons,
        reasons=tuple(reasons),
        warnings=tuple(_warnings(seen)),
        disk_free_mb=disk.free_mb(),
        oldest_writer_s=seen.oldest_writer_s,
        reader_lag_s=seen.lags,
        waiting_jobs=seen.waiting_jobs,
    )


async def _look(conn: Connection) -> _Seen:
    pending = await db.pending(conn)
    if pending:
        return _Seen(pending, 0.0, {}, 0, 0)
    return _Seen(
        pending,
        await log.oldest_writer_s(conn),
        await log.lags(conn),
        int(await _Q.waiting_jobs.value(conn)),
        await log.set_aside(conn),
    )


def _warnings(seen: _Seen) -> list[Reason]:
    found = [
        Reason("reader_behind", f"{reader} is {lag_s:.0f} s behind")
        for reader, lag_s in sorted(seen.lags.items())
        if lag_s > READER_LAG_S_MAX
    ]
    if seen.set_aside:
        told = f"{seen.set_aside} events are missing from a view: see log.set_aside"
        found.append(Reason("events_set_aside", told))
    if seen.oldest_writer_s > WRITER_AGE_S_MAX:
        found.append(Reason("old_writer", f"a transaction writes for {seen.oldest_writer_s:.0f} s"))
    return found


class RequestMeasures(ASGIMiddleware):
    """Counts requests and their time by route template: never by path, which may name someone."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on and note how it ended."""
        method = str(scope.get("method"))
        method = method if method in _METHODS else "other"
        status = 500
        began = time.perf_counter()

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _timed(_route(scope)).observe(time.perf_counter() - began)
            await send(message)

        try:
            await next_app(scope, receive, watch)
        finally:
            _counted(_route(scope), method, status).inc()


# Finding a measure by its labels costs more than adding to it. There are as many as routes, methods
# and statuses, none of which a stranger can invent.
_timed = cache(_seconds.labels)


@cache
def _counted(route: str, method: str, status: int) -> Counter:
    return _requests.labels(route, method, str(status))


def _route(scope: Scope) -> str:
    return str(scope.get("path_template") or "unmatched")


__all__ = ["RequestMeasures", "handlers", "healthz", "measures", "readyz"]
