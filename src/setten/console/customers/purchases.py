"""The purchases behind a customer's sum, each once, with everything that told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath

from setten.console import guard, lists
from setten.console.customers import view
from setten.console.customers.channels import Mark, mark
from setten.console.customers.listed import PURCHASES
from setten.console.page import Asked, Page
from setten.console.places import Named, named
from setten.customers import profiles, timeline
from setten.customers.profiles import BoughtThrough
from setten.customers.timeline import Purchase
from setten.platform import audit, db
from setten.platform.auth import Right


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase."""

    at: datetime
    mark: Mark
    place: str
    total: str
    is_return: bool
    event_id: str
    told: list[tuple[str, Mark, str]]


@get("/customers/{customer_id:uuid}/purchases", right=Right.read_customers)
async def purchases(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Every purchase, what told of it, and their sum."""
    look, deps = lists.look(PURCHASES, request), guard.deps_of(request)
    page = look.page
    async with db.transaction(deps.pool) as conn:
        profile = await profiles.get(conn, deps.vault, customer_id)
        names = await named(request, conn, page.locale)
        part = await lists.part(conn, look)
        keys = [one.purchase_key for one in part.rows]
        copies = await timeline.copies(conn, profile.numbers, keys)
        rows = [_row(page, names, one, copies.get(one.purchase_key, [])) for one in part.rows]
        await audit.note(
            conn,
            page.who,
            "purchases.viewed",
            at=page.now,
            customer_id=profile.customer_id,
        )
    shown = {
        "list": part,
        "who": view.who(profile, page),
        "rows": rows,
        "sums": _sums(profile.purchases, page),
        "home": names(profile.home_location_id),
    }
    return page.render("customers/purchases.html", shown)


def _row(page: Page, names: Named, one: Purchase, copies: Sequence[timeline.Item]) -> Row:
    t = page.words()
    return Row(
        at=one.occurred_at,
        mark=mark(one.channel, t),
        place=names(one.location_id),
        total=page.shown().money(one.total_minor, one.currency),
        is_return=one.total_minor < 0,
        event_id=one.event_id,
        told=[
            (copy.event_id, mark(copy.channel, t, event=copy.name), t(f"named.{copy.name}"))
            for copy in copies
        ],
    )


def _sums(found: Sequence[BoughtThrough], page: Page) -> list[str]:
    """Of all of them, by currency, as her page tells it: not of the rows of one page."""
    totals: dict[str, int] = {}
    for one in found:
        totals[one.currency] = totals.get(one.currency, 0) + one.total_minor
    return [page.shown().money(total, currency) for currency, total in totals.items()]
