"""Who is whom over JSON: links with their evidence, taken back and given back; merges; relations.

Every decision is for a reason in words, sealed, and audited. What identity goes by is in `rules`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from setten.api import customers, guard
from setten.api.customers import CustomerBody
from setten.api.state import Deps
from setten.customers import identity, relations
from setten.platform import audit, clock, db
from setten.platform.auth import Actor

READ, WRITE = ("server", "agent"), ("server",)
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]


class Merge(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"gone": "from"}):
    """`from` becomes part of `into`, for a reason in words."""

    into: UUID
    gone: UUID
    reason: Reason


class LinksDecided(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Links of a customer, by link_id, and why they are taken back or given back."""

    links: Annotated[list[int], msgspec.Meta(min_length=1, max_length=identity.LINKS_ASKED_MAX)]
    reason: Reason


class Relate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """This customer gives to, refers, or shares a household with `other`."""

    kind: relations.Kind
    other: UUID
    reason: Reason | None = None


class EndRelation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a relation is no more."""

    reason: Reason | None = None


class LinkEnd(msgspec.Struct, frozen=True):
    """One end of a link: a number without meaning, as text, its kind, and whose it is now."""

    identifier: str
    kind: str
    customer_id: UUID


class LinkBody(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence that two identifiers are one person.

    state: counted, refused (`refusal` says why) or taken_back. kind: event, alias or manual.
    evidence: the earliest event. decision, decided_by, decided_at: what somebody said of it last.
    """

    link_id: int
    a: LinkEnd
    b: LinkEnd
    kind: str
    state: str
    evidence: str
    source_id: int | None
    occurred_at: datetime
    refusal: str | None
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None


class LinksBody(msgspec.Struct, frozen=True, kw_only=True):
    """Links by number; `next_cursor` asks for more."""

    links: list[LinkBody]
    next_cursor: str | None


class CustomersBody(msgspec.Struct, frozen=True):
    """Everybody whom a decision was about, as they are now."""

    customers: list[CustomerBody]


class RelationsBody(msgspec.Struct, frozen=True):
    """Open relations, oldest first, each from this customer's side."""

    relations: list[relations.Relation]


def router() -> Router:
    """The routes of this domain, under /api/v1."""
    return Router(
        path="/api/v1/customers",
        route_handlers=[view_links, merge, split, rejoin, view_relations, relate, end_relation],
        dependencies={"actor": guard.provide_actor},
        tags=["customers"],
    )


@get("/{customer_id:uuid}/links", guards=[guard.allow(*READ)])
async def view_links(
    customer_id: FromPath[UUID],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
    cursor: Annotated[int, QueryParameter(ge=0, le=2**53)] = 0,
) -> LinksBody:
    """The evidence that a customer's identifiers are one person, and what was refused."""
    async with db.transaction(deps.pool) as conn:
        living = await identity.current(conn, customer_id)
        links = await identity.links_of(conn, living, since=cursor)
        await audit.note(conn, actor, "customer.links_viewed", at=clock.now(), customer_id=living)
    is_full = len(links) == identity.LINKS_PAGE_MAX
    return LinksBody(
        links=[_link(one) for one in links],
        next_cursor=str(links[-1].link_id) if is_full else None,
    )


def _link(one: identity.LinkShown) -> LinkBody:
    return LinkBody(
        link_id=one.link_id,
        a=LinkEnd(str(one.a), one.a_kind, one.a_customer),
        b=LinkEnd(str(one.b), one.b_kind, one.b_customer),
        kind=one.kind,
        state=one.state,
        evidence=one.evidence,
        source_id=one.source_id,
        occurred_at=one.occurred_at,
        refusal=one.refusal,
        decision=one.decision,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
    )


