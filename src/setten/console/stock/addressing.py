"""The address of an order, opened for a reason by who sends it; each opening goes on record."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.page import Asked, Page, page_of
from setten.console.stock import naming
from setten.console.stock.carting import ADDRESS
from setten.customers import identity
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.stock import fulfilments, orders
from setten.stock.fulfilments import Fulfilment
from setten.stock.orders import Order

OPENINGS = ("label", "carrier_asked", "customer_asked")
"""Why an address is opened: a code, so that an audit can be read by its kinds."""


def may_open(page: Page, order: Order, parts: list[Fulfilment]) -> bool:
    """Whether this person sends a part of the order, took it, or works for the whole chain."""
    who = page.who
    if order.address_id is None or not (
        who.may(Right.reveal_personal) and who.may(Right.hand_over)
    ):
        return False
    return not who.locations or naming.is_of(who, naming.places_of(order, parts))


@post("/stock/orders/{order_id:uuid}/address", status_code=200, right=Right.reveal_personal)
async def open_address(request: Asked, order_id: FromPath[UUID]) -> Response[str]:
    """The address, whole. It stands on no page that can be reloaded or gone back to."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    why = str(form.get("why") or "")
    if why not in OPENINGS:
        raise Invalid(errors="why")
    async with db.transaction(deps.pool) as conn:
        order = await orders.get(conn, order_id)
        parts = await fulfilments.of_order(conn, order_id, now=page.now)
        if order.address_id is None or not may_open(page, order, parts):
            raise auth.NoRight(right=Right.reveal_personal.value)
        lines = await _opened(conn, page, deps, order, why)
    view = {"lines": lines, "order": order, "why": why}
    part = "stock/order_address.html" if page.is_partial else "stock/order_address_page.html"
    return page.render(part, view)


async def _opened(
    conn: Connection, page: Page, deps: guard.Deps, order: Order, why: str
) -> list[tuple[str, str]]:
    """The lines of the address by their words; none when it was erased."""
    assert order.address_id is not None
    sealed = (await deps.vault.open(conn, [order.address_id])).get(order.address_id)
    owner = None
    if sealed is not None:
        owners = await identity.customers_for(conn, [sealed.identifier_id])
        owner = owners.get(sealed.identifier_id)
    said = {} if sealed is None else sealed.values
    shown = [
        (page.words()(f"cart.address_{one}"), str(said[one])) for one in ADDRESS if said.get(one)
    ]
    await audit.note(
        conn, page.who, "address.opened", at=clock.now(), customer_id=owner,
        subject=str(order.order_id), fields=sorted(key for key in ADDRESS if said.get(key)),
        reason=why,
    )  # fmt: skip
    return shown
