"""Bringing in a list: a file of identifiers becomes a segment; refused rows can be taken back."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import suppress
from typing import IO, BinaryIO, cast

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from setten.console import guard, lists
from setten.console.page import Asked, Page, page_of
from setten.console.run import tables
from setten.console.segments.listed import BROUGHT
from setten.console.shell.sign_in import redirect
from setten.customers import segments
from setten.customers.segments.lists import Begun, Reading
from setten.platform import auth, clock, db, errors
from setten.platform.auth import Actor, Right
from setten.platform.errors import SettenError, Unavailable

NAME_CHARS = 100
# The file, its name and the rest of the form.
FORM_BYTES_MAX = 66 * 1024 * 1024
# A file of some thousand rows is read while one waits; a longer one behind the page.
WAITED_BYTES_MAX = 256 * 1024
# Of one process: each holds a file on the disk and works the vault.
READINGS_MAX = 2
_PIECE_BYTES = 1024 * 1024


class TooManyReadings(Unavailable):
    """As many lists are being read as may be; the next has to wait."""

    code = "lists_being_read"


class BeingRead(msgspec.Struct, frozen=True):
    """A list that is being read, or why it could not be."""

    reading: Reading
    problem: str


@get("/customers/segments/lists", right=Right.manage_segments)
async def lists_page(request: Asked, brought: FromQuery[int] = 0) -> Response[str]:
    """The lists there are, and the form for another one."""
    return await _page(request, brought=brought)


async def _page(
    request: Asked, *, brought: int = 0, problem: str = "", name: str = ""
) -> Response[str]:
    look = lists.look(BROUGHT, request)
    page = look.page
    auth.require(page.who, Right.manage_segments)
    async with guard.deps_of(request).pool.acquire() as conn:
        part = await lists.part(conn, look)
        told = await segments.lists.listed(conn) if brought else ()
        reading = await segments.lists.being_read(conn, now=page.now)
        named = {one.name: one.segment_id for one in await segments.listed(conn)}
    view = {
        "list": part,
        "reading": [BeingRead(one, _problem(one, page)) for one in reading],
        "is_reading": any(not one.code for one in reading),
        "segment_of": named,
        "brought": next((one for one in told if one.list_id == brought), None),
        "problem": problem,
        "name": name,
    }
    return page.render("segments/lists.html", view, status=422 if problem else 200)


@get("/customers/segments/lists/reading", right=Right.manage_segments)
async def reading_part(request: Asked) -> Response[str]:
    """How far the lists are that are being read; asked again and again while one is."""
    page = page_of(request)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await segments.lists.being_read(conn, now=page.now)
    view = {
        "reading": [BeingRead(one, _problem(one, page)) for one in found],
        "is_reading": any(not one.code for one in found),
    }
    answer = page.render("segments/reading.html", view)
    if not view["is_reading"]:
        answer.headers["HX-Refresh"] = "true"  # what is done stands in the list below
    return answer


def _problem(one: Reading, page: Page) -> str:
    if one.code == segments.lists.ENDED:
        return page.words()("lists.ended")
    return errors.say(one.code, page.locale, one.facts)[1] if one.code else ""


@post(
    "/customers/segments/lists", right=Right.manage_segments, request_max_body_size=FORM_BYTES_MAX
)
async def bring(request: Asked) -> Response[str]:
    """Read a file into a list."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    name = str(form.get("name") or "").strip()[: NAME_CHARS + 1]
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, problem=page.words()("lists.no_file"), name=name)
    kept, size = await _kept(file)
    try:
        if size > WAITED_BYTES_MAX and len(_readings(request)) >= READINGS_MAX:
            raise TooManyReadings()
        begun = await segments.lists.begin(
            deps.pool, kept, name=name, replaces=form.get("replaces") == "yes",
            actor=page.who, now=clock.now(),
        )  # fmt: skip
        if size > WAITED_BYTES_MAX:
            _read_behind(request, begun, kept, page.who)
            return redirect("/customers/segments/lists")
        found = await segments.lists.finish(
            deps.pool, deps.vault, begun, actor=page.who, now=clock.now()
        )
    except errors.Denied:
        raise
    except SettenError as refused:
        return await _page(request, problem=_why(refused, page), name=name)
    return redirect(f"/customers/segments/lists?brought={found.list.list_id}")


async def _kept(file: UploadFile) -> tuple[BinaryIO, int]:
    """The file in a place of our own, without a name: the form's is gone with the request."""
    kept: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - the reading closes it
    await file.seek(0)
    await asyncio.to_thread(shutil.copyfileobj, file.file, kept, _PIECE_BYTES)
    return cast(BinaryIO, kept), kept.tell()


def _readings(request: Asked) -> set[asyncio.Task[None]]:
    """What this process reads behind its pages."""
    state = request.app.state
    if "list_readings" not in state:
        state.list_readings = set()
    found: set[asyncio.Task[None]] = state.list_readings
    return found


def _read_behind(request: Asked, begun: Begun, file: BinaryIO, who: Actor) -> None:
    """Read a list after its page was answered."""
    readings = _readings(request)
    task = asyncio.create_task(_finish(guard.deps_of(request), begun, file, who))
    readings.add(task)
    task.add_done_callback(readings.discard)


async def _finish(deps: guard.Deps, begun: Begun, file: BinaryIO, who: Actor) -> None:
    with file, suppress(SettenError):  # the list keeps why, for the page
        await segments.lists.finish(deps.pool, deps.vault, begun, actor=who, now=clock.now())


def _why(refused: SettenError, page: Page) -> str:
    return errors.say(refused.code, page.locale, dict(refused.facts))[1]


@get("/customers/segments/lists/{list_id:int}/refused.csv", right=Right.manage_segments)
async def take_refused(request: Asked, list_id: FromPath[int]) -> Response[str]:
    """The rows that could not be used, as they came, with the reason. It goes on record."""
    page, deps = page_of(request), guard.deps_of(request)
    t = page.words()
    async with db.transaction(deps.pool) as conn:
        columns, rows = await segments.lists.refused_rows(
            conn, deps.vault, list_id, actor=page.who, now=page.now
        )
    head = [t("lists.line"), t("lists.reason"), *columns]
    cells = ([one.line, t(f"lists.reason_{one.reason}"), *one.cells] for one in rows)
    return tables.as_csv(f"refused-{list_id}", head, cells)
