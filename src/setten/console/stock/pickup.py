"""The pickup queue of a place: pick, say what is missing, hand over by code."""

from __future__ import annotations

from uuid import UUID

from litestar import Response, get, post
from litestar.response import ServerSentEvent

from setten.console import guard, live, places
from setten.console.customers import people
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.shell.sign_in import redirect
from setten.console.stock import queue
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.stock import holds, locations, tasks
from setten.stock.holds import Hold

CODE_MAX = 20


@get("/stock/pickup", include_in_schema=False)
async def pickup(request: Asked, at: str = "", stage: str = "collect") -> Response[str]:
    """The queue of a place at one stage; without a place, the places to choose from."""
    page = page_of(request)
    auth.require(page.who, Right.hand_over)
    at = at or page.shop or ""
    if not at:
        return await _choose(request, page)
    return page.render("stock/pickup.html", await _view(request, page, at, _stage(stage)))


def _stage(said: str) -> str:
    return said if said in queue.STAGES else "collect"


async def _choose(request: Asked, page: Page) -> Response[str]:
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await locations.list_all(conn)
    shops = [(p.location_id, places.name_of(p, page.locale)) for p in every if p.kind == "shop"]
    return page.render("stock/pickup_choose.html", {"shops": shops})


async def _view(request: Asked, page: Page, at: str, stage: str) -> dict[str, object]:
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        names = await named(request, conn, page.locale)
        found = await queue.read(conn, deps.vault, page, names, at, stage)
        seen = {one.person.customer_id: one.person for one in found.tickets if one.person}
        await people.note(conn, page.who, list(seen.values()), action="queue.viewed", now=page.now)
        place = names.find(at)
    opens_at, closes_at = place.opening(page.now) if place else (None, None)
    return {
        "queue": found,
        "at": at,
        "at_name": names(at),
        "is_mine": page.who.may_at(at),
        "first": None,
        "opens_at": opens_at,
        "closes_at": closes_at,
    }


@get("/stock/pickup/live", include_in_schema=False)
async def pickup_live(
    request: Asked, at: str, stage: str = "collect", version: str = ""
) -> ServerSentEvent:
    """The queue again, whenever it differs from `version`, the one the page was drawn with."""
    page, deps = page_of(request), guard.deps_of(request)
    auth.require(page.who, Right.hand_over)
    at_stage = _stage(stage)
    drawn = {"version": version}

    async def ask() -> list[tuple[str, str]]:
        here = guard.at_this_moment(page)
        async with deps.pool.acquire() as conn:
            stamp = await queue.version(conn, here, at, at_stage)
        if stamp == drawn["version"]:
            return []
        drawn["version"] = stamp
        return [("queue", here.text("stock/queue.html", await _view(request, here, at, at_stage)))]

    return live.line(request, ask)


@post("/stock/holds/{hold_id:uuid}/picks", include_in_schema=False)
async def pick(request: Asked, hold_id: UUID) -> Response[str]:
    """One line is in the bag, or all of them; with the last one the hold is ready."""
    page, form = page_of(request), await request.form()
    sku, place = str(form.get("sku") or ""), str(form.get("location_id") or "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_move(conn, page, hold_id)
        lines = [(sku, place)] if sku else None
        hold = await holds.pick(conn, hold_id, now=clock.now(), lines=lines)
        await _note(conn, page, "hold.picked", hold)
    said = page.words()("pickup.picked", code=hold.code) if hold.state == "ready" else ""
    return await _again(request, page, hold, said)


@post("/stock/holds/{hold_id:uuid}/shortage", include_in_schema=False)
async def shortage(request: Asked, hold_id: UUID) -> Response[str]:
    """A line is not on the shelf: it becomes short, and its customer gets an alternative."""
    page, form = page_of(request), await request.form()
    sku, place = str(form.get("sku") or ""), str(form.get("location_id") or "")
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_move(conn, page, hold_id)
        hold = await holds.not_on_shelf(conn, hold_id, sku=sku, location_id=place, now=clock.now())
        await _note(conn, page, "hold.shortened", hold)
    return await _again(request, page, hold, page.words()("pickup.short", code=hold.code))


@post("/stock/holds/{hold_id:uuid}/collection", include_in_schema=False)
async def collection(request: Asked, hold_id: UUID) -> Response[str]:
    """Hand over; whoever presses has the customer and her code before them."""
    page = page_of(request)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await _may_move(conn, page, hold_id)
        hold = await _hand_over(conn, page, hold_id)
    return await _again(request, page, hold, page.words()("pickup.handed", code=hold.code))


async def _hand_over(conn: Connection, page: Page, hold_id: UUID) -> Hold:
    now = clock.now()
    await holds.pick(conn, hold_id, now=now)
    ended = await holds.collect(conn, hold_id, by=page.who.label, now=now)
    await _note(conn, page, "hold.collected", ended.hold)
    return ended.hold


@post("/stock/pickup/code", include_in_schema=False)
async def by_code(request: Asked) -> Response[str]:
    """A code typed or scanned: handed over when it is ready, else shown to be picked first."""
    page, form = page_of(request), await request.form()
    at, code = str(form.get("at") or ""), str(form.get("code") or "").strip()[:CODE_MAX]
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        auth.require(page.who, Right.hand_over)
        found = await holds.find_by_code(conn, code, now=now, location_id=at)
        if not found:
            raise holds.WrongCode()
        await _may_move(conn, page, found[0].hold_id)
        hold = found[0]
        if is_ready := hold.state == "ready":
            hold = await _hand_over(conn, page, hold.hold_id)
    if is_ready:
        return await _again(request, page, hold, page.words()("pickup.handed", code=hold.code))
    said = page.words()("pickup.not_picked", code=hold.code)
    return await _queue_again(request, page, at, "collect", said, first=hold.hold_id)


@post("/stock/tasks/{task_id:uuid}/completion", include_in_schema=False)
async def finish_task(request: Asked, task_id: UUID) -> Response[str]:
    """Somebody has seen to it."""
    page = page_of(request)
    auth.require(page.who, Right.hand_over)
    async with db.transaction(guard.deps_of(request).pool) as conn:
        task = await tasks.finish(conn, task_id, by=page.who.label, now=clock.now())
        auth.require_location(page.who, task.location_id)
        await audit.note(conn, page.who, "task.finished", at=clock.now(), subject=str(task_id))
    said = page.words()("pickup.task_ended")
    return await _queue_again(request, page, task.location_id, "collect", said)


async def _may_move(conn: Connection, page: Page, hold_id: UUID) -> None:
    """Raises NoRight unless this person may hand over at the hold's own place."""
    auth.require(page.who, Right.hand_over)
    hold = await holds.get(conn, hold_id, now=clock.now())
    auth.require_location(page.who, hold.location_id)


async def _note(conn: Connection, page: Page, action: str, hold: Hold) -> None:
    await audit.note(conn, page.who, action, at=clock.now(), subject=str(hold.hold_id))


async def _again(request: Asked, page: Page, hold: Hold, said: str) -> Response[str]:
    """The queue where the page stands, after something was done to one of its holds."""
    form = await request.form()
    stage = _stage(str(form.get("stage") or "collect"))
    return await _queue_again(request, page, hold.location_id, stage, said)


async def _queue_again(
    request: Asked, page: Page, at: str, stage: str, said: str, *, first: UUID | None = None
) -> Response[str]:
    if not page.is_partial:
        return redirect(f"/stock/pickup?at={at}&stage={stage}")
    here = guard.at_this_moment(page)
    view = await _view(request, here, at, stage)
    return here.render("stock/queue_and_toast.html", view | {"said": said, "first": first})
