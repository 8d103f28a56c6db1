"""Files of other systems: looked at, tried, brought in, and what was refused taken away to mend.

A page only asks; the runs go on behind it (`imports.errands`) and tell how far they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import BinaryIO, cast
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, Stream

from setten import imports
from setten.console import guard, lists, live
from setten.console.page import HEADERS, Asked, page_of
from setten.console.run import import_view
from setten.console.run.listed_data import RUNS
from setten.console.shell.sign_in import redirect
from setten.imports import KINDS, Known, choosing, desk
from setten.imports.desk import Arrival, Choice, Sent
from setten.imports.letters import ENCODINGS
from setten.platform import audit, clock, db, errors, ids
from setten.platform.auth import Right
from setten.platform.db.disk import MEBIBYTE, Disk, DiskLow
from setten.platform.errors import SettenError
from setten.platform.settings import Settings

FORM_BYTES = 1 << 20
"""What stands around a file in a form."""
COPIES = 3
"""Of a file on the disk at most: as it came, sealed, and open while it is read."""
HERE = "/run/imports"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the list. is_going: it moved within the last minute and has not ended."""

    run: Known
    kind: str
    is_going: bool


@get(HERE, right=Right.manage_sources)
async def imports_page(request: Asked, kind: FromQuery[str] = "") -> Response[str]:
    """What was brought in, what waits, and a form for more. kind: of the file one comes with."""
    return await _page(request, kind=kind if kind in KINDS else "")


async def _page(
    request: Asked, *, wrong: str = "", kind: str = "", status: int = 200
) -> Response[str]:
    look, deps = lists.look(RUNS, request), guard.deps_of(request)
    page = look.page
    async with deps.pool.acquire() as conn:
        part = await lists.part(conn, look)
        sent = await desk.newest(conn, deps.vault)
    rows = [
        Row(
            run=one,
            kind=import_view.kind_word(one.kind, page.words()),
            is_going=one.ended_at is None and (page.now - one.updated_at).total_seconds() < 60,
        )
        for one in part.rows
    ]
    view = {
        "list": part,
        "rows": rows,
        "sent": [import_view.line(one, page.words()) for one in sent],
        "kinds": tuple(KINDS),
        "encodings": ENCODINGS,
        "wrong": wrong,
        "kind": kind,
        "mb": desk.FILE_BYTES_MAX // MEBIBYTE,
    }
    return page.render("run/imports.html", view, status=status)


@post(
    HERE,
    right=Right.manage_sources,
    request_max_body_size=desk.FILE_BYTES_MAX + FORM_BYTES,
)
async def send(request: Asked) -> Response[str]:
    """Keep a file, look at its headings, and have it tried: nothing changes yet."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    kind, encoding = str(form.get("kind") or ""), str(form.get("encoding") or "auto")
    file, t = form.get("file"), page.words()
    if kind not in KINDS or encoding not in ENCODINGS:
        return await _page(request, wrong=t("imports.no_kind"), status=422)
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, wrong=t("imports.no_file"), kind=kind, status=422)
    arrival = Arrival(kind=kind, name=file.filename, encoding=encoding,
                      system=str(form.get("system") or "").replace("\x00", ""))  # fmt: skip
    file_id, source = ids.uuid7(), cast(BinaryIO, file.file)
    try:
        await asyncio.to_thread(_check_room, request, source)
        kept = await asyncio.to_thread(
            desk.keep, deps.vault, _folder(request), source, arrival, file_id=file_id
        )
    except DiskLow:
        raise
    except SettenError as cause:
        wrong = " ".join(errors.say(cause.code, page.locale, cause.facts))
        return await _page(request, wrong=wrong, kind=kind, status=422)
    async with db.transaction(deps.pool) as conn:
        now = clock.now()
        await desk.send(conn, deps.vault, kept, sender=page.who.label, timezone=page.zone, now=now)
        await audit.note(conn, page.who, "import.sent", at=now, subject=str(file_id), reason=kind)
    return redirect(f"{HERE}/{file_id}")


def _check_room(request: Asked, source: BinaryIO) -> None:
    """Raises DiskLow where the file and its copies would bring the disk below the mark."""
    source.seek(0, 2)
    need_mb = COPIES * source.tell() // MEBIBYTE
    source.seek(0)
    disk = Disk(cast(Settings, guard.deps_of(request).settings).data_dir)
    if disk.free_mb() - need_mb < disk.low_water_mb():
        raise DiskLow(free_mb=disk.free_mb(), retry_after_s=30)


@get(HERE + "/{file_id:uuid}", right=Right.manage_sources)
async def file_page(request: Asked, file_id: FromPath[UUID]) -> Response[str]:
    """Where a file stands: what would come of it, what came of it, how it is read."""
    page = page_of(request)
    return page.render("run/import.html", import_view.whole(await _get(request, file_id), page))


async def _get(request: Asked, file_id: UUID) -> Sent:
    deps = guard.deps_of(request)
    async with deps.pool.acquire() as conn:
        return await desk.get(conn, deps.vault, file_id)


@get(HERE + "/{file_id:uuid}/live", right=Right.manage_sources)
async def file_live(request: Asked, file_id: FromPath[UUID]) -> ServerSentEvent:
    """The same while it moves."""
    page = page_of(request)
    last: list[object] = [None]

    async def ask() -> list[tuple[str, str]]:
        sent = await _get(request, file_id)
        mark = (sent.state, sent.rows_done, sent.bytes_done, sent.wants_stop, sent.moved_at)
        was, last[0] = last[0], mark
        if was == mark:
            return []
        here = guard.at_this_moment(page)
        return [("file", here.text("run/import_body.html", import_view.whole(sent, here)))]

    return live.line(request, ask)


@post(HERE + "/{file_id:uuid}/reading", right=Right.manage_sources)
async def read_otherwise(request: Asked, file_id: FromPath[UUID]) -> Response[str]:
    """Read its columns as chosen, and try it so."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    sent = await _get(request, file_id)
    fields = _chosen(sent, [str(form.get(f"c{n}") or "") for n in range(len(sent.about.columns))])
    dates = str(form.get("dates") or sent.about.mapping.dates)
    choice = Choice(
        fields=fields,
        encoding=str(form.get("encoding") or "auto"),
        dates=dates if dates in import_view.DATES else sent.about.mapping.dates,
        moments=_zone_chosen(sent, form.get("moments")),
        moves_stock=form.get("moves_stock") == "yes",
        creates_places=form.get("creates_places") == "yes",
        again=form.get("again") == "yes",
    )
    async with db.transaction(deps.pool) as conn:
        await desk.choose(
            conn, deps.vault, _folder(request), sent, choice, timezone=page.zone, now=clock.now()
        )
    return redirect(f"{HERE}/{file_id}")


