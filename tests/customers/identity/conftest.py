"""Deciding by hand in tests, and everything that a person has done, as all her pages show it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from tests.customers.conftest import People

from setten.customers import identity, profiles, timeline
from setten.platform import clock, db
from setten.platform.auth import Actor

STAFF = Actor(kind="staff", id=str(uuid.UUID(int=7)), name="Mori", role="shop_manager")
# Facts arrive on the day they are stated: readers look no further back than yesterday.
NOW = clock.now()


class Hands:
    """Somebody who may join and part customers; every decision is its own transaction."""

    def __init__(self, people: People) -> None:
        self.people = people

    async def links(self, said: str) -> tuple[identity.LinkShown, ...]:
        async with self.people.pool.acquire() as conn:
            return await identity.links_of(conn, await self.people.customer(said))

    async def link(self, one: str, other: str) -> identity.LinkShown:
        pair = sorted([await self.people.number(one), await self.people.number(other)])
        return next(link for link in await self.links(one) if [link.a, link.b] == pair)

    async def split(self, *pairs: tuple[str, str]) -> identity.Decided:
        """Take back the link of each pair ("kind:value", "kind:value")."""
        links = [(await self.link(*pair)).link_id for pair in pairs]
        owner = await self.people.customer(pairs[0][0])
        return await self.split_links(owner, links)

    async def split_links(self, owner: Any, links: Sequence[int]) -> identity.Decided:
        async with db.transaction(self.people.pool) as conn:
            return await identity.split(
                conn, self.people.vault, STAFF, customer_id=owner, links=links,
                reason="お客様の申し出", now=NOW,
            )  # fmt: skip

    async def rejoin_links(self, owner: Any, links: Sequence[int]) -> identity.Decided:
        async with db.transaction(self.people.pool) as conn:
            return await identity.rejoin(
                conn, self.people.vault, STAFF, customer_id=owner, links=links,
                reason="見まちがい", now=NOW,
            )  # fmt: skip

    async def merge(self, into: Any, gone: Any) -> identity.Merged:
        async with db.transaction(self.people.pool) as conn:
            return await identity.merge(
                conn, self.people.vault, STAFF, into=into, gone=gone, reason="店頭で確認", now=NOW
            )

    async def whole(self, customer_id: Any) -> dict[str, Any]:
        """Everything that pages show of a customer; what identity itself tells is left out."""
        async with db.transaction(self.people.pool) as conn:
            profile = await profiles.get(conn, self.people.vault, customer_id, reveal=True)
            page = await timeline.page(conn, profile.numbers, limit=100)
            counts = await timeline.counts_by_channel(conn, profile.numbers)
            bought = await timeline.purchases(conn, profile.numbers)
        shown = msgspec.to_builtins(profile)
        told = {"customer.merged"}
        shown["counters"] = {k: n for k, n in shown["counters"].items() if k not in told}
        return {
            "profile": {k: v for k, v in shown.items() if k not in ("merged", "last_at")},
            "timeline": [msgspec.to_builtins(i) for i in page.items if i.name not in told],
            "counts": {k: n for k, n in dict(counts).items() if k != "setten"},
            "purchases": msgspec.to_builtins(bought),
        }

    async def everybody(self) -> dict[Any, dict[str, Any]]:
        """The same of every living customer, by her id."""
        async with self.people.pool.acquire() as conn:
            rows = await conn.fetch("select distinct customer_id from customers.identifiers")
        return {row["customer_id"]: await self.whole(row["customer_id"]) for row in rows}


@pytest.fixture
def hands(people: People) -> Hands:
    return Hands(people)
