"""All customers of whom more is known than a browser: by stage, shop, last touch and worth."""

from __future__ import annotations

import msgspec
from litestar import Response, get

from setten.console import guard, lists
from setten.console.customers import people
from setten.console.customers.channels import Mark, mark
from setten.console.customers.listed import ROSTER
from setten.console.customers.people import Person
from setten.console.page import Asked, Page
from setten.console.places import Named, name_of, named
from setten.customers import lifecycle, roster
from setten.customers.lifecycle import STAGES
from setten.customers.roster import Known
from setten.platform import db
from setten.platform.auth import Right

REACHES = ("email", "line", "sms", "phone", "push", "whatsapp", "post")
"""Channels somebody may be written to through."""


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One customer of the list."""

    who: Person
    stage: str
    home: str
    known: Known
    reach: list[Mark]


@get("/customers/all", right=Right.read_customers)
async def everybody(request: Asked) -> Response[str]:
    """Those who were seen last first, or those who bought most."""
    look, deps = lists.look(ROSTER, request), guard.deps_of(request)
    page = look.page
    async with db.transaction(deps.pool) as conn:
        part = await lists.part(conn, look)
        names = await named(request, conn, page.locale)
        ids = [one.customer_id for one in part.rows]
        told = await people.by_id(conn, deps.vault, ids, page.locale)
        currency = await roster.currency(conn)
        await people.note(
            conn, page.who, list(told.values()), action="customers.listed", now=page.now
        )
    shown = {
        "list": part,
        "rows": [_row(one, told.get(one.customer_id), page, names) for one in part.rows],
        "stages": [(one, lifecycle.NAMES[one][page.locale]) for one in STAGES],
        "shops": [(one.location_id, name_of(one, page.locale)) for one in names.shops()],
        "reaches": [(one, page.words()(f"consent.channel_{one}")) for one in REACHES],
        "currency": currency,
    }
    return page.render("customers/everybody.html", shown)


def _row(one: Known, person: Person | None, page: Page, names: Named) -> Row:
    t = page.words()
    return Row(
        who=person or Person(one.customer_id, "", "", f"/customers/{one.customer_id}"),
        stage=lifecycle.NAMES[one.stage][page.locale],
        home=names(one.location_id),
        known=one,
        reach=[
            msgspec.structs.replace(mark(channel, t), word=t(f"consent.channel_{channel}"))
            for channel in one.channels
        ],
    )
