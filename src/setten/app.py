"""The wiring of a web process: which parts make it. What has no pages is wired in `background`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request
from litestar.config.app import AppConfig
from litestar.exceptions import HTTPException

from setten import background, console
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
from setten.api import house as house_api
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
from setten.platform import journal
from setten.platform import settings as settings_module
from setten.platform.settings import Settings

WEB_POOL_SIZE = 10  # see `background.POOL_SIZES`
BODY_BYTES_MAX = 4 * 1024 * 1024  # an API call of 1,000 movements is far below
PROGRAM_PATHS = ("/api/", "/v1/", "/ingest/", "/analytics.js/")


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
        exception_handlers={
            **problems.HANDLERS,
            404: _on_unknown_address,
            405: _on_unknown_address,
        },
        after_exception=[console.lost_page],
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
        house_api.router(),
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
        # Put together before the database has an address, which then stands in the environment.
        found = settings if settings.database_url else settings_module.load()
        async with resources(found, size=WEB_POOL_SIZE) as deps:
            app.state.deps = deps
            yield

    return lifespan


@asynccontextmanager
async def resources(settings: Settings, *, size: int) -> AsyncIterator[state.Deps]:
    """What a web process holds; refuses a database made with another master key."""
    async with background.resources(settings, size=size) as means:
        pool, vault = means.pool, means.vault
        deps = state.Deps(settings=settings, pool=pool, vault=vault, lake=means.lake)
        deps.combiners[holds_api.COMBINER] = holds_api.combiner(pool)
        deps.combiners[availability_api.COMBINER] = availability_api.gatherer(pool)
        deps.combiners[customers_api.COMBINER] = customers_api.gatherer(pool, vault, settings.zone)
        deps.combiners[guard.KEYS] = guard.gatherer(pool)
        await customers_api.get_ready(pool)
        yield deps
