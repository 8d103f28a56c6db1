"""A clock that tests turn, and segments that follow it."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from tests.customers.conftest import START, People
from tests.reading import caught_up

from setten.customers import consent, homes, identity, lifecycle, relations, segments
from setten.customers.segments import evaluating
from setten.customers.segments.writing import Why
from setten.platform import clock, db
from setten.platform.auth import Actor
from setten.platform.expressions import Calendar
from setten.platform.vault import Trait

TOKYO = Calendar(ZoneInfo("Asia/Tokyo"))
STAFF = Actor(kind="staff", id="1", name="Sato", role="marketer")


def did(event: str, *, days: int | None = None, times: Any = None, **where: Any) -> dict[str, Any]:
    """JSON of: an event happened (so often) in the last days."""
    match: dict[str, Any] = {"events": [event]}
    if where:
        match["where"] = [{"property": p, "op": "is", "value": v} for p, v in where.items()]
    found: dict[str, Any] = {"kind": "did", "match": match}
    if days is not None:
        found["window"] = {"since": {"n": days, "unit": "day"}}
    if times is not None:
        found["times"] = {"op": "at_least", "value": times}
    return found


def no(expression: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "not", "of": expression}


class Shop:
    """Segments under a clock of their own; minutes are those of `people`."""

    def __init__(self, people: People, pool: db.Pool) -> None:
        self.people = people
        self.pool = pool
        self.minute = 60.0

    @property
    def now(self) -> datetime:
        return START + timedelta(minutes=self.minute)

    def clock(self) -> datetime:
        return self.now

    async def define(self, name: str, expression: dict[str, Any]) -> int:
        async with db.transaction(self.pool) as conn:
            return await segments.define(conn, name, expression, actor=STAFF, now=self.now)

    async def change(
        self, segment_id: int, expression: dict[str, Any], *, known: int | None = None
    ) -> int:
        async with db.transaction(self.pool) as conn:
            return await segments.change(
                conn, segment_id, expression, actor=STAFF, now=self.now, reason="try", known=known
            )

    async def retire(self, segment_id: int) -> None:
        async with db.transaction(self.pool) as conn:
            await segments.retire(conn, segment_id, actor=STAFF, now=self.now)

    async def read(self) -> None:
        """Let everybody pass everything, our own facts too."""
        for _ in range(2):
            await self.people.read()
            for reader in (
                *consent.readers(after=(identity.READER,)),
                *homes.readers(self.people.vault),
            ):
                await caught_up(reader, self.pool)
            for reader in lifecycle.readers(TOKYO.zone, now=self.clock):
                await caught_up(reader, self.pool)
            for reader in segments.readers(TOKYO, now=self.clock):
                await caught_up(reader, self.pool)

    async def lives(self, who: str, lat: float, lon: float, *, minute: float | None = None) -> None:
        """She tells where she lives."""
        at = START + timedelta(minutes=self.minute if minute is None else minute)
        number = await self.people.number(who)
        async with db.transaction(self.pool) as conn:
            trait = Trait(number, "address", {"lat": lat, "lon": lon}, at)
            await self.people.vault.put_traits(conn, [trait])
        await self.people.happens(
            who, minute=self.minute if minute is None else minute, name="customer.identified",
            body={"type": "identify"},
        )  # fmt: skip

    async def relate(self, kind: relations.Kind, one: str, other: str) -> relations.Made:
        """Write down a relation of two people."""
        ours, theirs = await self.people.customer(one), await self.people.customer(other)
        async with db.transaction(self.pool) as conn:
            return await relations.relate(
                conn, self.people.vault, STAFF, customer_id=ours, other=theirs, kind=kind,
                reason=None, now=clock.now(),  # facts of ours arrive when they are stated
            )  # fmt: skip

    async def open_shops(self, **points: tuple[float, float]) -> bool:
        """These are the shops there are."""

        async def places(conn: db.Connection) -> list[segments.Place]:
            return [segments.Place(name, *point) for name, point in points.items()]

        return await segments.follow_places(self.pool, places=places)

    async def stocked(self, sku: str, location_id: str, band: str) -> None:
        """What can be promised of a sku at a place has crossed into another band."""
        body = {"sku": sku, "location_id": location_id, "band": band, "was": "few"}
        await self.people.happens(minute=self.minute, name="availability.changed", body=body)

    async def carts(self, who: str, *skus: str) -> None:
        """Her cart holds these now."""
        lines = [{"sku": sku, "qty": 1} for sku in skus]
        body = {"cart_id": str(uuid.uuid4()), "lines": lines, "action": "set"}
        await self.people.happens(who, minute=self.minute, name="cart.changed", body=body)

    async def bring(
        self, name: str, text: str, *, replaces: bool = False
    ) -> segments.lists.Brought:
        """A list of people is brought in."""
        return await segments.lists.bring(
            self.pool, self.people.vault, io.BytesIO(text.encode()), name=name, replaces=replaces,
            actor=STAFF, now=self.now,
        )  # fmt: skip

    async def wake(self) -> int:
        return await segments.wake(self.pool, calendar=TOKYO, now=self.clock)

    async def fill(self) -> int:
        return await segments.fill(self.pool, calendar=TOKYO, now=self.clock)

    async def inside(self, segment_id: int) -> set[UUID]:
        async with self.pool.acquire() as conn:
            found = await segments.members(conn, segment_id, limit=1_000)
            size = (await segments.get(conn, segment_id)).size
        assert size == len(found)
        return {one.customer_id for one in found}

    async def is_in(self, said: str, segment_id: int) -> bool:
        return await self.people.customer(said) in await self.inside(segment_id)

    async def look_at_all(self) -> int:
        """Look at everybody anew; answers how many memberships were wrong."""
        async with db.transaction(self.pool) as conn:
            rows = await conn.fetch("select customer_id from customers.customers")
            whom = {row["customer_id"]: Why("time") for row in rows}
            return await evaluating.look(conn, whom, now=self.now, calendar=TOKYO)

    async def passages(self, segment_id: int) -> Sequence[segments.Passage]:
        async with self.pool.acquire() as conn:
            return await segments.passages(
                conn, segment_id, since=START - timedelta(days=1), until=START + timedelta(days=900)
            )


@pytest.fixture
def shop(people: People, pool: db.Pool) -> Shop:
    return Shop(people, pool)
