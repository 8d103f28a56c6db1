"""Delivery over JSON: zones and services of the business, and what they offer for some goods."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

import msgspec
from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from setten.api import availability as availability_api
from setten.api import guard
from setten.api.availability import clean
from setten.api.state import Deps
from setten.api.stock import Name, Written
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.stock import catalog, delivery, locations
from setten.stock.delivery import Excluded, Option, Service, Wanted, Zone
from setten.stock.hours import WEEKDAYS

_Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_Sku = Annotated[str, msgspec.Meta(min_length=1, max_length=catalog.SKU_LENGTH_MAX)]
_Units = Annotated[int, msgspec.Meta(ge=1, le=10_000)]
# gt, not ge: the writer of the OpenAPI description forgets a bound of 0
_Minor = Annotated[int, msgspec.Meta(gt=-1, lt=2**53)]
_Days = Annotated[int, msgspec.Meta(gt=-1, le=delivery.LEAD_DAYS_MAX)]


class ZoneIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An area with one price: postcodes that begin with one of the prefixes (digits only)."""

    zone_id: str
    name: str | Name
    prefixes: Annotated[list[str], msgspec.Meta(max_length=delivery.PREFIXES_MAX)]


class ZonesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Zones to make or change."""

    zones: Annotated[list[ZoneIn], msgspec.Meta(max_length=delivery.ZONES_MAX)]


class ServiceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carries goods from `origin` to a zone, lead_days_min to lead_days_max on the way.

    cut_off by the origin's clock; fee in minor units with tax; goods worth free_from travel free.
    carries: classes of goods, as an item's `delivery_class` says (without one it is a parcel).
    """

    service_id: str
    name: str | Name
    origin: Annotated[str, msgspec.Meta(max_length=locations.LOCATION_ID_LENGTH_MAX)]
    zone_id: str
    cut_off: _Clock = "15:00"
    ship_days: tuple[str, ...] = WEEKDAYS
    lead_days_min: _Days = 1
    lead_days_max: _Days = 2
    fee: _Minor = 0
    free_from: _Minor | None = None
    currency: str = "JPY"
    carries: tuple[str, ...] = (delivery.PARCEL,)


class ServicesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Services to make or change."""

    services: Annotated[list[ServiceIn], msgspec.Meta(max_length=delivery.SERVICES_MAX)]


class ZonesBody(msgspec.Struct, frozen=True):
    """All zones."""

    items: list[Zone]


class ServiceBody(msgspec.Struct, frozen=True, kw_only=True):
    """A service as it is kept; cut_off as HH:MM."""

    service_id: str
    name_ja: str
    name_en: str
    origin: str
    zone_id: str
    cut_off: str
    ship_days: tuple[str, ...]
    lead_days_min: int
    lead_days_max: int
    fee: int
    free_from: int | None
    currency: str
    carries: tuple[str, ...]


class ServicesBody(msgspec.Struct, frozen=True):
    """All services."""

    items: list[ServiceBody]


class LineIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of one sku that are to be brought."""

    sku: _Sku
    qty: _Units = 1


