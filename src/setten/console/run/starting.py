"""First steps: from an empty business to its first own event, and on to stock and tills."""

from __future__ import annotations

from collections.abc import Sequence

from litestar import Response, get, post
from litestar.params import FromQuery
from litestar.response import ServerSentEvent

from setten.console import guard, live
from setten.console.page import Asked, Page, page_of
from setten.console.run import view
from setten.console.shell.sign_in import redirect
from setten.customers import ingest
from setten.customers.ingest import Source
from setten.operations import beginning
from setten.operations.beginning import STEPS, Beginning
from setten.platform import audit, clock, db, ids, log
from setten.platform.auth import Right
from setten.platform.db import Connection

NEWEST = 5
"""Events that are shown arriving: enough to recognise one's own."""

KINDS_OF = {"places": "locations", "items": "items", "stock": "stock", "till": "receipts"}
"""What is brought in at each step that wants a file."""


@get("/run/start", right=Right.manage_sources)
async def start(request: Asked) -> Response[str]:
    """What is done, what is next, and how."""
    page, deps = page_of(request), guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        shown = await _view(conn, page, str(deps.settings.base_url))
    return page.render("run/start.html", shown)


async def _view(conn: Connection, page: Page, base_url: str) -> dict[str, object]:
    version, stands = await _version(conn)  # before the rest: the line tells what comes meanwhile
    rows = await view.source_rows(conn, page)
    chosen = next((row for row in rows if row.current_key and _sends(row.source)), None)
    return {
        "version": version,
        "steps": STEPS,
        "stands": stands,
        "row": chosen,
        "kinds": KINDS_OF,
        "events": await _arrived(conn, page, rows),
        "base_url": base_url,
        "may_invite": page.who.may(Right.manage_staff),
    }


async def _version(conn: Connection) -> tuple[str, Beginning]:
    """Another one as soon as an event has come or a step is done; and which are done."""
    newest, stands = await log.latest(conn, most=1), await beginning.look(conn)
    done = "".join("01"[step in stands.done] for step in STEPS)
    return f"{newest[0].position if newest else 0}-{done}", stands


def _sends(source: Source) -> bool:
    """Whether it is an open website or app that sends by itself, and not the word of a file."""
    is_open = source.revoked_at is None
    return is_open and source.channel in ("web", "app") and not view.is_of_import(source)


async def _arrived(
    conn: Connection, page: Page, rows: Sequence[view.SourceRow]
) -> list[view.EventRow]:
    """The newest events that somebody sent; neither a file's nor what we state ourselves."""
    senders = [row.source.source_id for row in rows if not view.is_of_import(row.source)]
    found = await log.latest_of(conn, senders, most=NEWEST)
    names = view.names_of(rows, page.words())
    return [view.event_row(row, page, names) for row in found]


@get("/run/start/live", right=Right.manage_sources)
async def start_live(request: Asked, version: FromQuery[str] = "") -> ServerSentEvent:
    """Steps tick themselves off, and the first events appear, while one looks: whenever something
    differs from `version`, what the page was drawn with."""
    page, deps = page_of(request), guard.deps_of(request)
    drawn = {"version": version}

    async def ask() -> list[tuple[str, str]]:
        here = guard.at_this_moment(page)
        async with deps.pool.acquire() as conn:
            now, _ = await _version(conn)
            if now == drawn["version"]:
                return []
            drawn["version"] = now
            shown = await _view(conn, here, str(deps.settings.base_url))
        return [("steps", here.text("run/start_steps.html", shown))]

    return live.line(request, ask)


@post("/run/start/source", right=Right.manage_sources)
async def make_source(request: Asked) -> Response[str]:
    """The first sender, a website: one press, changed later on the data page."""
    page, now = page_of(request), clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        known = await ingest.sources.list_all(conn)
        if not any(_sends(source) for source, _ in known):  # pressed twice: one source
            made = await ingest.sources.create(
                conn, name=page.words()("start.website"), channel="web", write_key=ids.token(),
                now=now,
            )  # fmt: skip
            await audit.note(conn, page.who, "source.made", at=now, subject=str(made.source_id))
    return redirect("/run/start")
