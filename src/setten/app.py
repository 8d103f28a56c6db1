"""The only wiring place: which parts make a web process, and which the background process."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException

from setten import console
from setten.api import availability as availability_api
from setten.api import bare, guard, openapi, operations, options, problems, state, strict
from setten.api import carts as carts_api
from setten.api import consent as consent_api
from setten.api import counts as counts_api
from setten.api import cover as cover_api
from setten.api import customers as customers_api
from setten.api import delivery as delivery_api
from setten.api import fulfilments as fulfilments_api
from setten.api import holds as holds_api
from setten.api import inbound as inbound_api
from setten.api import ingest as ingest_api
from setten.api import links as links_api
from setten.api import orders as orders_api
from setten.api import outside as outside_api
from setten.api import pickup as pickup_api
from setten.api import promise as promise_api
from setten.api import receipts as receipts_api
from setten.api import regions as regions_api
from setten.api import releases as releases_api
from setten.api import returns as returns_api
from setten.api import rules as rules_api
from setten.api import stock as stock_api
from setten.api import transfers as transfers_api
from setten.customers import (
    consent,
    homes,
    identity,
    ingest,
    lifecycle,
    predictions,
    segments,
    timeline,
)
from setten.insight import touchpoints
from setten.platform import auth, clock, combine, db, jobs, journal, lake, log
from setten.platform import settings as settings_module
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar
from setten.platform.lake import Lake
from setten.platform.log import Reader
from setten.platform.settings import Settings
from setten.platform.supervisor import collector
from setten.platform.vault import Vault
from setten.stock import (
    allocations,
    carts,
    counts,
    cover,
    fulfilments,
    holds,
    locations,
    orders,
    proving,
    regions,
)
from setten.stock.locations import Directory

WEB_POOL_SIZE = 10  # 100 connections serve eight workers, the background and commands
BACKGROUND_POOL_SIZE = 12
# Work in a thread (the lake's batches) lets the readers' loop go on after so long, not after 5 ms:
# a batch of theirs asks for its turn some twenty times.
GIVE_WAY_S = 0.0005
BODY_BYTES_MAX = 4 * 1024 * 1024  # an API call of 1,000 movements is far below
PROGRAM_PATHS = ("/api/", "/v1/", "/ingest/", "/analytics.js/")
NIGHT = time(3, 40)  # of the business: tills are closed, backups not yet begun
PROOF = time(4, 20)  # after the night's other work: it reads the whole ledger
logger = logging.getLogger(__name__)


def create_web(settings: Settings | None = None) -> Litestar:
    """The web application of one worker process."""
    found = settings or settings_module.load()
    journal.configure(found.log_level)
    app = Litestar.from_config(_web_config(found))
    app.asgi_handler = bare.before(app, operations.RequestMeasures().handle)
    app.asgi_handler = ingest_api.before(app.asgi_handler)
    return app


def _web_config(settings: Settings) -> AppConfig:
    return AppConfig(
        route_handlers=_routes(settings),
        dependencies={"deps": state.provide},
        exception_handlers={**problems.HANDLERS, 404: _on_unknown_address},
        lifespan=[_lifespan(settings)],
        middleware=[operations.RequestMeasures(), options.TrueAllow()],
        request_class=strict.Request,
        request_max_body_size=BODY_BYTES_MAX,
        openapi_config=openapi.config(settings.base_url),
        logging_config=None,
    )


def _routes(settings: Settings) -> list[Any]:
    return [
        *operations.handlers,
        *ingest_api.mounts(),
        customers_api.router(),
        consent_api.router(),
        links_api.router(),
        rules_api.router(),
        stock_api.router(),
        transfers_api.router(),
        counts_api.router(),
        inbound_api.router(),
        promise_api.router(),
        cover_api.router(),
        outside_api.router(),
        delivery_api.router(),
        releases_api.router(),
        regions_api.router(),
        holds_api.router(),
        pickup_api.router(),
        receipts_api.router(),
        carts_api.router(),
        orders_api.router(),
        returns_api.router(),
        fulfilments_api.router(),
        *console.routes(),
    ]


def _on_unknown_address(request: Request[Any, Any, Any], error: HTTPException) -> Any:
    """A program gets a problem, a person gets a page."""
    if request.url.path.startswith(PROGRAM_PATHS) or request.method not in ("GET", "HEAD"):
        return problems.on_http(request, error)
    return console.problem_page(request, error)


def _lifespan(settings: Settings) -> Any:
    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        async with resources(settings, size=WEB_POOL_SIZE) as deps:
            app.state.deps = deps
            yield

    return lifespan


@asynccontextmanager
async def resources(settings: Settings, *, size: int) -> AsyncIterator[state.Deps]:
    """Pool and vault of a process; refuses a database made with another master key."""
    assert settings.database_url, "the supervisor names the database"
    pool = await db.open_pool(settings.database_url, size=size)
    try:
        vault = Vault(settings.key)
        async with db.transaction(pool) as conn:
            await vault.prove(conn)
        lake = Lake(settings.data_dir / "lake", segments.LAKE_COLUMNS, segments.lake_lines)
        deps = state.Deps(settings=settings, pool=pool, vault=vault, lake=lake)
        deps.combiners[holds_api.COMBINER] = holds_api.combiner(pool)
        deps.combiners[availability_api.COMBINER] = availability_api.gatherer(pool)
        deps.combiners[customers_api.COMBINER] = customers_api.gatherer(pool, vault)
        deps.combiners[guard.KEYS] = guard.gatherer(pool)
        yield deps
    finally:
        pool.terminate()


def readers(deps: state.Deps) -> list[Reader]:
    """Every reader of the log."""
    return [
        *ingest.readers(),
        *identity.readers(deps.vault),
        *consent.readers(after=(identity.READER,)),
        *homes.readers(deps.vault),
        *timeline.readers(),
        *orders.readers(),
        *lifecycle.readers(deps.settings.zone),
        *touchpoints.readers(deps.settings.zone),
        *segments.readers(Calendar(deps.settings.zone)),
    ]


def rebuilds(deps: state.Deps) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every projection that can be made anew from the log, by name."""
    return {
        "identity": partial(identity.rebuild, deps.pool),
        "timeline": partial(timeline.rebuild, deps.pool),
        "lake": partial(lake.rebuild, deps.lake, deps.pool),
        "touchpoints": partial(touchpoints.rebuild, deps.pool, zone=deps.settings.zone),
        "lifecycle": partial(lifecycle.reckon_everybody, deps.pool, zone=deps.settings.zone),
    }


