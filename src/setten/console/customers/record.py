"""Opening what is behind a line: the whole event, the evidence of a link, a masked value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from setten.console import guard
from setten.console.customers import people, view
from setten.console.customers.channels import mark
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.customers import identity, profiles, timeline
from setten.facts.ids import CustomerId
from setten.platform import audit, auth, clock, db, log
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.vault import Sealed

REASON_MIN = 4
"""Characters of a reason: less says nothing."""


class ReasonMissing(Invalid):
    """Personal values are opened with a reason only."""

    code = "reason_missing"


@get("/events/{event_id:path}", right=(Right.read_customers, Right.read_data))
async def event(request: Asked, event_id: FromPath[str]) -> Response[str]:
    """The full record of one event, its sealed part closed."""
    return await _event(request, event_id.removeprefix("/"), reveal=False)


@post("/openings", right=Right.reveal_personal)
async def open_sealed(request: Asked) -> Response[str]:
    """The same with its sealed part open. It goes on record."""
    event_id = str((await request.form()).get("event_id") or "")
    return await _event(request, event_id, reveal=True)


async def _event(request: Asked, event_id: str, *, reveal: bool) -> Response[str]:
    page, deps = page_of(request), guard.deps_of(request)
    if not page.who.may(Right.read_data):
        auth.require(page.who, Right.read_customers)
    async with db.transaction(deps.pool) as conn:
        row = await _row(conn, event_id)
        owners = await _owners(conn, row)
        unmet = await guard.unmet_of(conn, page.who, owners)
        if unmet is not None:
            return guard.to_reason(request, unmet)
        if reveal and not owners and people.opens_one_by_one(page.who):
            raise auth.NoRight(right=Right.read_data.value)  # about whom is not known yet
        found = await _find(conn, deps, page, row, owners, reveal=reveal)
        names = await named(request, conn, page.locale)
    t = page.words()
    shown = {
        "event": found,
        "mark": mark(found.channel, t, event=found.name),
        "place": names(found.location_id),
        "owner": next(iter(owners), None) if page.who.may(Right.read_customers) else None,
        "body": pretty(found.body),
        "sealed": pretty(found.sealed) if found.sealed is not None else "",
        "was_asked": reveal,
        "may_reveal": page.who.may(Right.reveal_personal),
    }
    return page.render("customers/record.html", shown)


async def _row(conn: Connection, event_id: str) -> log.Row:
    """The event as the log has it. Raises EventNotFound."""
    place = await log.find(conn, event_id, today=clock.now().date())
    row = await log.event_at(conn, place) if place else None
    if row is None:
        raise timeline.EventNotFound()
    return row


async def _owners(conn: Connection, row: log.Row) -> list[CustomerId]:
    """Whom an event is about, in the order it names them: more than one where a link was cut."""
    found = await identity.customers_for(conn, row.identifiers)
    return list(dict.fromkeys(found[one] for one in row.identifiers if one in found))


async def _find(
    conn: Connection,
    deps: guard.Deps,
    page: Page,
    row: log.Row,
    owners: Sequence[CustomerId],
    *,
    reveal: bool,
) -> timeline.Event:
    """The event as its timeline has it; one that is about nobody comes from the log itself."""
    now = clock.now()
    try:
        return await timeline.event(
            conn, deps.vault, row.event_id, actor=page.who, now=now, reveal=reveal,
            customer_ids=owners,
        )  # fmt: skip
    except timeline.EventNotFound:
        owner = next(iter(owners), None)
        await audit.note(
            conn, page.who, "event.viewed", at=now, customer_id=owner, subject=row.event_id
        )
        return _plain(row)


def _plain(row: log.Row) -> timeline.Event:
    return timeline.Event(
        event_id=row.event_id,
        name=row.name,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        sent_at=row.sent_at,
        original_at=row.original_at,
        source_id=row.source_id,
        channel=row.channel,
        location_id=row.location_id,
        identifiers=row.identifiers,
        body=msgspec.json.decode(row.body),
        has_sealed=row.sealed_id is not None,
        sealed=None,
    )


def pretty(body: Mapping[str, object]) -> str:
    """JSON that a person can read."""
    return msgspec.json.format(msgspec.json.encode(body), indent=2).decode()


@post("/customers/{customer_id:uuid}/identifiers", right=Right.reveal_personal)
async def reveal(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Identifiers whole, for a reason that goes on record."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    reason = reason_of(str(form.get("reason") or ""))
    async with db.transaction(deps.pool) as conn:
        profile = await profiles.get(conn, deps.vault, customer_id, personal=False, reveal=True)
        # A reason is free text and may name somebody: it is sealed with the person it is about.
        [sealed_id] = await deps.vault.seal(conn, [Sealed(profile.numbers[0], {"reason": reason})])
        await audit.note(
            conn, page.who, "identifiers.revealed", at=clock.now(),
            customer_id=profile.customer_id, fields=_kinds(profile), reason_sealed_id=sealed_id,
        )  # fmt: skip
    shown = {"clues": view.revealed(profile.identifiers, page.words())}
    if not page.is_partial:
        return page.render("customers/revealed_page.html", shown)
    return page.render("customers/revealed.html", shown)


def reason_of(said: str) -> str:
    """A reason as it was said. Raises ReasonMissing for one that says nothing."""
    if len(said.strip()) < REASON_MIN:
        raise ReasonMissing(least=REASON_MIN)
    return said.strip()


def _kinds(profile: profiles.Profile) -> list[str]:
    return sorted({one.kind for one in profile.identifiers})
