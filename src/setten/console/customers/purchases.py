"""The purchases behind a customer's sum, each once, with everything that told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.customers import view
from setten.console.customers.channels import Mark, mark
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.customers import profiles, timeline
from setten.customers.profiles import BoughtThrough
from setten.customers.timeline import Purchase
from setten.platform import audit, db
from setten.platform.auth import Right

SHOWN_MAX = 60
"""Of one page; the next is a link."""


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
async def purchases(
    request: Asked, customer_id: FromPath[UUID], after: FromQuery[str] = ""
) -> Response[str]:
    """Every purchase, what told of it, and their sum; `after` is where the page before ended."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        profile = await profiles.get(conn, deps.vault, customer_id)
        names = await named(request, conn, page.locale)
        listed = await timeline.purchases(
            conn, profile.numbers, before=_cursor(after), limit=SHOWN_MAX + 1
        )
        found = listed[:SHOWN_MAX]
        keys = [one.purchase_key for one in found]
        copies = await timeline.copies(conn, profile.numbers, keys)
        rows = [_row(page, names, one, copies.get(one.purchase_key, [])) for one in found]
        await audit.note(
            conn,
            page.who,
            "purchases.viewed",
            at=page.now,
            customer_id=profile.customer_id,
        )
    shown = {
        "who": view.who(profile, page),
        "rows": rows,
        "sums": _sums(profile.purchases, page),
        "after": after,
        "more": f"{found[-1].occurred_at.isoformat()}~{found[-1].event_id}"
        if len(listed) > SHOWN_MAX
        else "",
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


def _cursor(text: str) -> Purchase | None:
    """Where the page before ended; a broken one begins anew."""
    at, _, event_id = text.replace("\x00", "").partition("~")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            return None
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Purchase(
        purchase_key="", event_id=event_id, occurred_at=moment, channel="", location_id=None,
        total_minor=0, currency="",
    )  # fmt: skip


def _sums(found: Sequence[BoughtThrough], page: Page) -> list[str]:
    """Of all of them, by currency, as her page tells it: not of the rows of one page."""
    totals: dict[str, int] = {}
    for one in found:
        totals[one.currency] = totals.get(one.currency, 0) + one.total_minor
    return [page.shown().money(total, currency) for currency, total in totals.items()]
