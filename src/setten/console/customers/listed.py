"""The lists of customers: all of them, who stands in a stage, what somebody bought.

Files tell ids and sums, nothing that identifies anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar.exceptions import NotFoundException

from setten.console.customers import people
from setten.console.formats import midnight
from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.customers import identity, lifecycle, roster, timeline
from setten.customers.lifecycle import STAGES, Listed, Stage
from setten.customers.roster import Known, Sought
from setten.customers.timeline import Purchase
from setten.facts.ids import CustomerId
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.money import decimals

SPENT_MAX = 10**11
"""Whole yen or dollars: nobody buys for more, and it is far below what a bigint holds."""
Reach = Literal["", "email", "line", "sms", "phone", "push", "whatsapp", "post"]


class RosterFilter(Filter, frozen=True, kw_only=True):
    """Days on the wall clock between which they were seen last; what they bought for, at least."""

    stage: Literal[Stage, ""] = ""
    home: Word = ""
    reach: Reach = ""
    since: date | None = None
    until: date | None = None
    spent: Annotated[int, msgspec.Meta(ge=0, le=SPENT_MAX)] | None = None


async def _everybody(conn: Connection, look: Look[RosterFilter, Known]) -> Sequence[Known]:
    people.require_lister(look.page.who)
    asked, zone = look.asked, look.page.zone
    least = None
    if asked.spent is not None:
        least = asked.spent * 10 ** decimals(await roster.currency(conn))
    return await roster.listed(
        conn,
        Sought(
            stage=asked.stage or None,
            location_id=asked.home or None,
            channel=asked.reach or None,
            from_at=midnight(asked.since, zone),
            until_at=_day_after(asked.until, zone),
            least_minor=least,
        ),
        most=look.most,
        by_total=look.by.name == "total_minor",
        past=None if look.after is None else (look.after[0], look.after[1]),
        rising=not look.falls,
    )


def _day_after(day: date | None, zone: str) -> datetime | None:
    return midnight(day + timedelta(days=1) if day else None, zone)


ROSTER = ListOf[RosterFilter, Known](
    name="customers",
    audit="customers.exported",
    path="/customers/all",
    file="/customers/all.csv",
    right=Right.read_customers,
    filters=RosterFilter,
    sort="-last_at",
    fetch=_everybody,
    ident=lambda one: str(one.customer_id),
    at_once=roster.PAGE_MAX - 1,
    columns=(
        Column(name="customer_id", word="roster.who", told=lambda one, _: one.customer_id),
        Column(name="stage", word="roster.stage", told=lambda one, _: one.stage),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="home",
            word="roster.home",
            told=lambda one, line: line.names(one.location_id),
        ),
        Column(
            name="last_at",
            word="roster.last",
            told=lambda one, _: one.last_at.isoformat(),
            order=Order(lambda one: (one.last_at, one.customer_id), (datetime, UUID)),
            falls=True,
        ),
        Column(name="reach", word="roster.reach", told=lambda one, _: " ".join(one.channels)),
        Column(name="currency", told=lambda one, _: one.currency),
        Column(
            name="total_minor",
            word="roster.total",
            style="num",
            told=lambda one, _: one.total_minor,
            order=Order(lambda one: (one.total_minor, one.customer_id), (int, UUID)),
            falls=True,
        ),
    ),
)


class StageFilter(Filter, frozen=True, kw_only=True):
    """Days on the wall clock between which they came."""

    since: date | None = None
    until: date | None = None


async def _of_stage(conn: Connection, look: Look[StageFilter, Listed]) -> Sequence[Listed]:
    people.require_lister(look.page.who)
    stage = look.ids["stage"]
    if stage not in STAGES:
        raise NotFoundException()
    before = None
    if look.after is not None:
        before = Listed(since=look.after[0], customer_id=CustomerId(look.after[1]))
    return await lifecycle.people(
        conn,
        stage,
        before=before,
        most=look.most,
        oldest_first=not look.falls,
        from_at=midnight(look.asked.since, look.page.zone),
        until_at=_day_after(look.asked.until, look.page.zone),
    )


STAGE = ListOf[StageFilter, Listed](
    name="stage",
    audit="stage.exported",
    path="/customers/stages/{stage}",
    file="/customers/stages/{stage:str}/people.csv",
    right=Right.read_customers,
    filters=StageFilter,
    sort="-since",
    fetch=_of_stage,
    ident=lambda one: str(one.customer_id),
    at_once=lifecycle.PAGE_MAX - 1,
    columns=(
        Column(name="customer_id", word="stages.who", told=lambda one, _: one.customer_id),
        Column(
            name="since",
            word="stages.since",
            told=lambda one, _: one.since.isoformat(),
            order=Order(lambda one: (one.since, one.customer_id), (datetime, UUID)),
            falls=True,
        ),
        Column(name="chance", word="stages.chance", style="num"),
        Column(name="why", word="stages.why"),
    ),
)


async def _bought(conn: Connection, look: Look[Filter, Purchase]) -> Sequence[Purchase]:
    nodes = await identity.identifiers_of(conn, await identity.current(conn, _whose(look)))
    return await timeline.purchases(
        conn,
        [one.identifier_id for one in nodes],
        before=None if look.after is None else (look.after[0], look.after[1]),
        limit=look.most,
        oldest_first=not look.falls,
    )


def _whose(look: Look[Filter, Purchase]) -> UUID:
    found = look.ids["customer_id"]
    assert isinstance(found, UUID), "the address says so"
    return found


PURCHASES = ListOf[Filter, Purchase](
    name="purchases",
    audit="purchases.exported",
    path="/customers/{customer_id}/purchases",
    file="/customers/{customer_id:uuid}/purchases.csv",
    right=Right.read_customers,
    filters=Filter,
    sort="-at",
    fetch=_bought,
    about=_whose,
    ident=lambda one: one.event_id,
    rows=60,
    at_once=timeline.PAGE_MAX - 1,
    columns=(
        Column(name="event_id", told=lambda one, _: one.event_id),
        Column(
            name="at",
            word="bought.when",
            told=lambda one, _: one.occurred_at.isoformat(),
            order=Order(lambda one: (one.occurred_at, one.event_id), (datetime, str)),
            falls=True,
        ),
        Column(name="channel", told=lambda one, _: one.channel),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="place",
            word="bought.where",
            told=lambda one, line: line.names(one.location_id),
        ),
        Column(name="told_by", word="bought.told"),
        Column(name="currency", told=lambda one, _: one.currency),
        Column(
            name="total_minor",
            word="bought.total",
            style="num",
            told=lambda one, _: one.total_minor,
        ),
    ),
)
