"""The data page: sources, newest events, dead letters."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent

from setten.console import guard, lists, live
from setten.console.lists import Look
from setten.console.page import Asked, Page, page_of
from setten.console.run import view
from setten.console.run.listed_data import EVENTS, LETTERS, SOURCES, SourceFilter
from setten.console.run.view import SourceRow
from setten.console.shell.sign_in import redirect
from setten.customers import ingest
from setten.platform import audit, clock, db, ids, log
from setten.platform.auth import Right
from setten.platform.db import Connection
from setten.platform.errors import Invalid, NotFound

SOURCE_CHANNELS = ("web", "app", "store", "line", "mail", "chat", "phone", "ads", "social")
ID_MAX = 2**31 - 1  # of a source; letters are far from it too


@get("/run/data", right=Right.read_data)
async def data(
    request: Asked, said: FromQuery[str] = "", source: FromQuery[int] = 0
) -> Response[str]:
    """The whole page; `source` opens one sender's key and tag."""
    look = lists.look(SOURCES, request)
    return look.page.render("run/data.html", await _view(request, look, said, source))


async def _view(
    request: Asked, look: Look[SourceFilter, SourceRow], said: str, source: int
) -> dict[str, object]:
    deps, page = guard.deps_of(request), look.page
    async with deps.pool.acquire() as conn:
        drawn = await _version(conn)  # before the rest: what comes meanwhile is told by the line
        sources = await view.source_rows(conn, page)
        part = await lists.part(conn, look)
        names = view.names_of(sources, page.words())
        events = await view.event_rows(conn, page, names)
        letters = await view.letter_rows(conn, page, names)
        count = await ingest.letters.count(conn)
    may_manage = page.who.may(Right.manage_sources)
    chosen = next((s for s in sources if s.source.source_id == source), None)
    others = [one for one in part.rows if chosen is None or one.source != chosen.source]
    return {
        "list": part,
        "sources": [chosen, *others] if chosen is not None else others,
        "source_count": len(sources),
        "events": events,
        "letters": letters,
        "letter_count": count,
        "version": drawn,
        "may_manage": may_manage,
        "may_mend": page.who.may(Right.mend_data),
        "channels": SOURCE_CHANNELS,
        "chosen": chosen,
        "said": said if said in ("made", "rotated", "revoked_now") else "",
        "base_url": str(deps.settings.base_url),
    }


async def _version(conn: Connection) -> str:
    """Another one as soon as an event or a dead letter has come, or a letter is gone."""
    newest = await log.latest(conn, most=1)
    return f"{newest[0].position if newest else 0}-{await ingest.letters.count(conn)}"


@get(EVENTS.path, right=Right.read_data)
async def events_page(request: Asked) -> Response[str]:
    """What arrived, page by page: the newest, or those of a day."""
    look = lists.look(EVENTS, request)
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        names = view.names_of(await view.source_rows(conn, look.page), look.page.words())
    rows = [view.event_row(one.row, look.page, names) for one in part.rows]
    return look.page.render("run/events_all.html", {"list": part, "events": rows})


@get(LETTERS.path, right=Right.read_data)
async def letters_page(request: Asked) -> Response[str]:
    """Dead letters, page by page: those that wait, those that ended, of all senders or of one."""
    look = lists.look(LETTERS, request)
    page = look.page
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        names = view.names_of(await view.source_rows(conn, page), page.words())
    shown = {"list": part, "senders": names, "may_mend": page.who.may(Right.mend_data)}
    return page.render("run/letters_all.html", shown)


@get("/run/data/live", right=Right.read_data)
async def data_live(request: Asked, version: FromQuery[str] = "") -> ServerSentEvent:
    """New events and dead letters, whenever they differ from `version`, what the page was drawn
    with."""
    page, deps = page_of(request), guard.deps_of(request)
    drawn = {"version": version}

    async def ask() -> list[tuple[str, str]]:
        here = guard.at_this_moment(page)
        async with deps.pool.acquire() as conn:
            now = await _version(conn)
            if now == drawn["version"]:
                return []
            drawn["version"] = now
            names = view.names_of(await view.source_rows(conn, here), here.words())
            shown = {
                "events": await view.event_rows(conn, here, names),
                "letters": await view.letter_rows(conn, here, names),
                "letter_count": await ingest.letters.count(conn),
                "may_mend": here.who.may(Right.mend_data),
            }
        return [
            ("events", here.text("run/events.html", shown)),
            ("letters", here.text("run/letters.html", shown)),
        ]

    return live.line(request, ask)


