"""Customers over JSON: found by what identifies them, read with their past, merged by decision.

Personal values come in bodies, never in addresses. Every view and every change is audited.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from setten.api import bare, guard
from setten.api import consent as consent_api
from setten.api.state import Deps
from setten.customers import consent, homes, identity, lifecycle, profiles, segments, timeline
from setten.platform import audit, auth, clock, db, log
from setten.platform.auth import Actor
from setten.platform.combine import Combiner
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError, Unavailable
from setten.platform.vault import Kind, Vault

_Q = db.load(__file__)
IDENTIFIERS_ASKED_MAX = 20
EVENT_ID_LENGTH_MAX = 100
COMBINER = "customers"
SCOPES = ("server", "agent")
# While the database works, the next ones gather. Two lanes halve the batches instead, which costs
# both sides more; so the second begins only when some wait, and reads while the first is committed.
_LANES = 2
_BUSY = 4
# Opening a customer takes 0.3 ms of our time, during which the others of this process wait.
_TOGETHER_MAX = 16
READERS = (
    identity.READER,
    timeline.READER,
    lifecycle.READER,
    consent.READER,
    segments.READER,
    homes.READER,
)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One identifier to look up."""

    kind: Kind
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]


class Lookup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom, and which event (a messageId or a Setten-Event) the answer must already include."""

    identifiers: Annotated[
        list[Asked], msgspec.Meta(min_length=1, max_length=IDENTIFIERS_ASKED_MAX)
    ]
    after: Annotated[str, msgspec.Meta(min_length=1, max_length=EVENT_ID_LENGTH_MAX)] | None = None


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Who wants to see whom: a customer by an id, or by (kind, value) of her identifiers."""

    by: Actor | guard.Caller
    customer_id: UUID | None = None
    identifiers: Sequence[tuple[str, str]] = ()


_View = tuple[identity.Person, Actor]


class IdentifierBody(msgspec.Struct, frozen=True, kw_only=True):
    """An identifier by kind and value; the value is masked for scopes below `server`."""

    kind: str
    value: str
    first_at: datetime


class StageSentence(msgspec.Struct, frozen=True):
    """Why a customer is in the stage, as a shop would say it."""

    ja: str
    en: str


class CustomerBody(msgspec.Struct, frozen=True, kw_only=True):
    """One customer. stage: acquisition, trial, loyalty, retention or recovery, as of now.

    segments: the living ones that she is in, by name; version: of what each means now.
    consent: by purpose, then by channel; what nobody said anything of is absent.
    """

    customer_id: UUID
    identifiers: list[IdentifierBody]
    traits: dict[str, Any]
    first_at: datetime
    last_at: datetime | None
    counters: dict[str, int]
    purchases: list[profiles.BoughtThrough]
    home_location_id: str | None
    last_viewed: list[profiles.Viewed]
    merged: list[UUID]
    stage: lifecycle.Stage
    stage_sentence: StageSentence
    segments: list[segments.Membership]
    consent: consent_api.Stands


class TimelineItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline."""

    event_id: str
    name: str
    occurred_at: datetime
    channel: str
    location_id: str | None
    purchase_key: str | None
    summary: dict[str, Any]


class TimelineBody(msgspec.Struct, frozen=True, kw_only=True):
    """Newest first; `next_cursor` asks for older ones, null at the end."""

    items: list[TimelineItem]
    next_cursor: str | None


def router() -> Router:
    """The routes of this domain, under /api/v1."""
    return Router(
        path="/api/v1/customers",
        route_handlers=[lookup, view, view_timeline],
        dependencies={"actor": guard.provide_actor, "caller": guard.provide_caller},
        tags=["customers"],
    )


@bare.post("/lookup", status_code=200, scopes=SCOPES)
async def lookup(
    data: JSONBody[Lookup], deps: NamedDependency[Deps], caller: NamedDependency[guard.Caller]
) -> bare.Answer[CustomerBody]:
    """Find the customer of these identifiers."""
    asked = [(one.kind, one.value) for one in data.identifiers]
    if data.after is None:
        # The key is looked up with those of others, beside the customers.
        return bare.Answer(await _seen(deps, Sought(by=caller, identifiers=asked)))
    actor = await caller.actor()  # a stranger learns nothing of our events
    await _wait(deps, data.after)
    return bare.Answer(await _seen(deps, Sought(by=actor, identifiers=asked)))


async def _wait(deps: Deps, after: str | None, customer_id: UUID | None = None) -> None:
    """Wait for an event; not for a customer whose id we never gave out. Raises CustomerNotFound."""
    if after is not None:
        if customer_id is not None:
            async with deps.pool.acquire() as conn:
                await identity.current(conn, customer_id)
        await log.wait_for(deps.pool, after, READERS, today=clock.now().date())


After = Annotated[
    str | None,
    QueryParameter(
        name="after",
        min_length=1,
        max_length=EVENT_ID_LENGTH_MAX,
        description="An event that the answer must already include.",
    ),
]


@get("/{customer_id:uuid}", guards=[guard.allow(*SCOPES)])
async def view(
    customer_id: FromPath[UUID],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    after: After = None,
) -> CustomerBody:
    """One customer, by an id that may have been merged away."""
    await _wait(deps, after, customer_id)
    return await _seen(deps, Sought(by=actor, customer_id=customer_id))


def gatherer(pool: Pool, vault: Vault, zone: ZoneInfo) -> Combiner[Sought, CustomerBody]:
    """The gatherer of a process: `app` makes one and keeps it under COMBINER; zone: ours.

    What is asked in one moment is read in the same few queries; the audit of it is the last one.
    """

    async def look(conn: Connection, sought: Sequence[Sought]) -> list[CustomerBody | Exception]:
        return await _view_all(conn, vault, sought, zone)

    return Combiner(
        pool, look, lanes=_LANES, busy=_BUSY, batch_max=_TOGETHER_MAX, is_transaction=False
    )


async def get_ready(pool: Pool) -> None:
    """Ask about nobody what every look-up asks, on each connection that the pool keeps open.

    The first time, a connection takes 20 ms of the database's processor to understand it, and
    whoever comes meanwhile waits. A database that is away then is no reason not to begin.
    """
    with suppress(Unavailable, *db.AWAY):
        async with AsyncExitStack() as held:
            for _ in range(pool.get_min_size()):
                conn = await held.enter_async_context(db.connection(pool))
                await _asked_who(conn, [], [])
                await db.together(conn, _parts([]), _Q.beside)


async def _seen(deps: Deps, sought: Sought) -> CustomerBody:
    """The customer, after the commit of the audit. Raises CustomerNotFound, IdentifiersDisagree."""
    seen: CustomerBody = await deps.combiners[COMBINER].ask(sought)
    return seen


async def bodies(
    conn: Connection, vault: Vault, actor: Actor, customer_ids: Sequence[UUID], zone: ZoneInfo
) -> list[CustomerBody]:
    """Customers as they are in this transaction, in the order asked for; every view is audited.

    Raises CustomerNotFound.
    """
    sought = [Sought(by=actor, customer_id=one) for one in customer_ids]
    found = await _view_all(conn, vault, sought, zone)
    return list(map(_or_raise, found))


def _or_raise(found: CustomerBody | Exception) -> CustomerBody:
    if isinstance(found, Exception):
        raise found
    return found


async def _view_all(
    conn: Connection, vault: Vault, sought: Sequence[Sought], zone: ZoneInfo
) -> list[CustomerBody | Exception]:
    """What each seeks, or its refusal; every view is audited.

    Three round trips: who asks and whom that names, all that stands about them, and the audit.
    """
    found = await _who(conn, vault, sought)
    views = [one for one in found if not isinstance(one, SettenError)]
    now = clock.now().astimezone(zone)
    shown, bodies = await _opened(conn, vault, views, now)
    noted = [_noted(profile, actor) for profile, (_, actor) in zip(shown, views, strict=True)]
    # Last: it is a transaction of its own, and nobody is answered before it.
    await audit.note_views(conn, noted, at=now)
    return [one if isinstance(one, Exception) else next(bodies) for one in found]


async def _opened(
    conn: Connection, vault: Vault, views: Sequence[_View], now: datetime
) -> tuple[list[profiles.Profile], Iterator[CustomerBody]]:
    """Profiles, and those with what stands beside them: stage, segments and consent."""
    if not views:
        return [], iter(())
    people = [who for who, _ in views]
    ids = list({one.customer_id for one in people})
    row = await db.together(conn, _parts(people), _Q.beside)
    reveal = [actor.scope == "server" for _, actor in views]
    shown = await profiles.opened(conn, vault, people, row, reveal=reveal)
    stands = lifecycle.standings_told(row["stands"], ids, now=now)
    inside = segments.memberships_told(row["inside"])
    allowed = consent.standings_told(row["allowed"], len(shown))
    bodies = (
        _body(one, stands[one.customer_id], inside.get(one.customer_id, ()), said, now)
        for one, said in zip(shown, allowed, strict=True)
    )
    return shown, bodies


def _parts(people: Sequence[identity.Person]) -> list[db.Part]:
    ids = list({one.customer_id for one in people})
    return [
        *profiles.parts(people),
        lifecycle.standings_part(ids),
        segments.memberships_part(ids),
        consent.standings_part([one.numbers for one in people]),
    ]


async def _told(
    conn: Connection,
    vault: Vault,
    callers: Sequence[guard.Caller],
    named: Sequence[Sequence[tuple[str, str]]],
) -> tuple[Iterator[Actor | SettenError], Iterator[identity.Person | SettenError]]:
    """The program behind each caller, and whom each list of identifiers names; or refusals."""
    if not callers and not named:
        return iter(()), iter(())
    keys = [caller.key for caller in callers]
    tokens = identity.tokens(vault, named)
    row = await _asked_who(conn, keys, tokens)
    let_by = guard.let_by(callers, auth.keys_told(row["keys"], keys))
    return iter(let_by), iter(identity.named_told(row["people"], tokens))


async def _asked_who(
    conn: Connection, keys: Sequence[str], tokens: Sequence[Sequence[UUID]]
) -> db.Record:
    return await db.together(conn, [auth.keys_part(keys), identity.named_part(tokens)], _Q.who)


async def _who(
    conn: Connection, vault: Vault, sought: Sequence[Sought]
) -> list[_View | SettenError]:
    """Whom each seeks and who asks, or its refusal; strangers are told so before all else."""
    callers = [one.by for one in sought if not isinstance(one.by, Actor)]
    named = [one.identifiers for one in sought if one.customer_id is None]
    let_by, by_name = await _told(conn, vault, callers, named)
    wanted = {one.customer_id for one in sought if one.customer_id is not None}
    by_id = await identity.people(conn, wanted)
    found: list[_View | SettenError] = []
    for one in sought:
        actor = one.by if isinstance(one.by, Actor) else next(let_by)
        who = (
            next(by_name)
            if one.customer_id is None
            else by_id.get(one.customer_id) or identity.CustomerNotFound()
        )
        if isinstance(actor, SettenError):
            found.append(actor)
        else:
            found.append(who if isinstance(who, SettenError) else (who, actor))
    return found


def _noted(found: profiles.Profile, actor: Actor) -> audit.View:
    fields = {*found.traits, *(one.kind for one in found.identifiers)}
    return audit.View(
        actor=actor,
        action="customer.viewed",
        customer_id=found.customer_id,
        fields=sorted(fields),
    )


def _body(
    found: profiles.Profile,
    stands: lifecycle.Standing,
    inside: tuple[segments.Membership, ...],
    allowed: tuple[consent.Standing, ...],
    now: datetime,
) -> CustomerBody:
    return CustomerBody(
        customer_id=found.customer_id,
        identifiers=[
            IdentifierBody(kind=one.kind, value=one.value, first_at=one.first_at)
            for one in found.identifiers
        ],
        traits=found.traits,
        first_at=found.first_at,
        last_at=found.last_at,
        counters=found.counters,
        purchases=list(found.purchases),
        home_location_id=found.home_location_id,
        last_viewed=list(found.last_viewed),
        merged=list(found.merged),
        stage=stands.stage,
        stage_sentence=StageSentence(
            ja=lifecycle.sentence(stands, now=now, locale="ja"),
            en=lifecycle.sentence(stands, now=now, locale="en"),
        ),
        segments=list(inside),
        consent=consent_api.stands(allowed),
    )


@get("/{customer_id:uuid}/timeline", guards=[guard.allow(*SCOPES)])
async def view_timeline(
    customer_id: FromPath[UUID],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    limit: Annotated[int, QueryParameter(ge=1, le=timeline.PAGE_MAX)] = 50,
    cursor: Annotated[str | None, QueryParameter(min_length=1, max_length=40)] = None,
    after: After = None,
) -> TimelineBody:
    """What a customer has done, newest first."""
    await _wait(deps, after, customer_id)
    async with db.transaction(deps.pool) as conn:
        who = await identity.person(conn, customer_id)
        page = await timeline.page(conn, who.numbers, limit=limit, cursor=cursor)
        await audit.note(
            conn, actor, "customer.timeline_viewed", at=clock.now(), customer_id=who.customer_id
        )
    return TimelineBody(
        items=[msgspec.convert(one, TimelineItem, from_attributes=True) for one in page.items],
        next_cursor=page.next_cursor,
    )
