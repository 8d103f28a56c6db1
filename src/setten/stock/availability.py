"""Where is it: what can be promised of a sku, by place, nearest first.

A hold that has run out counts as free at the moment it runs out, tidied or not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import locations, sets
from setten.stock.bands import Band, band_of
from setten.stock.locations import Directory, Location
from setten.stock.sets import Parts

_Q = db.load(__file__)
SKUS_MAX = 50
PLACES_MAX = 100  # places named in one question, and rows of one answer per sku
RADIUS_KM_MAX = 500.0
# Nearest places first: with forty, nine of ten questions for a fairly common sku are answered, and
# the rows are read by key. The rest is asked in growing steps.
NEAREST_FIRST = 40
_GROWTH = 8
# Of sets, channels and days the sums are made place by place: so many are looked at together.
PLACES_AT_ONCE = 200


_Places = list[tuple[float, Location]]


class Nearby(msgspec.Struct, frozen=True, kw_only=True):
    """A question: up to `limit` places per sku within the radius of a point that have it.

    lat and lon in degrees. include_empty: also the places that have none of it.
    """

    skus: Sequence[str]
    lat: float
    lon: float
    radius_km: float
    limit: int
    include_empty: bool = False


class Availability(msgspec.Struct, frozen=True, kw_only=True):
    """What can be promised of one sku at one place. `available` in units, never below zero.

    due: units of `available` that are still to come, when a day was asked about.
    """

    sku: str
    location_id: str
    available: int
    band: Band
    distance_km: float | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    shelf: str | None = None
    due: int = 0


_Look = Callable[[_Places, Sequence[str]], Awaitable[list[Availability]]]


async def at(
    conn: Connection,
    directory: Directory,
    skus: Sequence[str],
    *,
    location_ids: Sequence[str],
    now: datetime,
    include_empty: bool = False,
) -> list[Availability]:
    """Availability of each sku at each of the places, in the order asked.

    Unknown skus and places are simply not there, also with `include_empty`.
    """
    places = await directory.fresh(conn)
    wanted = [(None, place) for one in location_ids if (place := places.find(one)) is not None]
    here = [place.location_id for _, place in wanted]
    parts = await sets.parts_of(conn, skus) if places.sells_sets else {}
    free = await _free(conn, _with_parts(skus, parts), here, now)
    found = _answer(skus, wanted, _with_sets(free, parts, here), now)
    if include_empty:
        found = await _with_empty(conn, skus, wanted, found, now)
    return found


async def for_channel(
    conn: Connection,
    directory: Directory,
    skus: Sequence[str],
    *,
    places: Sequence[tuple[float | None, Location]],
    channel: str | None,
    by: date | None,
    now: datetime,
    include_empty: bool = False,
) -> list[Availability]:
    """What a channel may be promised at these places, with what is set aside for it, and what is
    due on or before a day; in the order of the places."""
    await directory.fresh(conn)
    parts = await sets.parts_of(conn, skus) if directory.sells_sets else {}
    known = {row["sku"] for row in await _Q.known.all(conn, skus=list(skus))}
    rows = await _Q.asked_for.all(
        conn,
        skus=_with_parts(skus, parts),
        location_ids=[place.location_id for _, place in places],
        channel=channel or "",
        by=by,
        now=now,
    )
    there = {(row["sku"], row["location_id"]): row for row in rows}
    found = []
    for distance, place in places:
        for sku in dict.fromkeys(skus):
            inside = parts.get(sku, {sku: 1})
            mine = {part: there[part, place.location_id] for part in inside}
            available = sets.whole_sets(inside, {p: r["available"] for p, r in mine.items()})
            total = sets.whole_sets(
                inside, {p: max(0, r["available"]) + r["due"] for p, r in mine.items()}
            )
            if total or (include_empty and sku in known):
                shelf = mine[sku]["shelf"] if sku in mine else None
                one = _one(sku, place, total, now, distance, shelf)
                found.append(msgspec.structs.replace(one, due=total - available))
    return found


async def near(
    conn: Connection,
    directory: Directory,
    skus: Sequence[str],
    *,
    lat: float,
    lon: float,
    radius_km: float,
    limit: int,
    now: datetime,
    include_empty: bool = False,
) -> list[Availability]:
    """Up to `limit` places per sku within the radius that have it, nearest first.

    With `include_empty`, also the places that have none of it.
    """
    question = Nearby(
        skus=skus, lat=lat, lon=lon, radius_km=radius_km, limit=limit, include_empty=include_empty
    )
    return (await near_many(conn, directory, [question], now=now))[0]


async def near_many(
    conn: Connection, directory: Directory, questions: Sequence[Nearby], *, now: datetime
) -> list[list[Availability]]:
    """As `near`, for the questions of one moment, each step of all of them in one query."""
    await directory.fresh(conn)
    parts: Parts = {}
    if directory.sells_sets:
        parts = await sets.parts_of(conn, [sku for one in questions for sku in one.skus])
    searches = [_Search(_without(one, parts), directory) for one in questions]
    while steps := [(one, *step) for one in searches if (step := one.step())]:
        free = await _free_all(conn, [(skus, _ids(part)) for _, skus, part in steps], now)
        for (search, skus, part), here in zip(steps, free, strict=True):
            search.take(_answer(skus, part, here, now))
    answers = [await one.answer(conn, now) for one in searches]
    if not parts:
        return answers
    return [
        [*answer, *await _sets_near(conn, directory, one, parts, now)]
        for one, answer in zip(questions, answers, strict=True)
    ]


def _without(question: Nearby, parts: Parts) -> Nearby:
    if not parts:
        return question
    return msgspec.structs.replace(
        question, skus=[sku for sku in question.skus if sku not in parts]
    )


async def _sets_near(
    conn: Connection, directory: Directory, question: Nearby, parts: Parts, now: datetime
) -> list[Availability]:
    """Sets that can be put together near a point: nearest places first, until there are enough."""
    wanted = [sku for sku in dict.fromkeys(question.skus) if sku in parts]
    bare = {sku: parts[sku] for sku in wanted}
    places = directory.near(question.lat, question.lon, radius_km=question.radius_km)
    if question.include_empty:
        places = places[: question.limit]

    async def look(part: _Places, skus: Sequence[str]) -> list[Availability]:
        here = [place.location_id for _, place in part]
        inside = {sku: bare[sku] for sku in skus}
        free = _with_sets(await _free(conn, _with_parts(skus, inside), here, now), inside, here)
        rows = _answer(skus, part, free, now)
        return await _with_empty(conn, skus, part, rows, now) if question.include_empty else rows

    return await enough(places, wanted, question.limit, look)


async def enough(
    places: _Places, skus: Sequence[str], limit: int, look: _Look
) -> list[Availability]:
    """Up to `limit` places of each sku, nearest first: some PLACES_AT_ONCE are looked at, and more
    for what is not found there often enough. The answer goes by sku."""
    found: dict[str, list[Availability]] = {sku: [] for sku in skus}
    missing = list(found)
    for start in range(0, len(places), PLACES_AT_ONCE):
        if not missing:
            break
        for row in await look(places[start : start + PLACES_AT_ONCE], missing):
            found[row.sku].append(row)
        missing = [sku for sku in missing if len(found[sku]) < limit]
    return [row for rows in found.values() for row in rows[:limit]]


class _Search:
    """One question on its way: nearest places first, the rest in growing steps while it lacks."""

    def __init__(self, question: Nearby, directory: Directory) -> None:
        self._asked = question
        self._missing = list(dict.fromkeys(question.skus))
        self._found: dict[str, list[Availability]] = {sku: [] for sku in self._missing}
        places = directory.near(question.lat, question.lon, radius_km=question.radius_km)
        self._places: _Places = places[: question.limit] if question.include_empty else places
        self._start, self._size = 0, NEAREST_FIRST

    def step(self) -> tuple[list[str], _Places] | None:
        """The skus still wanted and the places to look at next; None at the end."""
        part = self._places[self._start : self._start + self._size]
        self._start, self._size = self._start + self._size, self._size * _GROWTH
        return (self._missing, part) if self._missing and part else None

    def take(self, rows: Sequence[Availability]) -> None:
        """What was found at the places of the last step."""
        for one in rows:
            self._found[one.sku].append(one)
        limit = self._asked.limit
        self._missing = [sku for sku in self._missing if len(self._found[sku]) < limit]

    async def answer(self, conn: Connection, now: datetime) -> list[Availability]:
        rows = [one for rows in self._found.values() for one in rows[: self._asked.limit]]
        if not self._asked.include_empty:
            return rows
        return await _with_empty(conn, self._asked.skus, self._places, rows, now)


def _ids(places: _Places) -> list[str]:
    return [place.location_id for _, place in places]


_Free = Mapping[tuple[str, str], tuple[int, str | None]]


def _with_parts(skus: Sequence[str], parts: Parts) -> list[str]:
    """What is looked up for these: parts in place of sets."""
    return list(dict.fromkeys(one for sku in skus for one in parts.get(sku, (sku,))))


def _with_sets(free: _Free, parts: Parts, location_ids: Sequence[str]) -> _Free:
    """The rows, and of each set how many its parts make at each place."""
    if not parts:
        return free
    made: dict[tuple[str, str], tuple[int, str | None]] = dict(free)
    for sku, inside in parts.items():
        for place in location_ids:
            there = {part: free[part, place][0] for part in inside if (part, place) in free}
            if (whole := sets.whole_sets(inside, there)) > 0:
                made[sku, place] = (whole, None)
    return made


async def _free(
    conn: Connection, skus: Sequence[str], location_ids: Sequence[str], now: datetime
) -> _Free:
    if not skus or not location_ids:
        return {}
    return (await _free_all(conn, [(skus, location_ids)], now))[0]


async def _free_all(
    conn: Connection, asked: Sequence[tuple[Sequence[str], Sequence[str]]], now: datetime
) -> list[_Free]:
    """What there is of each question's skus at each of its places."""
    rows = await _Q.free.all(
        conn,
        skus=[_array(skus) for skus, _ in asked],
        location_ids=[_array(places) for _, places in asked],
        now=now,
    )
    found: list[dict[tuple[str, str], tuple[int, str | None]]] = [{} for _ in asked]
    for n, sku, location_id, available, shelf in rows:
        found[n - 1][sku, location_id] = (available, shelf)
    return list(found)