@post("/run/data/sources", right=Right.manage_sources)
async def make_source(request: Asked) -> Response[str]:
    """A new sender with its first key."""
    page, form = page_of(request), await request.form()
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        made = await ingest.sources.create(
            conn,
            name=str(form.get("name") or "").strip(),
            channel=str(form.get("channel") or ""),
            system=str(form.get("system") or "").strip() or None,
            is_record=form.get("is_record") == "on",
            origins=str(form.get("origins") or "").split(),
            write_key=ids.token(),
            now=now,
        )
        await audit.note(conn, page.who, "source.made", at=now, subject=str(made.source_id))
    return redirect(f"/run/data?said=made&source={made.source_id}")


@post("/run/data/sources/{source_id:int}/keys", right=Right.manage_sources)
async def rotate(request: Asked, source_id: FromPath[int]) -> Response[str]:
    """A new key; the old one works for a day more."""
    page = page_of(request)
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await ingest.sources.rotate(conn, _kept(source_id), write_key=ids.token(), now=now)
        await audit.note(conn, page.who, "source.rotated", at=now, subject=str(source_id))
    return redirect(f"/run/data?said=rotated&source={source_id}")


@post("/run/data/sources/{source_id:int}/revocation", right=Right.manage_sources)
async def revoke(request: Asked, source_id: FromPath[int]) -> Response[str]:
    """Close a sender."""
    page = page_of(request)
    now = clock.now()
    async with db.transaction(guard.deps_of(request).pool) as conn:
        await ingest.sources.revoke(conn, _kept(source_id), now=now)
        await audit.note(conn, page.who, "source.revoked", at=now, subject=str(source_id))
    return redirect("/run/data?said=revoked_now")


def _kept(said: int) -> int:
    """A number that a row can have. Raises NotFound."""
    if said > ID_MAX:
        raise NotFound()
    return said


@get("/run/data/letters/{letter_id:int}", right=Right.mend_data)
async def letter(request: Asked, letter_id: FromPath[int]) -> Response[str]:
    """A dead letter as it came, in a form that mends it. Opening goes on record."""
    page = page_of(request)
    return await _letter(request, page, letter_id, problem="", raw=None)


async def _letter(
    request: Asked, page: Page, letter_id: int, *, problem: str, raw: str | None
) -> Response[str]:
    deps = guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        found, came = await ingest.letters.open_(
            conn, deps.vault, _kept(letter_id), actor=page.who, now=clock.now()
        )
        names = view.names_of(await view.source_rows(conn, page), page.words())
    shown = {
        "row": view.letter_row(found, page, names),
        "raw": came if raw is None else raw,
        "problem": problem,
    }
    return page.render("run/letter.html", shown, status=409 if problem else 200)


@post("/run/data/letters/{letter_id:int}/replay", right=Right.mend_data)
async def replay(request: Asked, letter_id: FromPath[int]) -> Response[str]:
    """Take it in again, mended."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    mended = str(form.get("event") or "")
    if not mended.strip():
        raise Invalid(errors="event")
    try:
        async with db.transaction(deps.pool) as conn:
            await ingest.letters.replay(
                conn, deps.vault, _kept(letter_id), actor=page.who, now=clock.now(), mended=mended
            )
    except ingest.StillBad as refused:
        t = page.words()
        why = view.reason_of(str(refused.facts.get("reason")), t)
        problem = t("letters.still_bad", reason=why)
        return await _letter(request, page, letter_id, problem=problem, raw=mended)
    return redirect("/run/data/letters")


@post("/run/data/letters/{letter_id:int}/discard", right=Right.mend_data)
async def discard(request: Asked, letter_id: FromPath[int]) -> Response[str]:
    """Throw its content away; that it was there stays."""
    page, deps = page_of(request), guard.deps_of(request)
    async with db.transaction(deps.pool) as conn:
        await ingest.letters.discard(
            conn, deps.vault, _kept(letter_id), actor=page.who, now=clock.now()
        )
    return redirect("/run/data/letters")
