"""The pickup queue of a place: pick, say what is missing, hand over by code."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent

from setten.console import guard, live, paces, places
from setten.console.customers import people
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import chores, queue
from setten.console.stock.queue import Window
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import NotFound
from setten.stock import catalog, holds, locations, tasks
from setten.stock.holds import Hold


class NothingWaits(NotFound):
    """No hold to be picked waits for the goods that were scanned."""

    code = "nothing_waits"


@get("/stock/pickup", right=Right.hand_over)
async def pickup(
    request: Asked,
    at: FromQuery[str] = "",
    stage: FromQuery[str] = "collect",
    after: FromQuery[UUID | None] = None,
    chores: FromQuery[UUID | None] = None,
) -> Response[str]:
    """The queue of a place at one stage; without a place, the places to choose from.

    after, chores: the hold and the task after which this page begins.
    """
    page = page_of(request)
    at = at or page.shop or ""
    if not at:
        return await _choose(request, page)
    window = Window(at=at, stage=_stage(stage), after=after, chores_after=chores)
    return page.render("stock/pickup.html", await _view(request, page, window))


def _stage(said: str) -> str:
    return said if said in queue.STAGES else "collect"


async def _choose(request: Asked, page: Page) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await locations.list_all(conn)
    shops = [(p.location_id, places.name_of(p, page.locale)) for p in every if p.kind == "shop"]
    return page.render("stock/pickup_choose.html", {"shops": shops})


async def _view(request: Asked, page: Page, window: Window) -> dict[str, object]:
    deps, at = guard.deps_of(request), window.at
    async with db.transaction(deps.pool) as conn:
        names = await named(request, conn, page.locale)
        found = await queue.read(conn, deps.vault, page, names, window)
        seen = {one.person.customer_id: one.person for one in found.tickets if one.person}
        await people.note(
            conn, page.who, list(seen.values()), action="queue.viewed", now=page.now,
            meets=page.who.may_at(at),
        )  # fmt: skip
        place = names.find(at)
    opens_at, closes_at = place.opening(page.now) if place else (None, None)
    return {
        "queue": found,
        "at": at,
        "at_name": names(at),
        "is_mine": page.who.may_at(at),
        "first": window.first,
        "opens_at": opens_at,
        "closes_at": closes_at,
    }


@get("/stock/pickup/live", right=Right.hand_over)
async def pickup_live(
    request: Asked,
    at: FromQuery[str],
    stage: FromQuery[str] = "collect",
    after: FromQuery[UUID | None] = None,
    chores: FromQuery[UUID | None] = None,
    version: FromQuery[str] = "",
) -> ServerSentEvent:
    """The queue again, whenever it differs from `version`, the one the page was drawn with."""
    page, deps = page_of(request), guard.deps_of(request)
    window = Window(at=at, stage=_stage(stage), after=after, chores_after=chores)
    drawn = {"version": version}

    async def ask() -> list[tuple[str, str]]:
        here = guard.at_this_moment(page)
        async with deps.pool.acquire() as conn:
            stamp = await queue.version(conn, here, window)
        if stamp == drawn["version"]:
            return []
        drawn["version"] = stamp
        return [("queue", here.text("stock/queue.html", await _view(request, here, window)))]

    return live.line(request, ask)


@post("/stock/holds/{hold_id:uuid}/picks", right=Right.hand_over)
async def pick(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """One line is in the bag, or all of them; with the last one the hold is ready."""
    page, form = page_of(request), await request.form()
    sku, place = str(form.get("sku") or ""), str(form.get("location_id") or "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        lines = [(sku, place)] if sku else None
        hold = await holds.pick(conn, hold_id, now=clock.now(), lines=lines)
        await note(conn, page, "hold.picked", hold)
    said = page.words()("pickup.picked", code=hold.code) if hold.state == "ready" else ""
    return await again(request, page, hold, said)


@post("/stock/holds/{hold_id:uuid}/shortage", right=Right.hand_over)
async def shortage(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """A line is not on the shelf: it becomes short, and its customer gets an alternative."""
    page, form = page_of(request), await request.form()
    sku, place = str(form.get("sku") or ""), str(form.get("location_id") or "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        hold = await holds.not_on_shelf(conn, hold_id, sku=sku, location_id=place, now=clock.now())
        await note(conn, page, "hold.shortened", hold)
    return await again(request, page, hold, page.words()("pickup.short", code=hold.code))


@post("/stock/holds/{hold_id:uuid}/collection", right=Right.hand_over)
async def collection(request: Asked, hold_id: FromPath[UUID]) -> Response[str]:
    """Hand over; whoever presses has the customer and her code before them."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await may_move(conn, page, hold_id)
        hold = await _hand_over(conn, page, hold_id)
    said = page.words()("pickup.handed", code=hold.code)
    return await again(request, page, hold, said, undo=f"/stock/holds/{hold.hold_id}/reopening")


async def _hand_over(conn: Connection, page: Page, hold_id: UUID) -> Hold:
    done = await holds.pick_and_hand_over(conn, hold_id, by=page.who.label, now=clock.now())
    await note(conn, page, "hold.collected", done.hold)
    return done.hold