def _zone_chosen(sent: Sent, said: object) -> str | None:
    """The zone of moments as chosen; as it was where nothing of it was said."""
    if said == "":
        return None
    return import_view.UTC if said == import_view.UTC else sent.about.mapping.moments


def _chosen(sent: Sent, said: Sequence[str]) -> list[str]:
    kind = KINDS[sent.kind]
    known = {field.name for field in kind.fields} | ({choosing.OWN} if kind.keeps_more else set())
    return [one if one in known else "" for one in said]


@post(HERE + "/{file_id:uuid}", right=Right.manage_sources)
async def take_in(request: Asked, file_id: FromPath[UUID]) -> Response[str]:
    """Have the tried file brought in, behind the pages; one that was stopped goes on."""
    page, deps, now = page_of(request), guard.deps_of(request), clock.now()
    sent = await _get(request, file_id)
    async with db.transaction(deps.pool) as conn:
        if await desk.take(conn, file_id, now=now):
            await audit.note(
                conn, page.who, "import.begun", at=now, subject=str(file_id), reason=sent.kind
            )
    return redirect(f"{HERE}/{file_id}")


@post(HERE + "/{file_id:uuid}/stop", right=Right.manage_sources)
async def stop(request: Asked, file_id: FromPath[UUID]) -> Response[str]:
    """End the run; what was brought in stays."""
    page, deps = page_of(request), guard.deps_of(request)
    sent = await _get(request, file_id)
    async with db.transaction(deps.pool) as conn:
        if await desk.stop(conn, file_id):
            await audit.note(
                conn, page.who, "import.stopped", at=clock.now(), subject=str(file_id),
                reason=sent.kind,
            )  # fmt: skip
    return redirect(f"{HERE}/{file_id}")


@post(HERE + "/{file_id:uuid}/away", right=Right.manage_sources)
async def throw_away(request: Asked, file_id: FromPath[UUID]) -> Response[str]:
    """Forget the file and its refused rows."""
    page, deps = page_of(request), guard.deps_of(request)
    sent = await _get(request, file_id)
    async with db.transaction(deps.pool) as conn:
        await desk.throw_away(conn, _folder(request), file_id)
        await audit.note(
            conn, page.who, "import.dropped", at=clock.now(), subject=str(file_id),
            reason=sent.kind,
        )  # fmt: skip
    return redirect(HERE)


@get(HERE + "/{file_id:uuid}/refused.csv", right=Right.mend_data)
async def take_refused(request: Asked, file_id: FromPath[UUID]) -> Stream:
    """The rows that were refused, as they came, with the reason. It goes on record."""
    page, deps = page_of(request), guard.deps_of(request)
    sent = await _get(request, file_id)
    if sent.outcome is None or not sent.outcome.has_refused:
        raise imports.StagedGone()
    async with db.transaction(deps.pool) as conn:
        await audit.note(
            conn, page.who, "import.refused_taken", at=page.now, subject=str(file_id),
            reason=sent.kind,
        )  # fmt: skip
    pieces = desk.refused_rows(deps.vault, _folder(request), file_id)
    first = await asyncio.to_thread(next, pieces, b"")  # gone, it says so before the answer begins
    name = f'attachment; filename="refused{import_view.refused_ending(sent)}"'
    return Stream(
        chain((first,), pieces),
        media_type="text/csv",
        headers={**HEADERS, "Content-Disposition": name},
    )


def _folder(request: Asked) -> Path:
    return cast(Settings, guard.deps_of(request).settings).data_dir / desk.FOLDER
