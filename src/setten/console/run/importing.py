"""Files of other systems: tried first, then brought in, and what was refused taken away to mend.

Small files come here; `./setten import` takes those of any size, by the same verb.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from setten import imports
from setten.console import guard
from setten.console.page import HEADERS, Asked, Page, page_of
from setten.imports import KINDS, Known, Options, Summary
from setten.platform import audit, clock, db, errors, ids
from setten.platform.auth import Right
from setten.platform.errors import SettenError, Unavailable
from setten.platform.settings import Settings

RUNS_SHOWN = 50
ENCODINGS = ("auto", "utf-8", "cp932", "euc-jp", "utf-16")
FOLDER = "imports"
_one_at_a_time = asyncio.Lock()


class ImportBusy(Unavailable):
    """This process brings in another file at this moment."""

    code = "import_busy"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A run of the list. is_going: it moved within the last minute and has not ended."""

    run: Known
    kind: str
    is_going: bool


@get("/run/imports", right=Right.manage_sources)
async def imports_page(request: Asked) -> Response[str]:
    """What was brought in, and a form for more."""
    return await _page(request)


async def _page(
    request: Asked, *, wrong: str = "", kind: str = "", status: int = 200
) -> Response[str]:
    page, t = page_of(request), page_of(request).words()
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await imports.latest(conn, most=RUNS_SHOWN)
    rows = [
        Row(
            run=one,
            kind=t(f"imports.kind_{one.kind}") if t.has(f"imports.kind_{one.kind}") else one.kind,
            is_going=one.ended_at is None and (page.now - one.updated_at).total_seconds() < 60,
        )
        for one in found
    ]
    view = {"rows": rows, "kinds": tuple(KINDS), "encodings": ENCODINGS, "wrong": wrong,
            "kind": kind}  # fmt: skip
    return page.render("run/imports.html", view, status=status)


@post("/run/imports", status_code=200, right=Right.manage_sources)
async def try_out(request: Asked) -> Response[str]:
    """Read a file without changing anything, and tell what would come of it."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    kind, encoding = str(form.get("kind") or ""), str(form.get("encoding") or "auto")
    file = form.get("file")
    if kind not in KINDS or encoding not in ENCODINGS:
        return await _page(request, wrong=page.words()("imports.no_kind"), status=422)
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, wrong=page.words()("imports.no_file"), kind=kind, status=422)
    token, folder = ids.token(), _folder(request)
    content = await file.read()
    await asyncio.to_thread(
        imports.keep, deps.vault, folder, token, content, kind=kind, name=file.filename,
        encoding=encoding,
    )  # fmt: skip
    return await _run(request, token, is_dry=True)


@post("/run/imports/{token:str}", status_code=200, right=Right.manage_sources)
async def take_in(request: Asked, token: FromPath[str]) -> Response[str]:
    """Bring the tried file in."""
    return await _run(request, token, is_dry=False)


async def _run(request: Asked, token: str, *, is_dry: bool) -> Response[str]:
    page, deps, folder = page_of(request), guard.deps_of(request), _folder(request)
    if _one_at_a_time.locked():
        raise ImportBusy(retry_after_s=5)
    async with _one_at_a_time:
        with imports.staged(deps.vault, folder, token) as file:
            refused = file.path.with_name("refused.csv")
            options = Options(
                is_dry=is_dry, encoding=file.encoding, by=page.who.label,
                refused_file=None if is_dry else str(refused),
            )  # fmt: skip
            try:
                summary = await imports.bring(
                    deps.pool, deps.vault, KINDS[file.kind], file.path, options, clock=clock.now
                )
            except SettenError as cause:
                wrong = errors.say(cause.code, page.locale, cause.facts)
                return await _page(request, wrong=" ".join(wrong), kind=file.kind, status=422)
            if not is_dry:
                imports.keep_refused(deps.vault, folder, token, refused)
                async with db.transaction(deps.pool) as conn:
                    await audit.note(
                        conn, page.who, "import.done", at=clock.now(), subject=file.kind
                    )
            return _told(page, token, file.name, file.kind, summary)


def _told(page: Page, token: str, name: str, kind: str, summary: Summary) -> Response[str]:
    t = page.words()
    counts = ("rows", "new", "changed", "same", "left_out", "refused")
    view = {
        "token": token,
        "name": name,
        "kind": t(f"imports.kind_{kind}"),
        "is_dry": summary.is_dry,
        "summary": summary,
        "counts": [(t(f"imports.{one}"), getattr(summary, one)) for one in counts],
        "reasons": [(imports.say(reason, "", page.locale), n) for reason, n in
                    sorted(summary.reasons.items(), key=lambda one: -one[1])],
        "shown": [(one.row, imports.say(one.reason, one.field, page.locale))
                  for one in summary.shown],
        "mapping": [(ours, " + ".join(theirs)) for ours, theirs in summary.mapping.items()],
        "is_useful": summary.new + summary.changed > 0,
    }  # fmt: skip
    return page.render("run/import.html", view)


@get("/run/imports/{token:str}/refused.csv", right=Right.mend_data)
async def take_refused(request: Asked, token: FromPath[str]) -> Response[bytes]:
    """The rows that were refused, as they came, with the reason. It goes on record."""
    page, deps = page_of(request), guard.deps_of(request)
    content = imports.refused_rows(deps.vault, _folder(request), token)
    async with db.transaction(deps.pool) as conn:
        await audit.note(conn, page.who, "import.refused_taken", at=page.now, subject="import")
    name = 'attachment; filename="refused.csv"'
    return Response(
        content, media_type="text/csv", headers={**HEADERS, "Content-Disposition": name}
    )


def _folder(request: Asked) -> Path:
    return cast(Settings, guard.deps_of(request).settings).data_dir / FOLDER