@post("/stock/pickup/code", right=Right.hand_over)
async def by_code(request: Asked) -> Response[str]:
    """Typed or scanned: a ready hold's code hands it over, one not yet picked is shown; the number
    of goods (GTIN, GS1 link) ticks the first line that waits for them."""
    page, form = page_of(request), await request.form()
    at = str(form.get("at") or "")
    code, gtin = holds.scanned(str(form.get("code") or ""))
    now = clock.now()
    if gtin:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            ticked = await _tick_scanned(conn, page, at, code, gtin)
        if ticked is not None:
            word = "pickup.picked" if ticked.state == "ready" else "counter.scanned"
            said = page.words()(word, code=ticked.code)
            return await again(request, page, ticked, said)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        auth.require(page.who, Right.hand_over)
        found = await holds.find_by_code(conn, code, now=now, location_id=at)
        missed = None if found else await paces.count(conn, page, paces.MISSED)
        is_ready = bool(found) and found[0].state == "ready"
        if found:
            await may_move(conn, page, found[0].hold_id)
        if is_ready:
            found = [await _hand_over(conn, page, found[0].hold_id)]
    if not found:
        raise missed or holds.WrongCode()
    hold = found[0]
    if is_ready:
        said = page.words()("pickup.handed", code=hold.code)
        return await again(request, page, hold, said, undo=f"/stock/holds/{hold.hold_id}/reopening")
    said = page.words()("pickup.not_picked", code=hold.code)
    return await _queue_again(request, page, at, "collect", said, first=hold.hold_id)


async def _tick_scanned(conn: Connection, page: Page, at: str, code: str, gtin: str) -> Hold | None:
    """Pick one scanned line, of the oldest hold that waits for such goods; None when it is none."""
    auth.require(page.who, Right.hand_over)
    auth.require_location(page.who, at)
    now = clock.now()
    if code and await holds.find_by_code(conn, code, now=now, location_id=at):
        return None  # eight digits that are somebody's code
    skus = set((await catalog.skus_of(conn, [gtin])).values())
    if not skus and code:
        return None
    hold = await holds.waiting_for(conn, at, skus, now=now)
    if hold is None:
        raise NothingWaits()
    [line, *_] = [one for one in hold.lines
                  if one.sku in skus and one.state == "held" and one.location_id == at]  # fmt: skip
    picked = await holds.pick(conn, hold.hold_id, now=now, lines=[(line.sku, at)])
    await note(conn, page, "hold.picked", picked)
    return picked


@post("/stock/tasks/{task_id:uuid}/completion", right=Right.hand_over)
async def finish_task(request: Asked, task_id: FromPath[UUID]) -> Response[str]:
    """Somebody has seen to it."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        task = await tasks.finish(conn, task_id, by=page.who.label, now=clock.now())
        auth.require_location(page.who, task.location_id)
        await audit.note(conn, page.who, "task.finished", at=clock.now(), subject=str(task_id))
    form = await request.form()
    if form.get("back") == chores.TASKS.path:
        asked = {name: str(form.get(name) or "")[:128] for name in ("at", "kind")}
        return redirect(f"{chores.TASKS.path}?{urlencode(asked | {'said': 'done'})}")
    said = page.words()("pickup.task_ended")
    return await _queue_again(request, page, task.location_id, "collect", said)


async def may_move(conn: Connection, page: Page, hold_id: UUID) -> Hold:
    """The hold. Raises NoRight unless this person may hand over at its place, UnknownHold."""
    auth.require(page.who, Right.hand_over)
    hold = await holds.get(conn, hold_id, now=clock.now())
    auth.require_location(page.who, hold.location_id)
    return hold


async def note(conn: Connection, page: Page, action: str, hold: Hold) -> None:
    """What this person did to a hold, for the audit."""
    await audit.note(conn, page.who, action, at=clock.now(), subject=str(hold.hold_id))


async def again(
    request: Asked, page: Page, hold: Hold, said: str, *, undo: str = ""
) -> Response[str]:
    """The queue where the page stands, after something was done to one of its holds.

    undo: where a press takes it back.
    """
    form = await request.form()
    if form.get("back") == "hold" and not page.is_partial:
        return redirect(f"/stock/holds/{hold.hold_id}")
    stage = _stage(str(form.get("stage") or "collect"))
    first = hold.hold_id if queue.STATES[stage] == hold.state else None
    return await _queue_again(request, page, hold.location_id, stage, said, first=first, undo=undo)


async def _queue_again(
    request: Asked,
    page: Page,
    at: str,
    stage: str,
    said: str,
    *,
    first: UUID | None = None,
    undo: str = "",
) -> Response[str]:
    if not page.is_partial:
        return redirect(f"/stock/pickup?at={at}&stage={stage}")
    here = guard.at_this_moment(page)
    window = Window(at=at, stage=stage, first=first, **_where(request, stage))
    view = await _view(request, here, window)
    return here.render(
        "stock/queue_and_toast.html", view | {"said": said, "undo": undo, "stage": stage}
    )


def _where(request: Asked, stage: str) -> dict[str, UUID]:
    """Which page of the queue is before the person, by the address that htmx tells."""
    asked = dict(parse_qsl(urlsplit(request.headers.get("hx-current-url", "")).query))
    if asked.get("stage", "collect") != stage:
        return {}
    found = {}
    for name, word in (("after", "after"), ("chores_after", "chores")):
        with suppress(ValueError):
            found[name] = UUID(asked.get(word, ""))
    return found