class Ask(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be brought where. subtotal: the goods' price in minor units, for free delivery."""

    postcode: Annotated[str, msgspec.Meta(pattern="^[0-9]{3}-?[0-9]{4}$")]
    lines: Annotated[list[LineIn], msgspec.Meta(min_length=1, max_length=delivery.LINES_MAX)]
    subtotal: _Minor | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A way to bring all of it. Ordered before `order_by`, it arrives between two days."""

    service_id: str
    name_ja: str
    name_en: str
    order_by: datetime
    ships_on: date
    arrives_from: date
    arrives_to: date
    fee: int
    currency: str
    tax_included: bool
    origin: str | None


class OptionsBody(msgspec.Struct, frozen=True, kw_only=True):
    """Soonest first. zone_id is null where nobody delivers; `excluded` says why a service cannot
    (for keys of the scopes agent and server)."""

    zone_id: str | None
    options: list[Offer]
    excluded: list[Excluded]


def router() -> Router:
    """The routes of this domain, under /api/v1/delivery."""
    return Router(
        path="/api/v1/delivery",
        route_handlers=[put_zones, list_zones, put_services, list_services, ask_options],
        dependencies={"actor": guard.provide_actor},
        tags=["delivery"],
    )


def _names(name: str | Name) -> tuple[str, str]:
    return (name, name) if isinstance(name, str) else (name.ja, name.en or name.ja)


@put("/zones", guards=[guard.allow("server")])
async def put_zones(data: JSONBody[ZonesIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change zones by zone_id; each has just these prefixes afterwards."""
    made = []
    for one in data.zones:
        ja, en = _names(one.name)
        prefixes = tuple(one.prefixes)
        made.append(Zone(zone_id=one.zone_id, name_ja=ja, name_en=en, prefixes=prefixes))
    async with db.transaction(deps.pool) as conn:
        refused = await delivery.put_zones(conn, made, now=clock.now())
    return Written(len(made) - len(refused), refused)


@put("/services", guards=[guard.allow("server")])
async def put_services(data: JSONBody[ServicesIn], deps: NamedDependency[Deps]) -> Written:
    """Make or change services by service_id."""
    made = [_service(one) for one in data.services]
    async with db.transaction(deps.pool) as conn:
        refused = await delivery.put_services(conn, made, now=clock.now())
    return Written(len(made) - len(refused), refused)


def _service(one: ServiceIn) -> Service:
    ja, en = _names(one.name)
    return Service(
        service_id=one.service_id,
        name_ja=ja,
        name_en=en,
        origin=one.origin,
        zone_id=one.zone_id,
        cut_off=time.fromisoformat(one.cut_off),
        ship_days=one.ship_days,
        lead_days_min=one.lead_days_min,
        lead_days_max=one.lead_days_max,
        fee_minor=one.fee,
        free_from_minor=one.free_from,
        currency=one.currency.upper(),
        carries=one.carries,
    )


@get("/zones", guards=[guard.allow("server", "agent", "public")])
async def list_zones(deps: NamedDependency[Deps]) -> ZonesBody:
    """All zones."""
    async with deps.pool.acquire() as conn:
        return ZonesBody(await delivery.zones(conn))


@get("/services", guards=[guard.allow("server", "agent", "public")])
async def list_services(deps: NamedDependency[Deps]) -> ServicesBody:
    """All services."""
    async with deps.pool.acquire() as conn:
        found = await delivery.services(conn)
    return ServicesBody([_service_body(one) for one in found])


def _service_body(one: Service) -> ServiceBody:
    return ServiceBody(
        service_id=one.service_id,
        name_ja=one.name_ja,
        name_en=one.name_en,
        origin=one.origin,
        zone_id=one.zone_id,
        cut_off=one.cut_off.strftime("%H:%M"),
        ship_days=one.ship_days,
        lead_days_min=one.lead_days_min,
        lead_days_max=one.lead_days_max,
        fee=one.fee_minor,
        free_from=one.free_from_minor,
        currency=one.currency,
        carries=one.carries,
    )


@post("/options", status_code=200, guards=[guard.allow("server", "agent", "public")])
async def ask_options(
    data: JSONBody[Ask], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> OptionsBody:
    """How all of these goods can be brought to a postcode: when, and for how much.

    The postcode is asked for in the body, so that no address stands in a log.
    """
    wanted: dict[str, int] = {}
    for line in data.lines:
        sku = clean(line.sku)
        wanted[sku] = wanted.get(sku, 0) + line.qty
    async with deps.pool.acquire() as conn:
        quote = await delivery.options(
            conn,
            availability_api.directory(),
            data.postcode,
            [Wanted(sku, qty) for sku, qty in wanted.items()],
            subtotal_minor=data.subtotal,
            now=clock.now(),
        )
    is_ours = actor.scope != "public"
    return OptionsBody(
        zone_id=quote.zone.zone_id if quote.zone else None,
        options=[_offer(one, is_ours) for one in quote.options],
        excluded=list(quote.excluded) if is_ours else [],
    )


def _offer(one: Option, is_ours: bool) -> Offer:
    return Offer(
        service_id=one.service_id,
        name_ja=one.name_ja,
        name_en=one.name_en,
        order_by=one.order_by,
        ships_on=one.ships_on,
        arrives_from=one.arrives_from,
        arrives_to=one.arrives_to,
        fee=one.fee_minor,
        currency=one.currency,
        tax_included=True,
        origin=one.origin if is_ours else None,
    )
