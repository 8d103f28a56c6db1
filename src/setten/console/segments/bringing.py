"""Bringing in a list: a file of identifiers becomes a segment; refused rows can be taken back."""

from __future__ import annotations

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath, FromQuery

from setten.console import guard
from setten.console.page import Asked, Page, page_of
from setten.console.run import tables
from setten.console.shell.sign_in import redirect
from setten.customers import segments
from setten.platform import auth, clock, db, errors
from setten.platform.auth import Right
from setten.platform.errors import SettenError

NAME_CHARS = 100


@get("/customers/segments/lists", right=Right.manage_segments)
async def lists_page(request: Asked, brought: FromQuery[int] = 0) -> Response[str]:
    """The lists there are, and the form for another one."""
    return await _page(request, brought=brought)


async def _page(
    request: Asked, *, brought: int = 0, problem: str = "", name: str = ""
) -> Response[str]:
    page = page_of(request)
    auth.require(page.who, Right.manage_segments)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await segments.lists.listed(conn)
        named = {one.name: one.segment_id for one in await segments.listed(conn)}
    view = {
        "lists": found,
        "segment_of": named,
        "brought": next((one for one in found if one.list_id == brought), None),
        "problem": problem,
        "name": name,
    }
    return page.render("segments/lists.html", view, status=422 if problem else 200)


@post("/customers/segments/lists", right=Right.manage_segments)
async def bring(request: Asked) -> Response[str]:
    """Read a file into a list."""
    page, deps, form = page_of(request), guard.deps_of(request), await request.form()
    name = str(form.get("name") or "").strip()[: NAME_CHARS + 1]
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return await _page(request, problem=page.words()("lists.no_file"), name=name)
    try:
        found = await segments.lists.bring(
            deps.pool, deps.vault, await file.read(), name=name,
            replaces=form.get("replaces") == "yes", actor=page.who, now=clock.now(),
        )  # fmt: skip
    except errors.Denied:
        raise
    except SettenError as refused:
        return await _page(request, problem=_why(refused, page), name=name)
    return redirect(f"/customers/segments/lists?brought={found.list.list_id}")


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
