"""The lists of the floor: what a place counts, what comes to it and leaves it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import counts, transfers
from setten.stock.counts import Count
from setten.stock.transfers import Transfer


class PlaceFilter(Filter, frozen=True, kw_only=True):
    """A place; one's own when the link says none."""

    at: Word = ""


async def _counts(conn: Connection, look: Look[PlaceFilter, Count]) -> Sequence[Count]:
    return await counts.counts_at(
        conn,
        look.asked.at or look.page.shop or "",
        before=look.after[0] if look.after else None,
        limit=look.most,
        oldest_first=not look.falls,
    )


# Ids of counts and transfers begin with the moment they were made: in their order, that is theirs.
COUNTS = ListOf[PlaceFilter, Count](
    name="counts",
    audit="counts.exported",
    path="/stock/counts",
    file="/stock/counts.csv",
    right=Right.hand_over,
    filters=PlaceFilter,
    sort="-opened_at",
    fetch=_counts,
    ident=lambda one: str(one.count_id),
    rows=30,  # the last month of one a day
    at_once=50,  # with the lines of each, which may be thousands
    columns=(
        Column(name="count_id", told=lambda one, _: one.count_id),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="shelf", told=lambda one, _: one.shelf),
        Column(name="state", told=lambda one, _: one.state.value),
        Column(
            name="opened_at",
            word="count.opened_at",
            told=lambda one, _: one.opened_at,
            order=Order(lambda one: (one.count_id,), (UUID,)),
            falls=True,
        ),
        Column(name="lines", told=lambda one, _: len(one.lines)),
        Column(name="counted", told=lambda one, _: one.done),
        Column(name="ended_at", told=lambda one, _: one.ended_at),
    ),
)


class TransferFilter(PlaceFilter, frozen=True, kw_only=True):
    """A place, and whether those that are over."""

    ended: bool = False


async def _coming(conn: Connection, look: Look[TransferFilter, Transfer]) -> Sequence[Transfer]:
    return await transfers.coming(
        conn,
        look.asked.at or look.page.shop or "",
        is_open=not look.asked.ended,
        after=look.after[0] if look.after else None,
        limit=look.most,
        newest_first=look.falls,
    )


async def _going(conn: Connection, look: Look[TransferFilter, Transfer]) -> Sequence[Transfer]:
    return await transfers.going(
        conn,
        look.asked.at or look.page.shop or "",
        is_open=not look.asked.ended,
        after=look.after[0] if look.after else None,
        limit=look.most,
        newest_first=look.falls,
    )


_TRANSFER: tuple[Column[Transfer], ...] = (
    Column(name="transfer_id", told=lambda one, _: one.transfer_id),
    Column(name="from", told=lambda one, _: one.from_location),
    Column(name="to", told=lambda one, _: one.to_location),
    Column(name="state", told=lambda one, _: one.state.value),
    Column(name="ref", told=lambda one, _: one.ref),
    Column(
        name="created_at",
        word="transfer.made_at",
        told=lambda one, _: one.created_at,
        order=Order(lambda one: (one.transfer_id,), (UUID,)),
    ),
    Column(name="due_on", told=lambda one, _: one.due_on),
    Column(name="units", told=lambda one, _: one.units),
    Column(name="open", told=lambda one, _: one.open),
)

COMING = ListOf[TransferFilter, Transfer](
    name="transfers-coming",
    audit="transfers.exported",
    path="/stock/transfers",
    file="/stock/transfers/coming.csv",
    right=Right.hand_over,
    filters=TransferFilter,
    sort="created_at",
    fetch=_coming,
    ident=lambda one: str(one.transfer_id),
    rows=30,
    at_once=50,  # with their lines
    prefix="coming_",
    columns=_TRANSFER,
)

GOING = ListOf[TransferFilter, Transfer](
    name="transfers-going",
    audit="transfers.exported",
    path="/stock/transfers",
    file="/stock/transfers/going.csv",
    right=Right.hand_over,
    filters=TransferFilter,
    sort="created_at",
    fetch=_going,
    ident=lambda one: str(one.transfer_id),
    rows=30,
    at_once=50,
    prefix="going_",
    columns=_TRANSFER,
)
