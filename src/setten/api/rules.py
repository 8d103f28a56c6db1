"""The rules of identity over JSON: read, proposed, counted beforehand, applied; and quarantine."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from setten.api import guard
from setten.api.links import WRITE, Reason
from setten.api.state import Deps
from setten.customers import identity
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.vault import Kind

ASKED_MAX = 100
Count = Annotated[int, msgspec.Meta(ge=1, le=5_000)]
Value = Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
Form = Annotated[str, msgspec.Meta(min_length=3, max_length=100)]


class RuleAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new rule for a kind of identifier; what is left out stays.

    most: in one customer; 1 makes the kind unique. shared_after: met with more people than this,
    an identifier is nobody's own. priority: 1 is weighed first. is_weak: names a device, not a
    person. is_default: back to the product's own rule.
    """

    kind: Kind
    is_weak: bool | None = None
    most: Count | None = None
    shared_after: Count | None = None
    priority: Annotated[int, msgspec.Meta(ge=1, le=99)] | None = None
    is_default: bool = False


class Blocked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that stands for nobody."""

    kind: Kind
    value: Value


class BlockedForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A form of values that stand for nobody; * is any text, ? one character."""

    kind: Kind
    form: Form


class Propose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of rules, and why. Nothing is in force before it is applied."""

    reason: Reason
    rules: Annotated[list[RuleAsked], msgspec.Meta(max_length=8)] = []
    block: Annotated[list[Blocked], msgspec.Meta(max_length=ASKED_MAX)] = []
    unblock: Annotated[list[str], msgspec.Meta(max_length=ASKED_MAX)] = []
    block_forms: Annotated[list[BlockedForm], msgspec.Meta(max_length=ASKED_MAX)] = []
    unblock_forms: Annotated[list[UUID], msgspec.Meta(max_length=ASKED_MAX)] = []


class ChangesBody(msgspec.Struct, frozen=True):
    """The newest changes first."""

    changes: list[identity.RuleChange]


class QuarantineBody(msgspec.Struct, frozen=True):
    """An identifier whose links are too many to resolve; `identifier` is its number as text."""

    identifier: str
    links: int
    noted_at: datetime


class QuarantinesBody(msgspec.Struct, frozen=True):
    """The newest first."""

    quarantines: list[QuarantineBody]


def router() -> Router:
    """The routes of this domain, under /api/v1."""
    return Router(
        path="/api/v1/identity",
        route_handlers=[
            view_rules, propose, list_changes, view_change, apply, withdraw, list_quarantines,
        ],
        dependencies={"actor": guard.provide_actor},
        tags=["identity"],
    )  # fmt: skip


@get("/rules", guards=[guard.allow(*WRITE)])
async def view_rules(deps: NamedDependency[Deps], actor: NamedDependency[Actor]) -> identity.Book:
    """The rules in force and what is blocked."""
    async with db.transaction(deps.pool) as conn:
        found = await identity.book(conn, deps.vault)
        await audit.note(conn, actor, "identity_rules.viewed", at=clock.now())
    return found


@post("/rules/changes", status_code=202, guards=[guard.allow(*WRITE)])
async def propose(
    data: JSONBody[Propose], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> identity.RuleChange:
    """Propose a change; what it would merge and split is counted in the background."""
    asked = identity.Asked(
        rules=[msgspec.convert(one, identity.RuleAsked, from_attributes=True)
               for one in data.rules],
        block=[(one.kind, one.value) for one in data.block],
        unblock=list(map(_number, data.unblock)),
        forms=[(one.kind, one.form) for one in data.block_forms],
        unform=data.unblock_forms,
    )  # fmt: skip
    async with db.transaction(deps.pool) as conn:
        return await identity.propose(
            conn, deps.vault, actor, asked, reason=data.reason, now=clock.now()
        )


def _number(blocked_id: str) -> int:
    """The number of a blocked value. Raises BlockedNotFound for what is none."""
    if not re.fullmatch(r"[0-9]{1,19}", blocked_id, re.ASCII):
        raise identity.BlockedNotFound(blocked_id=blocked_id[:40])
    return int(blocked_id)


@get("/rules/changes", guards=[guard.allow(*WRITE)])
async def list_changes(deps: NamedDependency[Deps]) -> ChangesBody:
    """What was proposed, counted, applied and withdrawn."""
    async with deps.pool.acquire() as conn:
        return ChangesBody(list(await identity.changes(conn)))


@get("/rules/changes/{change_id:uuid}", guards=[guard.allow(*WRITE)])
async def view_change(
    change_id: FromPath[UUID], deps: NamedDependency[Deps]
) -> identity.RuleChange:
    """How far a change is, what it would make, and ten samples of it."""
    async with deps.pool.acquire() as conn:
        return await identity.change(conn, change_id)


@post("/rules/changes/{change_id:uuid}/apply", status_code=202, guards=[guard.allow(*WRITE)])
async def apply(
    change_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> identity.RuleChange:
    """Put a counted change in force; whom it touches is resolved anew in the background."""
    async with db.transaction(deps.pool) as conn:
        return await identity.apply(conn, actor, change_id, now=clock.now())


@post("/rules/changes/{change_id:uuid}/withdraw", status_code=200, guards=[guard.allow(*WRITE)])
async def withdraw(
    change_id: FromPath[UUID], deps: NamedDependency[Deps], actor: NamedDependency[Actor]
) -> identity.RuleChange:
    """Let go of a change that was not applied."""
    async with db.transaction(deps.pool) as conn:
        return await identity.withdraw(conn, actor, change_id, now=clock.now())


@get("/quarantines", guards=[guard.allow(*WRITE)])
async def list_quarantines(deps: NamedDependency[Deps]) -> QuarantinesBody:
    """Where too much hangs together to be resolved."""
    async with deps.pool.acquire() as conn:
        found = await identity.quarantines(conn)
    return QuarantinesBody(
        [QuarantineBody(str(one.identifier_id), one.links, one.noted_at) for one in found]
    )
