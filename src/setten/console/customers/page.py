"""One customer: who she is, what she has done, what we promised, and the next step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.customers import consenting, lines, nearby, people, related, step, view
from setten.console.customers.channels import MARKS, mark
from setten.console.customers.favours import favours
from setten.console.page import Asked, Page, page_of
from setten.console.places import Named, named
from setten.console.shell.find import is_demo
from setten.console.shell.sign_in import redirect
from setten.console.stock import basket
from setten.console.stock.goods import goods
from setten.customers import identity, lifecycle, profiles, segments, timeline
from setten.customers.lifecycle import STAGES
from setten.customers.profiles import Profile
from setten.engagement import conversations
from setten.platform import audit, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import availability, carts, holds
from setten.stock.carts import Cart
from setten.stock.holds import Hold
from setten.stock.locations import Directory

LINES = 40
"""Lines of the timeline at first: two screens."""

HOLDS_READ = 30
NOTES_SHOWN = 12
CHIPS_MAX = 7


class Chip(msgspec.Struct, frozen=True):
    """A filter of the timeline."""

    channel: str
    kind: str
    sign: str
    word: str
    n: int


class StagePoint(msgspec.Struct, frozen=True):
    """One of the five points of the life cycle."""

    word: str
    is_past: bool
    is_now: bool


@get("/customers", right=Right.read_customers)
async def start(request: Asked) -> Response[str]:
    """Where one begins: the finder, large."""
    page = page_of(request)
    return page.render("customers/start.html", {"is_demo": await is_demo(request)})


@get("/customers/{customer_id:uuid}", right=Right.read_customers)
async def customer(
    request: Asked,
    customer_id: FromPath[UUID],
    channel: FromQuery[str] = "",
    sku: FromQuery[str] = "",
) -> Response[str]:
    """The whole page. Looking at it is noted."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        living = await identity.current(conn, customer_id)
        if living != customer_id:
            if people.opens_one_by_one(page.who):  # met as who she was
                await audit.meet(conn, page.who, [living], now=page.now)
            return redirect(f"/customers/{living}")
        cursor = await timeline.news_cursor(conn)
        profile = await profiles.get(conn, deps.vault, living)
        names = await named(request, conn, page.locale)
        shown = await promises(request, conn, page, names, profile, sku)
        shown |= await past(conn, page, names, profile, channel)
        shown |= await talk(conn, deps, page, profile)
        shown |= await standing(conn, page, profile)
        inside = await segments.memberships(conn, [living])
        shown["segments"] = inside.get(living, ())
        shown |= await consenting.shown(conn, page, profile.numbers)
        shown |= await related.shown(conn, deps, page, living, profile.numbers)
        shown["looked_names"] = {
            sku: one.name
            for sku, one in (await goods(conn, _looked(profile), page)).items()
            if one.href
        }
        await audit.note(
            conn, page.who, "customer.viewed", at=page.now, customer_id=living,
            fields=sorted(profile.traits),
        )  # fmt: skip
    shown |= head(page, names, profile) | {"cursor": cursor, "channel": channel}
    return page.render("customers/page.html", shown)


def head(page: Page, names: Named, profile: Profile) -> dict[str, object]:
    """Who she is and the strip under it."""
    t = page.words()
    return {
        "who": view.who(profile, page),
        "profile": profile,
        "clues": view.clues(profile.identifiers, t),
        "home": names(profile.home_location_id),
        "favours": favours(profile.traits, page),
        "bought": view.bought(profile, MARKS, page),
    }


async def standing(conn: Connection, page: Page, profile: Profile) -> dict[str, object]:
    """Where she stands in the life cycle, and why, in a sentence."""
    found = await lifecycle.standings(conn, [profile.customer_id], now=page.now)
    now = found[profile.customer_id]
    at = STAGES.index(now.stage)
    return {
        "stages": [
            StagePoint(lifecycle.NAMES[one][page.locale], place < at, place == at)
            for place, one in enumerate(STAGES)
        ],
        "stage_sentence": lifecycle.sentence(now, now=page.shown().now, locale=page.locale),
    }


async def promises(
    request: Asked, conn: Connection, page: Page, names: Named, profile: Profile, sku: str
) -> dict[str, object]:
    """Holds, stock near her, and the next step: what changes with the stock."""
    found = await holds.find_by_identifiers(conn, profile.numbers, now=page.now, limit=HOLDS_READ)
    near = await nearby.near(request, conn, page, names, profile, sku)
    shown = await goods(conn, _skus(found), page)
    open_holds, ended = view.holds_shown(found, shown, names)
    cart = await carts.open_of(conn, profile.numbers)
    shown_cart = None
    if cart is not None and cart.lines:
        shown_cart = await basket.view(request, conn, page, names, cart, postcode=None)
    return {
        "customer_id": profile.customer_id,
        "basket": shown_cart,
        "open_holds": open_holds,
        "ended_holds": ended,
        "near": near,
        "step": await step.next_step(conn, page, names, profile, found, near),
        "version": version_of(found, near, cart),
        "sku": sku,
    }


def _looked(profile: Profile) -> list[str]:
    return [one.sku for one in profile.last_viewed]


def _skus(found: Sequence[Hold]) -> list[str]:
    return [line.sku for hold in found for line in hold.lines]


