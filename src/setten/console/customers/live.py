"""A customer's page while it is open: new lines, changed promises, new notes."""

from __future__ import annotations

from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent

from setten.console import guard, live, places
from setten.console.customers import nearby
from setten.console.customers import page as pages
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.stock.goods import unknown
from setten.customers import identity, profiles, timeline
from setten.engagement import conversations
from setten.platform import db
from setten.platform.auth import Right

NOTHING = nearby.Near(good=unknown(""), rows=[], variants=[], is_sellable=False)
"""She has looked at nothing yet: no stock to watch."""


class Watch:
    """What one open page has seen so far."""

    def __init__(self, request: Asked, customer_id: UUID, channel: str, sku: str) -> None:
        self.request = request
        self.deps = guard.deps_of(request)
        self.page = page_of(request)
        self.customer_id = customer_id
        self.channel = channel
        self.sku = sku
        self.cursor = request.query_params.get("cursor", "0.0")
        self.version = request.query_params.get("version", "")
        self.shown: nearby.Near | None = None
        self.notes = request.query_params.get("notes", "")

    async def ask(self) -> list[tuple[str, str]]:
        """What is new since the last time."""
        here = guard.at_this_moment(self.page)
        async with self.deps.pool.acquire() as conn:
            living = await identity.current(conn, self.customer_id)
            numbers = [n.identifier_id for n in await identity.identifiers_of(conn, living)]
            items, self.cursor = await timeline.since(
                conn, numbers, self.cursor, channel=self.channel or None
            )
            newest = await conversations.newest_note_id(conn, numbers)
        found = await self._lines(here, numbers, items)
        has_looked = any(one.name == "product.viewed" for one in items)
        found += await self._promises(here, living, numbers, has_looked=has_looked)
        if newest and newest != self.notes:
            self.notes = newest
            found.append(("talk", await self._talk(here, living)))
        return found

    async def _lines(
        self, here: Page, numbers: list[int], items: tuple[timeline.Item, ...]
    ) -> list[tuple[str, str]]:
        """New lines of today on top; one that came late redraws the list in its order."""
        if not items:
            return []
        today = here.shown().now.date()
        is_late = any(here.shown().local(one.occurred_at).date() != today for one in items)
        async with self.deps.pool.acquire() as conn:
            names = await named(self.request, conn, here.locale)
            if is_late:
                profile = await profiles.get(
                    conn, self.deps.vault, self.customer_id, personal=False
                )
                shown = await pages.past(conn, here, names, profile, self.channel)
                shown |= {
                    "customer_id": self.customer_id, "channel": self.channel, "sku": self.sku
                }  # fmt: skip
                return [("past", here.text("customers/past_again.html", shown))]
            customer = str(self.customer_id)
            days = await pages.drawn(conn, here, names, tuple(reversed(items)), customer)
            shown = await pages.counted(conn, here, numbers)
        shown |= {"channel": self.channel, "sku": self.sku}
        shown["lines"] = [line for day in days for line in day.lines]
        return [("lines", here.text("customers/fresh.html", shown))]

    async def _promises(
        self, here: Page, living: UUID, numbers: list[int], *, has_looked: bool
    ) -> list[tuple[str, str]]:
        """Holds and stock near her again, when a cheap look at both tells a difference."""
        if self.shown is not None and not has_looked:
            async with self.deps.pool.acquire() as conn:
                directory = await places.directory_of(self.request).fresh(conn)
                stamp = await pages.stamp(conn, directory, here, numbers, self.shown)
            if stamp == self.version:
                return []
        view = await pages.promises_now(self.request, here, living, self.deps, self.sku)
        self.shown = view["near"] if isinstance(view["near"], nearby.Near) else NOTHING
        was, self.version = self.version, str(view["version"])
        if was == self.version:
            return []
        return [("promises", here.text("customers/promises.html", view))]

    async def _talk(self, here: Page, living: UUID) -> str:
        async with db.transaction(self.deps.pool) as conn:
            profile = await profiles.get(conn, self.deps.vault, living)
            shown = await pages.talk(conn, self.deps, here, profile)
        return here.text("customers/talk.html", shown)


@get("/customers/{customer_id:uuid}/live", right=Right.read_customers)
async def customer_live(
    request: Asked,
    customer_id: FromPath[UUID],
    channel: FromQuery[str] = "",
    sku: FromQuery[str] = "",
) -> ServerSentEvent:
    """The open line of a customer's page."""
    return live.line(request, Watch(request, customer_id, channel, sku).ask)