def schedules(deps: state.Deps) -> list[jobs.Schedule]:
    """Every job that comes by the clock."""
    zone = deps.settings.zone
    return [
        jobs.Schedule("log_partitions", "7 * * * *", _partitions),
        jobs.Schedule("claims_forget", "17 * * * *", _forget_claims),
        jobs.Schedule("auth_tidy", "27 * * * *", _tidy_auth),
        jobs.Schedule("allocations_end", "* * * * *", allocations.end_all),
        jobs.Schedule("cover_reckon", _daily(PROOF, zone), partial(cover.reckon_all, zone=zone)),
        jobs.Schedule("stock_prove", _daily(PROOF, zone), proving.prove_all),
        jobs.Schedule("counts_settle", "*/10 * * * *", counts.settle_all),
        jobs.Schedule("carts_tidy", "* * * * *", carts.tidy_all),
        jobs.Schedule("fulfilments", "* * * * *", _look_after_parts(zone)),
        jobs.Schedule("regions_route", "* * * * *", _route_regions()),
        jobs.Schedule("holds_tidy", "* * * * * */5", holds.tidy_all),
        jobs.Schedule("identity_rules", "* * * * * */2", partial(identity.work, vault=deps.vault)),
        jobs.Schedule("segments_places", "* * * * * */15", _follow_places),
        jobs.Schedule("lists_tidy", "47 * * * *", _tidy_lists),
        jobs.Schedule("lake_carry", "* * * * * */20", deps.lake.carry),
        jobs.Schedule("stages_wake", "* * * * * */10", partial(lifecycle.wake, zone=zone)),
        jobs.Schedule("stages_count", "* * * * *", _count_stages),
        jobs.Schedule("stages_learn", _daily(NIGHT, zone), predictions.nightly),
    ]


def works(deps: state.Deps) -> list[Callable[[Pool], Awaitable[object]]]:
    """What is asked each second, in the process of the readers: they share what is remembered."""
    days = Calendar(deps.settings.zone)
    return [partial(segments.wake, calendar=days), partial(segments.fill, calendar=days)]


def _daily(at: time, zone: ZoneInfo) -> str:
    """The cron line of a time of the business's day; jobs go by UTC."""
    utc = datetime.combine(clock.now().astimezone(zone), at, zone).astimezone(UTC)
    return f"{utc.minute} {utc.hour} * * *"


async def _tidy_lists(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await segments.lists.tidy(conn, now=clock.now())


async def _follow_places(pool: Pool) -> None:
    await segments.follow_places(pool, places=_places)


async def _places(conn: Connection) -> list[segments.Place]:
    """The shops, for segments that ask how far from one somebody lives."""
    return [
        segments.Place(one.location_id, one.lat, one.lon)
        for one in await locations.list_all(conn)
        if one.kind == "shop" and one.lat is not None and one.lon is not None
    ]


def _look_after_parts(zone: ZoneInfo) -> Callable[[Pool], Awaitable[None]]:
    directory = Directory()
    return lambda pool: fulfilments.look_after(pool, directory, zone)


def _route_regions() -> Callable[[Pool], Awaitable[None]]:
    directory = Directory()
    return lambda pool: regions.route_all(pool, directory)


async def _count_stages(pool: Pool) -> None:
    await lifecycle.count_sizes(pool, now=clock.now())


async def _partitions(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await log.ensure_partitions(conn)


async def _forget_claims(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await combine.forget_old(conn, now=clock.now())


async def _tidy_auth(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await auth.tidy(conn, now=clock.now())


async def run_background(settings: Settings | None = None) -> None:
    """The background process: readers of the log and jobs, until SIGTERM."""
    found = settings or settings_module.load()
    journal.configure(found.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with resources(found, size=BACKGROUND_POOL_SIZE) as deps:
        await _partitions(deps.pool)
        collector.settle_down()
        sys.setswitchinterval(GIVE_WAY_S)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(log.run(readers(deps), deps.pool, stop))
            tasks.create_task(jobs.run(deps.pool, schedules(deps), stop))
            tasks.create_task(jobs.tick(deps.pool, works(deps), stop))