async def stamp(
    conn: Connection,
    directory: Directory,
    page: Page,
    numbers: Sequence[int],
    shown: nearby.Near,
) -> str:
    """The version of `promises` as it would be now, from two small questions."""
    found = await holds.find_by_identifiers(conn, numbers, now=page.now, limit=HOLDS_READ)
    shops = [place for place, _ in shown.counts]
    counts = await availability.at(
        conn, directory, [shown.good.sku], location_ids=shops, now=page.now, include_empty=True
    )
    cart = await carts.open_of(conn, numbers)
    return _version(found, [(one.location_id, one.available) for one in counts], cart)


def version_of(found: Sequence[Hold], near: nearby.Near | None, cart: Cart | None = None) -> str:
    """Differs whenever holds, the cart or the stock near her would look different."""
    return _version(found, near.counts if near else (), cart)


def _version(found: Sequence[Hold], counts: Sequence[tuple[str, int]], cart: Cart | None) -> str:
    rows = ",".join(f"{place}{count}" for place, count in sorted(counts))
    states = ",".join(
        f"{h.hold_id}{h.state}{h.expires_at}{[line.state for line in h.lines]}" for h in found
    )
    put_in = "" if cart is None else f"{cart.cart_id}{cart.version}"
    return hashlib.blake2b(f"{rows};{states};{put_in}".encode(), digest_size=8).hexdigest()


async def past(
    conn: Connection, page: Page, names: Named, profile: Profile, channel: str
) -> dict[str, object]:
    """The timeline's first page and its filters."""
    found = await timeline.page(conn, profile.numbers, limit=LINES, channel=channel or None)
    return {
        "days": await drawn(conn, page, names, found.items, str(profile.customer_id)),
        "next_cursor": found.next_cursor,
    } | await counted(conn, page, profile.numbers)


async def counted(conn: Connection, page: Page, numbers: Sequence[int]) -> dict[str, object]:
    """How much there is, in all and by channel: the head of the timeline and its filters."""
    counts = await timeline.counts_by_channel(conn, numbers)
    t = page.words()
    chips = [
        Chip(name, (one := mark(name, t)).kind, one.sign, one.word, n)
        for name, n in list(counts.items())[:CHIPS_MAX]
    ]
    return {"chips": chips, "total": sum(counts.values())}


async def drawn(
    conn: Connection, page: Page, names: Named, items: Sequence[timeline.Item], customer: str
) -> list[lines.Day]:
    """Timeline items as lines under their days."""
    shown = await goods(conn, lines.skus_of(items), page)
    return lines.days([lines.line(one, page, names, shown, customer) for one in items], page)


async def talk(
    conn: Connection, deps: guard.Deps, page: Page, profile: Profile
) -> dict[str, object]:
    """What was written down on her page."""
    found = await conversations.notes(conn, deps.vault, profile.numbers, limit=NOTES_SHOWN)
    t = page.words()
    return {
        "notes": [(one, mark(one.channel, t)) for one in found],
        "notes_version": str(found[-1].note_id) if found else "",
        "may_write": page.who.may(Right.write_notes),
        "who": view.who(profile, page),
        "customer_id": profile.customer_id,
    }


@get("/customers/{customer_id:uuid}/timeline", right=Right.read_customers)
async def earlier(
    request: Asked,
    customer_id: FromPath[UUID],
    cursor: FromQuery[str],
    channel: FromQuery[str] = "",
) -> Response[str]:
    """Older lines, to stand below those already there."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        numbers = [one.identifier_id for one in await identity.identifiers_of(conn, customer_id)]
        names = await named(request, conn, page.locale)
        found = await timeline.page(
            conn, numbers, limit=LINES, cursor=cursor, channel=channel or None
        )
        days = await drawn(conn, page, names, found.items, str(customer_id))
    shown = {
        "days": days,
        "next_cursor": found.next_cursor,
        "customer_id": customer_id,
        "channel": channel,
    }
    return page.render("customers/earlier.html", shown)


async def promises_now(
    request: Asked, page: Page, customer_id: UUID, deps: guard.Deps, sku: str
) -> dict[str, object]:
    """What `promises` says at this moment, without opening anything personal."""
    async with deps.pool.acquire() as conn:
        profile = await profiles.get(conn, deps.vault, customer_id, personal=False)
        names = await named(request, conn, page.locale)
        return await promises(request, conn, page, names, profile, sku)


@post("/customers/{customer_id:uuid}/notes", right=Right.write_notes)
async def write_note(request: Asked, customer_id: FromPath[UUID]) -> Response[str]:
    """Write down a remark of ours, or her own words."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    now = clock.now()
    async with db.transaction(deps.pool) as conn:
        number = await identity.identifier_for(conn, customer_id)
        await conversations.note(
            conn, deps.vault, identifier=number, text=str(form.get("text") or ""),
            by=conversations.Author(page.who.id, page.who.name), now=now,
            voice=str(form.get("voice") or "staff"), channel=_channel(form.get("channel")),
        )  # fmt: skip
        await audit.note(conn, page.who, "note.written", at=now, customer_id=customer_id)
        profile = await profiles.get(conn, deps.vault, customer_id)
        shown = await talk(conn, deps, page, profile)
    if not page.is_partial:
        return redirect(f"/customers/{customer_id}")
    said = page.words()("talk.written")
    return page.render("customers/talk_and_toast.html", shown | {"said": said})


NOTE_CHANNELS = ("chat", "phone", "store", "line", "mail")


def _channel(said: object) -> str:
    return str(said) if said in NOTE_CHANNELS else "store"
