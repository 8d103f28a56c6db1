"""What a customer allows, on her page: seen by whoever may see her, changed with how we know."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.customers.record import reason_of
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.customers import consent, identity
from setten.platform import clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection

SIGNS = {"granted": "check", "refused": "minus", "withdrawn": "minus"}


class Stands(msgspec.Struct, frozen=True, kw_only=True):
    """A line of what stands. lost: she agreed, and nothing arrives."""

    channel: str
    purpose: str
    state: str
    sign: str
    standing: consent.Standing
    is_lost: bool


async def shown(conn: Connection, page: Page, numbers: Sequence[int]) -> dict[str, object]:
    """What stands, marketing first, for the customer's page."""
    [found] = await consent.standings(conn, [numbers])
    t = page.words()
    ordered = sorted(found, key=lambda one: (one.purpose != consent.MARKETING, one.purpose))
    rows = [
        Stands(
            channel=t(f"consent.channel_{one.channel}"),
            purpose="" if one.purpose == consent.MARKETING else one.purpose,
            state=t(f"consent.state_{one.state}"),
            sign=SIGNS[one.state],
            standing=one,
            is_lost=one.state == "granted" and not one.is_reachable and one.channel != "web",
        )
        for one in ordered
    ]
    return {
        "consents": rows,
        "consent_channels": [
            (one, t(f"consent.channel_{one}")) for one in consent.CHANNELS if one != "web"
        ],
        "consent_states": [(one, t(f"consent.state_{one}")) for one in consent.STATES],
        "may_consent": page.who.may(Right.write_notes),
    }


@post("/customers/{customer_id:uuid}/consent", right=Right.write_notes)
async def say(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Take down what she said, and how we know."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    now = clock.now()
    evidence = reason_of(str(form.get("evidence") or ""))
    said = consent.Said(
        purpose=consent.MARKETING,
        channel=str(form.get("channel") or ""),
        state=str(form.get("state") or ""),
        at=now,
        evidence=evidence,
    )
    async with db.transaction(deps.pool) as conn:
        who = await identity.person(conn, customer_id)
        await consent.say(
            conn, deps.vault, page.who, numbers=who.numbers, said=[said], source="console", now=now
        )
    return redirect(f"/customers/{who.customer_id}#consent")
