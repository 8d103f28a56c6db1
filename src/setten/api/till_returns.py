"""What tills took back and nobody knows of which purchase, over JSON: listed, and decided."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from setten.api.return_bodies import ID_LENGTH_MAX, ReceiptNo, WhichPurchase
from setten.api.state import Deps
from setten.platform import audit, clock, db
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.stock import returns
from setten.stock.returns import TEXT_LENGTH_MAX, Purchase, TillReturn, matching

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=ID_LENGTH_MAX)]


class TillReturnBody(msgspec.Struct, frozen=True, kw_only=True):
    """Units that a till took back. amount: what it gave back. state: open, matched, closed or void.

    why: why the purchase is not known: none, many, often, said_unknown, more_than_sold, more_money,
    not_sold, before, other_currency. how: said, only_one or person.
    """

    receipt_id: UUID
    sku: str
    location_id: str
    at: datetime
    qty: int
    amount: int
    currency: str
    said: ReceiptNo | None
    state: str
    why: str | None
    how: str | None
    decided_at: datetime | None
    decided_by: str | None
    note: str | None


class TillReturnsBody(msgspec.Struct, frozen=True):
    """What waits at a place, newest first; the last one's receipt_id and sku ask for more."""

    items: list[TillReturnBody]
    is_more: bool


class OfPurchaseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which purchase it was: one of the three."""

    sku: _Id
    receipt_id: UUID | None = None
    receipt: ReceiptNo | None = None
    order_id: UUID | None = None


class CloseIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nobody can know, and why."""

    sku: _Id
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


@get("/at-tills")
async def list_open(
    deps: NamedDependency[Deps],
    location_id: Annotated[str, QueryParameter(max_length=ID_LENGTH_MAX)],
    after: FromQuery[UUID | None] = None,
    after_sku: Annotated[str, QueryParameter(max_length=ID_LENGTH_MAX)] = "",
    limit: Annotated[int, QueryParameter(ge=1, le=matching.PAGE_MAX)] = 50,
) -> TillReturnsBody:
    """What tills of a place took back and a person has to look at."""
    place, sku = location_id.replace("\x00", ""), after_sku.replace("\x00", "")
    async with deps.pool.acquire() as conn:
        last = None
        if after is not None:
            seen = await matching.get(conn, after, sku)
            last = (seen.at, seen.receipt_id, seen.sku)
        found = await matching.open_at(conn, place, after=last, limit=limit + 1)
    return TillReturnsBody([_body(one) for one in found[:limit]], len(found) > limit)


@post("/at-tills/{receipt_id:uuid}/match", status_code=200)
async def match(
    receipt_id: FromPath[UUID],
    data: JSONBody[OfPurchaseIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> TillReturnBody:
    """Say of which purchase it was; 409 `not_that_purchase` when it cannot be, 404
    `unknown_till_return` when it is settled by now."""
    async with db.transaction(deps.pool) as conn:
        bought = await _bought(conn, data)
        sku, now = data.sku.replace("\x00", ""), clock.now()
        done = await matching.match(conn, receipt_id, sku, bought, by=actor.label, now=now)
        await audit.note(conn, actor, "till_return.matched", at=now, subject=str(receipt_id))
    return _body(done)


async def _bought(conn: Connection, said: OfPurchaseIn) -> Purchase:
    if sum(one is not None for one in (said.receipt_id, said.receipt, said.order_id)) != 1:
        raise WhichPurchase()
    if said.order_id is not None:
        return await returns.by_order(conn, said.order_id)
    if said.receipt_id is not None:
        return await returns.by_receipt(conn, said.receipt_id)
    assert said.receipt is not None
    return await returns.by_receipt_number(
        conn,
        location_id=said.receipt.location_id.replace("\x00", ""),
        register=said.receipt.register.replace("\x00", ""),
        sequence=said.receipt.sequence.replace("\x00", ""),
        business_day=said.receipt.business_day,
        now=clock.now(),
    )


@post("/at-tills/{receipt_id:uuid}/close", status_code=200)
async def close(
    receipt_id: FromPath[UUID],
    data: JSONBody[CloseIn],
    deps: NamedDependency[Deps],
    actor: NamedDependency[Actor],
) -> TillReturnBody:
    """Say that nobody can know, and why; it is not listed any more."""
    async with db.transaction(deps.pool) as conn:
        sku, now = data.sku.replace("\x00", ""), clock.now()
        done = await matching.close(conn, receipt_id, sku, by=actor.label, note=data.note, now=now)
        await audit.note(conn, actor, "till_return.closed", at=now, subject=str(receipt_id))
    return _body(done)


def _body(one: TillReturn) -> TillReturnBody:
    return TillReturnBody(
        receipt_id=one.receipt_id,
        sku=one.sku,
        location_id=one.location_id,
        at=one.at,
        qty=one.qty,
        amount=one.amount_minor,
        currency=one.currency,
        said=_said(one),
        state=one.state,
        why=one.why,
        how=one.how,
        decided_at=one.decided_at,
        decided_by=one.decided_by,
        note=one.note,
    )


def _said(one: TillReturn) -> ReceiptNo | None:
    if one.said_location is None or one.said_register is None or one.said_sequence is None:
        return None
    return ReceiptNo(
        location_id=one.said_location,
        register=one.said_register,
        sequence=one.said_sequence,
        business_day=one.said_day,
    )
