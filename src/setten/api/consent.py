"""What customers allow, over JSON: told, taken back, and how we know."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from setten.api import guard
from setten.api.state import Deps
from setten.customers import consent, identity
from setten.platform import audit, clock, db
from setten.platform.auth import Actor

SCOPES = ("server", "agent")
ENTRIES_SHOWN = 200


class SaidBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a customer allows or not.

    at: when she said so, now without one. text_version: which words she was shown. evidence: how we
    know, in words; it is sealed.
    """

    purpose: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_]{0,39}$")] = consent.MARKETING
    channel: consent.Channel
    state: consent.State
    at: datetime | None = None
    text_version: (
        Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")] | None
    ) = None
    evidence: Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)] | None = None


class ConsentSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said at one time, of one purpose and channel each."""

    consents: Annotated[list[SaidBody], msgspec.Meta(min_length=1, max_length=consent.SAID_MAX)]


class ConsentStands(msgspec.Struct, frozen=True):
    """What stands. is_reachable: she agreed, and there is an address at which things arrive."""

    state: consent.State
    at: datetime
    source: str
    is_reachable: bool


# By purpose, then by channel.
Stands = dict[str, dict[str, ConsentStands]]


class ConsentEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger. event_id: what told it."""

    purpose: str
    channel: str
    state: str
    at: datetime
    noted_at: datetime
    source: str
    text_version: str | None
    by: str | None
    event_id: str


class ConsentBody(msgspec.Struct, frozen=True):
    """What stands, and all that was said, the latest first."""

    consent: Stands
    entries: list[ConsentEntry]


def router() -> Router:
    """The routes of this domain, under /api/v1."""
    return Router(
        path="/api/v1/customers",
        route_handlers=[view, say],
        dependencies={"actor": guard.provide_actor},
        tags=["customers"],
    )


def stands(found: tuple[consent.Standing, ...]) -> Stands:
    """What stands as look-ups answer it."""
    told: Stands = {}
    for one in found:
        told.setdefault(one.purpose, {})[one.channel] = ConsentStands(
            one.state, one.at, one.source, one.is_reachable
        )
    return told


@get("/{customer_id:uuid}/consent", guards=[guard.allow(*SCOPES)])
async def view(
    customer_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> ConsentBody:
    """What a customer allows, and how we know."""
    async with db.transaction(deps.pool) as conn:
        who = await identity.person(conn, customer_id)
        body = await _body(conn, who.numbers)
        await audit.note(conn, actor, "consent.viewed", at=clock.now(), customer_id=who.customer_id)
    return body


@put("/{customer_id:uuid}/consent", guards=[guard.allow(*SCOPES)])
async def say(
    customer_id: FromPath[UUID],
    data: JSONBody[ConsentSaid],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> Response[ConsentBody]:
    """Take down what a customer says she allows. The later word stands, whenever it comes."""
    now = clock.now()
    async with db.transaction(deps.pool) as conn:
        who = await identity.person(conn, customer_id)
        event_id = await consent.say(
            conn, deps.vault, actor,
            numbers=who.numbers, said=[_said(one, now) for one in data.consents], source="api",
            now=now,
        )  # fmt: skip
        body = await _body(conn, who.numbers)
    return Response(body, headers={"Setten-Event": event_id} if event_id else {})


def _said(one: SaidBody, now: datetime) -> consent.Said:
    return consent.Said(
        purpose=one.purpose,
        channel=one.channel,
        state=one.state,
        at=one.at or now,
        text_version=one.text_version,
        evidence=one.evidence,
    )


async def _body(conn: db.Connection, numbers: list[int]) -> ConsentBody:
    [found] = await consent.standings(conn, [numbers])
    entries = await consent.entries(conn, numbers, limit=ENTRIES_SHOWN)
    return ConsentBody(
        stands(found), [msgspec.convert(one, ConsentEntry, from_attributes=True) for one in entries]
    )
