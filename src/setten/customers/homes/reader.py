"""Homes follow the addresses that people tell: opened in the vault, rounded, and let go of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from setten.customers.homes import rules
from setten.customers.homes.model import Point
from setten.customers.homes.service import Q
from setten.facts.customers import HomeMoved
from setten.facts.reported import CustomerIdentified
from setten.platform import clock, db, log
from setten.platform.db import Connection, Pool
from setten.platform.log import GATHER_CALMLY_S, Reader, Row
from setten.platform.vault import Trait, Vault

READER = "homes"
_AT_ONCE = 1_000
Now = Callable[[], datetime]


def readers(vault: Vault, now: Now = clock.now) -> list[Reader]:
    """The reader of this feature: it looks at what was told of somebody herself."""
    names = frozenset({CustomerIdentified.event_name})
    return [
        Reader(READER, partial(_read, vault=vault, now=now), names=names, gather_s=GATHER_CALMLY_S)
    ]


async def _read(conn: Connection, rows: Sequence[Row], *, vault: Vault, now: Now) -> None:
    # What was sealed was told; whether it was an address, the vault knows.
    numbers = {row.identifiers[0] for row in rows if row.identifiers}
    await _work_out(conn, vault, sorted(numbers), now())


async def _work_out(conn: Connection, vault: Vault, numbers: Sequence[int], now: datetime) -> None:
    """Homes of these identifiers, as their traits in the vault tell them now."""
    told: dict[int, list[Trait]] = {}
    for trait in await vault.traits(conn, numbers, rules.FIELDS):
        told.setdefault(trait.identifier_id, []).append(trait)
    if not told:
        return
    newest = {number: _newest(traits) for number, traits in told.items()}
    points = await _points(conn, newest.values())
    rows = await Q.put.all(
        conn,
        identifier_ids=list(newest),
        lats=[_of(points, trait, 0) for trait in newest.values()],
        lons=[_of(points, trait, 1) for trait in newest.values()],
        ats=[trait.occurred_at for trait in newest.values()],
    )
    facts = [log.entry_for(HomeMoved(), at=now, identifiers=[row["identifier_id"]]) for row in rows]
    if facts:
        await log.state_all(conn, facts)


def _newest(traits: Sequence[Trait]) -> Trait:
    """The latest word that says where she lives; of one moment the most telling."""
    return max(traits, key=lambda one: (one.occurred_at, -rules.FIELDS.index(one.field)))


async def _points(conn: Connection, traits: Iterable[Trait]) -> Mapping[str, Point]:
    codes = {
        candidate
        for trait in traits
        if rules.point_in(trait.value) is None and (code := rules.code_in(trait.field, trait.value))
        for candidate in rules.candidates(code)
    }
    rows = await Q.points.all(conn, codes=sorted(codes)) if codes else []
    return {row["code"]: Point(row["lat"], row["lon"]) for row in rows}


def _of(points: Mapping[str, Point], trait: Trait, axis: int) -> float | None:
    point = rules.point_in(trait.value)
    code = rules.code_in(trait.field, trait.value)
    if point is None and code is not None:
        point = next((points[one] for one in rules.candidates(code) if one in points), None)
    return None if point is None else (point.lat, point.lon)[axis]


async def work_out_again(pool: Pool, vault: Vault, *, now: Now = clock.now) -> int:
    """Homes of all who told an address, after other points came in; answers how many."""
    done, after = 0, 0
    while True:
        async with db.transaction(pool) as conn:
            rows = await Q.with_homes.all(conn, after=after, most=_AT_ONCE)
            numbers = [row["identifier_id"] for row in rows]
            if not numbers:
                return done
            await _work_out(conn, vault, numbers, now())
        done, after = done + len(numbers), numbers[-1]
