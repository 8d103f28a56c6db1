"""Where we sell from: shops, warehouses, the online shop; where they are and when they open.

`Directory` keeps them in memory for look-ups near a point: there are hundreds, and they change
rarely, while look-ups come by the thousand.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import NotFound
from setten.stock import hours as opening_hours
from setten.stock.refusals import Refused

_Q = db.load(__file__)
KINDS = ("shop", "warehouse", "online")
LOCATIONS_MAX = 1_000  # a call
LOCATION_ID_LENGTH_MAX = 100
EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
FRESH_S = 1.0  # how long a process may not know of a changed place


class UnknownLocation(NotFound):
    """There is no such place."""

    code = "unknown_location"


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """One place. lat and lon in degrees; hours as `stock.hours` writes them."""

    location_id: str
    name_ja: str
    name_en: str
    kind: str
    lat: float | None = None
    lon: float | None = None
    timezone: str = "Asia/Tokyo"
    hours: dict[str, Any] = {}

    def opening(self, now: datetime) -> Opening:
        """(opens_at, closes_at) of the present opening or the next."""
        kept = _openings.get(self.location_id)
        if kept is not None and kept.is_answer(self, now):
            return kept.opening
        found = opening_hours.opening(self.hours, _zone(self.timezone), now=now)
        until = found[1] or now + _NEVER_OPEN_KEPT
        if len(_openings) >= _OPENINGS_MAX:
            _openings.clear()
        _openings[self.location_id] = _Kept(self.hours, self.timezone, now, until, found)
        return found

    def after_open(self, since: datetime, span: timedelta) -> datetime:
        """When it will have been open for this long since a moment; by the clock without hours."""
        # Not by what `opening` remembers: that is of now, and would give way to other moments.
        return opening_hours.after_open(self.hours, _zone(self.timezone), since=since, span=span)

    def last_open(self, since: datetime, until: datetime) -> datetime | None:
        """The last moment in between at which somebody may come; None when there is none."""
        zone = _zone(self.timezone)
        return opening_hours.last_open(self.hours, zone, since=since, until=until)


Opening = tuple[datetime | None, datetime | None]


class _Kept(NamedTuple):
    """What an opening was found to be, and from when to when it is the answer."""

    hours: dict[str, Any]
    timezone: str
    since: datetime
    until: datetime
    opening: Opening

    def is_answer(self, place: Location, now: datetime) -> bool:
        """Whether it is what this place would be found to do at this moment."""
        return (
            self.hours is place.hours
            and self.since <= now < self.until
            and self.timezone == place.timezone
        )


# An opening stays the answer until it closes; working one out takes ten times what a row of an
# answer costs besides. Places of the directory are the same objects until they change.
_openings: dict[str, _Kept] = {}
_OPENINGS_MAX = 10_000
_NEVER_OPEN_KEPT = timedelta(minutes=1)  # at midnight another day comes into sight


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def check(place: Location) -> str | None:
    """Why a place cannot be kept, as a code; None when it can."""
    if (
        not place.location_id.strip()
        or len(place.location_id) > LOCATION_ID_LENGTH_MAX
        or ("\x00" in place.location_id)
    ):
        return "bad_location_id"
    if not place.name_ja or len(place.name_ja) > 200 or len(place.name_en) > 200:
        return "bad_name"
    if place.kind not in KINDS:
        return "bad_kind"
    if (place.lat is None) != (place.lon is None) or not (
        -90 <= (place.lat or 0) <= 90 and -180 <= (place.lon or 0) <= 180
    ):
        return "bad_point"
    try:
        _zone(place.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return "bad_timezone"
    return None if opening_hours.is_valid(place.hours) else "bad_hours"


async def put(conn: Connection, places: Sequence[Location], *, now: datetime) -> list[Refused]:
    """Make or change places, and answer those refused; the others go through."""
    refused = []
    kept: dict[str, Location] = {}
    for index, place in enumerate(places):
        why = check(place)
        if why is None:
            kept[place.location_id] = place
        else:
            refused.append(
                Refused(index=index, key=place.location_id[:LOCATION_ID_LENGTH_MAX], reason=why)
            )
    rows = list(kept.values())
    if rows:
        await _Q.put.run(
            conn,
            now=now,
            location_ids=[p.location_id for p in rows],
            names_ja=[p.name_ja for p in rows],
            names_en=[p.name_en or p.name_ja for p in rows],
            kinds=[p.kind for p in rows],
            lats=[p.lat for p in rows],
            lons=[p.lon for p in rows],
            timezones=[p.timezone for p in rows],
            hours=[msgspec.json.encode(p.hours).decode() for p in rows],
        )
        await _Q.bump.run(conn)
    return refused


def _location(row: db.Record) -> Location:
    values = dict(row)
    values["hours"] = msgspec.json.decode(values["hours"])
    return Location(**values)


async def list_all(conn: Connection) -> list[Location]:
    """All places, by id."""
    return [_location(row) for row in await _Q.all.all(conn)]


async def find_many(conn: Connection, location_ids: Sequence[str]) -> dict[str, Location]:
    """Places by id; unknown ones are absent."""
    rows = await _Q.by_id.all(conn, location_ids=list(set(location_ids)))
    return {row["location_id"]: _location(row) for row in rows}


async def get(conn: Connection, location_id: str) -> Location:
    """One place. Raises UnknownLocation."""
    found = await find_many(conn, [location_id])
    if location_id not in found:
        raise UnknownLocation(location_id=location_id[:LOCATION_ID_LENGTH_MAX])
    return found[location_id]


async def known(conn: Connection, location_ids: Sequence[str]) -> frozenset[str]:
    """Those of the ids that there are."""
    rows = await _Q.known.all(conn, location_ids=list(set(location_ids)))
    return frozenset(row["location_id"] for row in rows)


def _unit(lat: float, lon: float) -> tuple[float, float, float]:
    north, east = math.radians(lat), math.radians(lon)
    flat = math.cos(north)
    return flat * math.cos(east), flat * math.sin(east), math.sin(north)


def _km(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    # The chord: unlike the arc cosine of the dot it is exact for places in one street.
    chord = math.dist(a, b)
    return EARTH_RADIUS_KM * (2 * math.asin(chord / 2) if chord < 2 else math.pi)


def _north(point: tuple[tuple[float, float, float], Location]) -> float:
    return point[0][2]


def distance_km(a: Location, b: Location) -> float | None:
    """Great-circle distance; None when either has no point."""
    if a.lat is None or a.lon is None or b.lat is None or b.lon is None:
        return None
    return _km(_unit(a.lat, a.lon), _unit(b.lat, b.lon))


class Directory:
    """All places of this business in memory, at most a second old. One per process."""

    def __init__(self) -> None:
        self._version = -1
        self.sells_sets = False
        self._looked_at = -FRESH_S
        self._places: dict[str, Location] = {}
        self._points: list[tuple[tuple[float, float, float], Location]] = []

    async def fresh(self, conn: Connection) -> Directory:
        """Itself, after looking whether places have changed (one small query a second)."""
        moment = time.monotonic()
        if moment - self._looked_at < FRESH_S:
            return self
        row = await _Q.version.one(conn)
        self.sells_sets = bool(row["sells_sets"])
        if row["version"] != self._version:
            self._fill(await list_all(conn))
            self._version = row["version"]
        self._looked_at = moment
        return self

    def _fill(self, places: Sequence[Location]) -> None:
        self._places = {place.location_id: place for place in places}
        # From south to north (by the sine of the latitude): a circle needs only a band of them.
        self._points = sorted(
            [
                (_unit(place.lat, place.lon), place)
                for place in places
                if place.lat is not None and place.lon is not None
            ],
            key=_north,
        )

    def find(self, location_id: str) -> Location | None:
        """A place by id."""
        return self._places.get(location_id)

    def of_kind(self, kind: str) -> list[Location]:
        """Places of a kind, by id."""
        return [self._places[one] for one in sorted(self._places) if self._places[one].kind == kind]

    def first(self, most: int) -> list[str]:
        """Ids of up to `most` places, by id."""
        return sorted(self._places)[:most]

    def near(self, lat: float, lon: float, *, radius_km: float) -> list[tuple[float, Location]]:
        """(distance_km, place) of all places within the radius, nearest first."""
        x, y, z = here = _unit(lat, lon)
        angle = min(radius_km / EARTH_RADIUS_KM * 1.001 + 1e-6, math.pi)
        least = math.cos(angle)
        north = math.radians(lat)
        south = bisect_left(self._points, math.sin(max(north - angle, -math.pi / 2)), key=_north)
        end = bisect_right(self._points, math.sin(min(north + angle, math.pi / 2)), key=_north)
        close = [
            (point, place)
            for point, place in self._points[south:end]
            if x * point[0] + y * point[1] + z * point[2] >= least
        ]
        found = [(_km(here, point), place) for point, place in close]
        found.sort(key=lambda one: (one[0], one[1].location_id))
        return [one for one in found if one[0] <= radius_km]