@post("/merge", status_code=200, guards=[guard.allow(*WRITE)])
async def merge(
    data: JSONBody[Merge], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> Response[CustomerBody]:
    """Make two customers one. Refused when together they would break a limit."""
    async with db.transaction(deps.pool) as conn:
        merged = await identity.merge(
            conn, deps.vault, actor,
            into=data.into, gone=data.gone, reason=data.reason, now=clock.now(),
        )  # fmt: skip
        [body] = await customers.bodies(
            conn, deps.vault, actor, [merged.customer_id], deps.settings.zone
        )
    return Response(body, headers={"Setten-Event": merged.event_id})


@post("/{customer_id:uuid}/split", status_code=200, guards=[guard.allow(*WRITE)])
async def split(
    customer_id: FromPath[UUID],
    data: JSONBody[LinksDecided],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> Response[CustomersBody]:
    """Take links back: the two ends of each are never one person again, until somebody merges."""
    async with db.transaction(deps.pool) as conn:
        decided = await identity.split(
            conn, deps.vault, actor,
            customer_id=customer_id, links=data.links, reason=data.reason, now=clock.now(),
        )  # fmt: skip
        found = await customers.bodies(
            conn, deps.vault, actor, decided.customers, deps.settings.zone
        )
    return _answer(CustomersBody(found), decided.event_id)


@post("/{customer_id:uuid}/rejoin", status_code=200, guards=[guard.allow(*WRITE)])
async def rejoin(
    customer_id: FromPath[UUID],
    data: JSONBody[LinksDecided],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> Response[CustomersBody]:
    """Give links back that were taken back: everything is as if they had not been."""
    async with db.transaction(deps.pool) as conn:
        decided = await identity.rejoin(
            conn, deps.vault, actor,
            customer_id=customer_id, links=data.links, reason=data.reason, now=clock.now(),
        )  # fmt: skip
        found = await customers.bodies(
            conn, deps.vault, actor, decided.customers, deps.settings.zone
        )
    return _answer(CustomersBody(found), decided.event_id)


def _answer(body: CustomersBody, event_id: str | None) -> Response[CustomersBody]:
    """A decision that moved nobody has no fact to name."""
    return Response(body, headers={"Setten-Event": event_id} if event_id else {})


@get("/{customer_id:uuid}/relations", guards=[guard.allow(*READ)])
async def view_relations(
    customer_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> RelationsBody:
    """Whom a customer has to do with: household, gifts, referrals."""
    async with db.transaction(deps.pool) as conn:
        living = await identity.current(conn, customer_id)
        found = await relations.of(conn, living)
        await audit.note(conn, actor, "relations.viewed", at=clock.now(), customer_id=living)
    return RelationsBody(list(found))


@post("/{customer_id:uuid}/relations", status_code=201, guards=[guard.allow(*WRITE)])
async def relate(
    customer_id: FromPath[UUID],
    data: JSONBody[Relate],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> Response[relations.Relation]:
    """Write down a relation between two customers. It never merges them."""
    async with db.transaction(deps.pool) as conn:
        made = await relations.relate(
            conn, deps.vault, actor, customer_id=customer_id, other=data.other, kind=data.kind,
            reason=data.reason, now=clock.now(),
        )  # fmt: skip
    return Response(made.relation, headers={"Setten-Event": made.event_id})


@post(
    "/{customer_id:uuid}/relations/{relation_id:uuid}/end",
    status_code=200,
    guards=[guard.allow(*WRITE)],
)
async def end_relation(
    customer_id: FromPath[UUID],
    relation_id: FromPath[UUID],
    data: JSONBody[EndRelation],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> Response[RelationsBody]:
    """End a relation; answers those that are left."""
    async with db.transaction(deps.pool) as conn:
        event_id = await relations.end(
            conn, deps.vault, actor, customer_id=customer_id, relation_id=relation_id,
            reason=data.reason, now=clock.now(),
        )  # fmt: skip
        left = await relations.of(conn, customer_id)
    return Response(RelationsBody(list(left)), headers={"Setten-Event": event_id})
