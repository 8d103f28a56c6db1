"""A person says what she allows; the readers catch up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from tests.customers.conftest import START, People
from tests.reading import caught_up

from setten.customers import consent, identity
from setten.platform import db
from setten.platform.auth import Actor
from setten.platform.vault import Vault

STAFF = Actor(kind="staff", id="1", name="Sato", role="marketer")


class Says:
    """Consent of people, at minutes after START."""

    def __init__(self, people: People, pool: db.Pool, vault: Vault) -> None:
        self.people, self.pool, self.vault = people, pool, vault

    async def say(
        self, who: str, state: str, *, channel: str = "email", minute: float = 0, **more: str
    ) -> str:
        """She says so to somebody of ours."""
        at = START + timedelta(minutes=minute)
        said = consent.Said(
            purpose="marketing",
            channel=channel,
            state=state,
            at=at,
            **more,  # type: ignore[arg-type]
        )
        return await self.take([said], who, now=at)

    async def take(self, said: Sequence[consent.Said], who: str, *, now: datetime) -> str:
        customer_id = await self.people.customer(who)
        async with db.transaction(self.pool) as conn:
            person = await identity.person(conn, customer_id)
            return await consent.say(
                conn, self.vault, STAFF, numbers=person.numbers, said=said, source="api", now=now
            )

    async def read(self) -> None:
        await self.people.read()
        for reader in consent.readers(after=(identity.READER,)):
            await caught_up(reader, self.pool)

    async def stands(self, who: str) -> dict[str, str]:
        """What stands of her, as "purpose.channel": state."""
        return {f"{o.purpose}.{o.channel}": o.state for o in await self.all(who)}

    async def all(self, who: str) -> tuple[consent.Standing, ...]:
        async with self.pool.acquire() as conn:
            [found] = await consent.standings(conn, [await self.people.numbers(who)])
        return found

    async def reachable(self, who: str) -> set[str]:
        return {one.channel for one in await self.all(who) if one.is_reachable}

    async def ledger(self, who: str) -> list[str]:
        """Every line of hers, the latest first, as "channel state source"."""
        async with self.pool.acquire() as conn:
            lines = await consent.entries(conn, await self.people.numbers(who))
        return [f"{one.channel} {one.state} {one.source}" for one in lines]


@pytest.fixture
def says(people: People, pool: db.Pool, vault: Vault) -> Says:
    return Says(people, pool, vault)
