"""People and events for tests of customers: said in words, kept by the vault, stated in the log."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from setten.customers import identity, timeline
from setten.platform import clock, db, log
from setten.platform.vault import KINDS, Vault, normalise
from tests.reading import caught_up

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


class People:
    """A hand for tests: `happens` writes one event, `read` lets the readers catch up."""

    def __init__(self, pool: db.Pool, vault: Vault) -> None:
        self.pool = pool
        self.vault = vault
        self._count = itertools.count(1)

    async def number(self, said: str) -> int:
        """The number of an identifier written "kind:value"."""
        kind, _, value = said.partition(":")
        one = normalise(kind, value)
        async with db.transaction(self.pool) as conn:
            return (await self.vault.identify(conn, [one]))[one]

    async def happens(
        self,
        *who: str,
        minute: float = 0,
        name: str = "page.viewed",
        body: dict[str, Any] | None = None,
        channel: str = "web",
        location_id: str | None = None,
        event_id: str | None = None,
        sealed_id: int | None = None,
    ) -> str:
        """One event of these identifiers ("kind:value"), `minute` minutes after START."""
        ranked = sorted(who, key=lambda said: KINDS.index(said.partition(":")[0]))
        numbers = [await self.number(said) for said in ranked]
        event_id = event_id or f"event-{next(self._count):06d}"
        entry = log.Entry(
            event_id=event_id,
            day=START.date(),
            name=name,
            occurred_at=START + timedelta(minutes=minute),
            received_at=clock.now(),
            channel=channel,
            location_id=location_id,
            identifiers=tuple(numbers),
            sealed_id=sealed_id,
            body=json.dumps(body or {}),
        )
        await self.append([entry])
        return event_id

    async def append(self, entries: Sequence[log.Entry]) -> None:
        async with db.transaction(self.pool) as conn:
            await log.append(conn, entries)

    async def read(self) -> None:
        """Let identity and timeline pass everything."""
        for reader in (*identity.readers(self.vault), *timeline.readers()):
            await caught_up(reader, self.pool)

    async def customer(self, said: str) -> Any:
        """Whose an identifier is."""
        number = await self.number(said)
        async with self.pool.acquire() as conn:
            return (await identity.customers_for(conn, [number])).get(number)

    async def owner(self, number: int) -> Any:
        """Whose an identifier is, by its number."""
        async with self.pool.acquire() as conn:
            return (await identity.customers_for(conn, [number])).get(number)

    async def together(self, *said: str) -> bool:
        """Whether all of them are one customer."""
        return len({await self.customer(one) for one in said}) == 1

    async def numbers(self, said: str) -> list[int]:
        """All identifiers of the customer of one."""
        async with self.pool.acquire() as conn:
            nodes = await identity.identifiers_of(conn, await self.customer(said))
        return [node.identifier_id for node in nodes]

    async def facts(self, name: str) -> list[dict[str, Any]]:
        """Bodies of the facts stated under a name, in order."""
        async with self.pool.acquire() as conn:
            rows = await conn.fetch(
                "select body::text from log.events where name = $1 order by position", name
            )
        return [json.loads(row["body"]) for row in rows]


@pytest.fixture
def people(pool: db.Pool, vault: Vault) -> People:
    return People(pool, vault)