def _array(texts: Sequence[str]) -> str:
    """An array as PostgreSQL reads it from text: lists of different lengths fit no other way."""
    return '{"' + '","'.join([one.replace("\\", r"\\").replace('"', r"\"") for one in texts]) + '"}'


def _answer(
    skus: Sequence[str],
    places: Iterable[tuple[float | None, Location]],
    free: _Free,
    now: datetime,
) -> list[Availability]:
    found = []
    for distance, place in places:
        for sku in skus:
            here = free.get((sku, place.location_id))
            if here is not None:
                found.append(_one(sku, place, here[0], now, distance, here[1]))
    return found


def _one(
    sku: str,
    place: Location,
    available: int,
    now: datetime,
    distance: float | None,
    shelf: str | None = None,
) -> Availability:
    opens_at, closes_at = place.opening(now)
    return Availability(
        sku=sku,
        location_id=place.location_id,
        available=max(0, available),
        band=band_of(available),
        distance_km=None if distance is None else round(distance, 2),
        opens_at=opens_at,
        closes_at=closes_at,
        shelf=shelf,
    )


async def _with_empty(
    conn: Connection,
    skus: Sequence[str],
    places: Sequence[tuple[float | None, Location]],
    found: Sequence[Availability],
    now: datetime,
) -> list[Availability]:
    """All known skus at all places, in the order of places; those without stock have 0."""
    from_key = {(one.sku, one.location_id): one for one in found}
    known = {row["sku"] for row in await _Q.known.all(conn, skus=list(skus))}
    return [
        from_key.get((sku, place.location_id)) or _one(sku, place, 0, now, distance)
        for distance, place in places
        for sku in dict.fromkeys(skus)
        if sku in known or (sku, place.location_id) in from_key
    ]


async def nearest_other(
    conn: Connection, sku: str, location_id: str, *, qty: int, now: datetime
) -> str | None:
    """The nearest other place that can promise `qty` of a sku; places without a point come last.

    Warehouses are left out: a customer cannot go there.
    """
    rows = await _Q.places_with.all(
        conn, sku=sku, location_id=location_id, qty=qty, now=now, most=1_000
    )
    found = await locations.find_many(conn, [row["location_id"] for row in rows] + [location_id])
    here = found.pop(location_id, None)
    if not found:
        return None

    def far(place: Location) -> tuple[float, str]:
        km = locations.distance_km(here, place) if here else None
        return (float("inf") if km is None else km), place.location_id

    return min(found.values(), key=far).location_id
