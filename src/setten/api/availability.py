"""Where something is, over JSON. Scopes below `server` are told bands, never numbers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from setten.api import bare, guard
from setten.api.state import Deps
from setten.platform import clock
from setten.platform.auth import Actor
from setten.platform.combine import Combiner
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError
from setten.stock import availability
from setten.stock.availability import PLACES_MAX, RADIUS_KM_MAX, SKUS_MAX, Availability, Nearby
from setten.stock.locations import Directory, Location

LIMIT_DEFAULT = 10
RADIUS_KM_DEFAULT = 20.0
NEAR_DECIMALS = 2  # a GET is logged by others on its way: about a kilometre, no doorstep
# Degrees of latitude and longitude, as far as the earth goes.
_POINT = r"^[+-]?(90(\.0+)?|[0-8]?\d(\.\d+)?),[+-]?(180(\.0+)?|(1[0-7]\d|\d{1,2})(\.\d+)?)$"
_CHANNEL = "^[a-z][a-z0-9_]{0,39}$"
COMBINER = "availability"
SCOPES = ("server", "agent", "public")
# Questions that are answered together: each costs the others 0.2 ms.
_TOGETHER_MAX = 16
_LANES, _BUSY = 4, 2
_directory = Directory()  # one per process, as the places are in memory
Skus = Annotated[list[str], QueryParameter(name="sku", min_items=1, max_items=SKUS_MAX)]


class AvailabilityBody(msgspec.Struct, frozen=True, kw_only=True):
    """One sku at one place. `available` in units for scope `server`, null for others.

    due: of these, units that are still to come; only when `by` was asked.
    """

    sku: str
    location_id: str
    available: int | None
    band: str
    distance_km: float | None
    opens_at: datetime | None
    closes_at: datetime | None
    due: int | None = None


class AvailabilitiesBody(msgspec.Struct, frozen=True):
    """Nearest first within each sku."""

    items: list[AvailabilityBody]


class Near(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A point in degrees."""

    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where are these, near an exact point, at named places, or anywhere?

    channel: with what is set aside for it. by: with what is due on or before that day.
    """

    skus: Annotated[list[str], msgspec.Meta(min_length=1, max_length=SKUS_MAX)]
    near: Near | None = None
    location_ids: Annotated[list[str], msgspec.Meta(max_length=PLACES_MAX)] = []
    radius_km: Annotated[float, msgspec.Meta(gt=0, le=RADIUS_KM_MAX)] = RADIUS_KM_DEFAULT
    limit: Annotated[int, msgspec.Meta(ge=1, le=PLACES_MAX)] = LIMIT_DEFAULT
    include: Annotated[str, msgspec.Meta(pattern="^empty$")] | None = None
    channel: Annotated[str, msgspec.Meta(pattern=_CHANNEL)] | None = None
    by: date | None = None


def directory() -> Directory:
    """The places of this business, in the memory of this process."""
    return _directory


def clean(text: str) -> str:
    """Text that PostgreSQL can hold: no name has a NUL, so nothing is found under it either way."""
    return text.replace("\x00", "")


@get("/availability", guards=[guard.allow(*SCOPES)])
async def get_availability(
    request: Request[Any, Any, Any],
    sku: Skus,
    near: Annotated[str | None, QueryParameter(max_length=60, pattern=_POINT)] = None,
    location_id: Annotated[list[str] | None, QueryParameter(max_items=PLACES_MAX)] = None,
    radius_km: Annotated[float, QueryParameter(gt=0, le=RADIUS_KM_MAX)] = RADIUS_KM_DEFAULT,
    limit: Annotated[int, QueryParameter(ge=1, le=PLACES_MAX)] = LIMIT_DEFAULT,
    include: Annotated[str | None, QueryParameter(pattern="^empty$")] = None,
    channel: Annotated[str | None, QueryParameter(pattern=_CHANNEL)] = None,
    by: FromQuery[date | None] = None,
) -> AvailabilitiesBody:
    """Where these are: near a point (rounded to 0.01°), at named places, or anywhere."""
    point = None
    if near is not None:
        exact = _point(near)
        point = Near(round(exact.lat, NEAR_DECIMALS), round(exact.lon, NEAR_DECIMALS))
    question = Question(
        skus=sku,
        near=point,
        location_ids=location_id or [],
        radius_km=radius_km,
        limit=limit,
        include=include,
        channel=channel,
        by=by,
    )
    # Not as dependencies: resolving those costs as much as the answer.
    return await _find(request.app.state.deps, guard.actor_of(request.scope), question)


@bare.post("/availability", status_code=200, scopes=SCOPES)
async def ask_availability(
    data: JSONBody[Question], deps: NamedDependency[Deps], caller: NamedDependency[guard.Caller]
) -> bare.Answer[AvailabilitiesBody]:
    """Where these are, near an exact point, at named places, or anywhere."""
    return bare.Answer(await _find(deps, caller, data))


def _point(text: str) -> Near:
    lat, lon = (float(part) for part in text.split(","))
    return Near(lat, lon)


class Asked(msgspec.Struct, frozen=True):
    """A question, and who asks it; None: somebody who was let by before."""

    question: Nearby
    caller: guard.Caller | None = None


Told = tuple[Actor | None, list[Availability]]


def gatherer(pool: Pool, directory: Directory = _directory) -> Combiner[Asked, Told]:
    """The gatherer of a process: `app` makes one and keeps it under COMBINER.

    What is asked near some point in one moment is read in one query, after one for the keys of all
    who ask. With one lane this process would wait while the database reads, and the other way; the
    third and the fourth are for when it waits for the disk, as after a start, when nothing of what
    is asked is in memory yet.
    """

    async def look(conn: Connection, asked: Sequence[Asked]) -> list[Told | Exception]:
        callers = [one.caller for one in asked if one.caller is not None]
        let_by = iter(await guard.actors(conn, callers) if callers else ())
        actors = [None if one.caller is None else next(let_by) for one in asked]
        good = [
            one.question
            for one, actor in zip(asked, actors, strict=True)
            if not isinstance(actor, SettenError)
        ]
        rows = iter(await availability.near_many(conn, directory, good, now=clock.now()))
        return [
            actor if isinstance(actor, SettenError) else (actor, next(rows)) for actor in actors
        ]

    return Combiner(
        pool, look, lanes=_LANES, busy=_BUSY, batch_max=_TOGETHER_MAX, is_transaction=False
    )


async def _find(deps: Deps, who: Actor | guard.Caller, question: Question) -> AvailabilitiesBody:
    if question.near is not None and question.channel is None and question.by is None:
        actor, found = await _near(deps, who, question, question.near)
    else:
        actor = who if isinstance(who, Actor) else await who.actor()
        found = await _elsewhere(deps, question)
    return AvailabilitiesBody(
        [_shown(one, actor, is_dated=question.by is not None) for one in found]
    )


async def _near(
    deps: Deps, who: Actor | guard.Caller, question: Question, near: Near
) -> tuple[Actor, list[Availability]]:
    """With all who ask in this moment; a caller is let by there, with their keys."""
    named = frozenset(question.location_ids)
    nearby = Nearby(
        skus=[clean(sku) for sku in dict.fromkeys(question.skus)],
        lat=near.lat,
        lon=near.lon,
        radius_km=question.radius_km,
        limit=PLACES_MAX if named else question.limit,
        include_empty=question.include is not None,
    )
    asked = Asked(nearby) if isinstance(who, Actor) else Asked(nearby, who)
    let_by, found = await deps.combiners[COMBINER].ask(asked)
    actor = who if isinstance(who, Actor) else let_by
    return actor, [one for one in found if not named or one.location_id in named]


async def _elsewhere(deps: Deps, question: Question) -> list[Availability]:
    """At named places, anywhere, for a channel or a day: not gathered."""
    skus = [clean(sku) for sku in dict.fromkeys(question.skus)]
    named = list(dict.fromkeys(question.location_ids))
    if question.channel is not None or question.by is not None:
        return await _promised(deps, question, skus, named)
    return await _at(deps, question, skus, named)


async def _promised(
    deps: Deps, question: Question, skus: list[str], named: list[str]
) -> list[Availability]:
    """For a channel or a day: not gathered; nearest places first, as many as it takes."""
    is_full = question.include is not None
    async with deps.pool.acquire() as conn:
        places = await _directory.fresh(conn)

        async def look(
            part: Sequence[tuple[float | None, Location]], wanted: Sequence[str]
        ) -> list[Availability]:
            return await availability.for_channel(
                conn, places, wanted, places=part, channel=question.channel, by=question.by,
                now=clock.now(), include_empty=is_full,
            )  # fmt: skip

        if question.near is None:
            return await look(_named(places, named), skus)
        at = question.near
        close = places.near(at.lat, at.lon, radius_km=question.radius_km)
        close = [one for one in close if not named or one[1].location_id in named]
        if is_full:
            close = close[: question.limit]
        return await availability.enough(close, skus, question.limit, look)


def _named(directory: Directory, named: list[str]) -> list[tuple[float | None, Location]]:
    asked = named or directory.first(PLACES_MAX)
    return [(None, place) for one in asked if (place := directory.find(one)) is not None]


async def _at(
    deps: Deps, question: Question, skus: list[str], named: list[str]
) -> list[Availability]:
    async with deps.pool.acquire() as conn:
        return await availability.at(
            conn,
            _directory,
            skus,
            location_ids=named or (await _directory.fresh(conn)).first(PLACES_MAX),
            now=clock.now(),
            include_empty=question.include is not None,
        )


def _shown(one: Availability, actor: Actor, *, is_dated: bool) -> AvailabilityBody:
    return AvailabilityBody(
        sku=one.sku,
        location_id=one.location_id,
        available=one.available if actor.scope == "server" else None,
        band=one.band.value,
        distance_km=one.distance_km,
        opens_at=one.opens_at,
        closes_at=one.closes_at,
        due=one.due if is_dated and actor.scope == "server" else None,
    )
