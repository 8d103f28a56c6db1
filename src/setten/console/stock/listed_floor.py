"""The lists of the floor: what a place counts, what comes to it, leaves it and comes back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from setten.console.lists import Column, Filter, ListOf, Look, Order, Word
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import counts, outside, returns, transfers
from setten.stock.counts import Count
from setten.stock.outside import Disagreement
from setten.stock.returns import Return, TillReturn, matching
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


async def _returns(conn: Connection, look: Look[PlaceFilter, Return]) -> Sequence[Return]:
    return await returns.latest_at(
        conn,
        look.asked.at or look.page.shop or "",
        before=look.after[0] if look.after else None,
        limit=look.most,
        oldest_first=not look.falls,
    )


RETURNS = ListOf[PlaceFilter, Return](
    name="returns",
    audit="returns.exported",
    path="/stock/returns",
    file="/stock/returns.csv",
    right=Right.take_returns,
    filters=PlaceFilter,
    sort="-at",
    fetch=_returns,
    ident=lambda one: str(one.return_id),
    beside=("customer",),
    rows=20,  # what was taken today
    at_once=100,
    columns=(
        Column(name="return_id", told=lambda one, _: one.return_id),
        Column(name="return_no", told=lambda one, _: one.return_no),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="at",
            word="returns.taken_at",
            told=lambda one, _: one.at,
            order=Order(lambda one: (one.return_id,), (UUID,)),
            falls=True,
        ),
        Column(name="order_id", told=lambda one, _: one.order_id),
        Column(name="receipt_id", told=lambda one, _: one.receipt_id),
        Column(name="reason", told=lambda one, _: one.reason),
        Column(name="skus", told=lambda one, _: " ".join(line.sku for line in one.lines)),
        Column(name="currency", told=lambda one, _: one.currency),
        Column(name="total_minor", told=lambda one, _: one.total_minor),
    ),
)


async def _disagreements(
    conn: Connection, look: Look[PlaceFilter, Disagreement]
) -> Sequence[Disagreement]:
    return await outside.open_at(
        conn,
        look.asked.at or None,
        after=look.after[0] if look.after else None,
        limit=look.most,
        newest_first=look.falls,
    )


DISAGREEMENTS = ListOf[PlaceFilter, Disagreement](
    name="disagreements",
    audit="disagreements.exported",
    path="/stock/disagreements",
    file="/stock/disagreements.csv",
    right=Right.read_stock,
    filters=PlaceFilter,
    sort="first_at",
    fetch=_disagreements,
    ident=lambda one: str(one.disagreement_id),
    at_once=99,
    columns=(
        Column(name="disagreement_id", told=lambda one, _: one.disagreement_id),
        Column(name="system", told=lambda one, _: one.system),
        Column(name="sku", told=lambda one, _: one.sku),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(name="place", told=lambda one, line: line.names(one.location_id)),
        Column(name="ours", told=lambda one, _: one.ours),
        Column(name="theirs", told=lambda one, _: one.theirs),
        Column(
            name="first_at",
            word="differ.first_at",
            told=lambda one, _: one.first_at,
            order=Order(lambda one: (one.disagreement_id,), (UUID,)),
        ),
        Column(name="last_at", told=lambda one, _: one.last_at),
    ),
)


async def _tills(conn: Connection, look: Look[PlaceFilter, TillReturn]) -> list[TillReturn]:
    return await matching.open_at(
        conn,
        look.asked.at or look.page.shop or "",
        after=None if look.after is None else (look.after[0], look.after[1], look.after[2]),
        limit=look.most,
        oldest_first=not look.falls,
    )


TILL_RETURNS = ListOf[PlaceFilter, TillReturn](
    name="till-returns",
    audit="till_returns.exported",
    path="/stock/returns/tills",
    file="/stock/returns/tills.csv",
    right=Right.take_returns,
    filters=PlaceFilter,
    sort="-at",
    fetch=_tills,
    ident=lambda one: f"{one.receipt_id}:{one.sku}",
    at_once=matching.PAGE_MAX,
    columns=(
        Column(name="id", told=lambda one, _: f"{one.receipt_id}:{one.sku}"),
        Column(name="receipt_id", told=lambda one, _: one.receipt_id),
        Column(name="sku", told=lambda one, _: one.sku),
        Column(name="location_id", told=lambda one, _: one.location_id),
        Column(
            name="at",
            word="returns.taken_at",
            told=lambda one, _: one.at.isoformat(),
            order=Order(lambda one: (one.at, one.receipt_id, one.sku), (datetime, UUID, str)),
            falls=True,
        ),
        Column(name="units", told=lambda one, _: one.qty),
        Column(name="currency", told=lambda one, _: one.currency),
        Column(name="amount_minor", told=lambda one, _: one.amount_minor),
        Column(name="why", told=lambda one, _: one.why),
    ),
)
