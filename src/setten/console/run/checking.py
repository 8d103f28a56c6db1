"""The check-up as a page: what `./setten doctor` says, seen from within."""

from __future__ import annotations

from typing import cast

from litestar import Response, get

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.operations import checkup
from setten.operations.checkup import Check
from setten.platform.auth import Right
from setten.platform.settings import Settings

ORDER = {"bad": 0, "look": 1, "fine": 2}
LINKS = {
    "dead letters": "/run/data/letters",
    "set aside": "/run/data",
    "silent sources": "/run/data#sources",
    "quiet sources": "/run/data#sources",
    "admins": "/run/staff",
}
"""Where a check is mended by hand."""


@get("/run/doctor", right=Right.manage_sources)
async def doctor(request: Asked) -> Response[str]:
    """Every check that can be made from here, what is wrong first."""
    page, deps = page_of(request), guard.deps_of(request)
    settings = cast(Settings, deps.settings)
    async with deps.pool.acquire() as conn:
        found = [checkup.disk(settings), *await checkup.version(conn)]
        found += await checkup.inside(conn, settings, now=page.now)
    rows = [_row(one, page.locale) for one in sorted(found, key=lambda one: ORDER[one.state])]
    view = {"rows": rows, "wrong": sum(one.state != "fine" for one in found)}
    return page.render("run/doctor.html", view)


def _row(check: Check, locale: str) -> dict[str, str]:
    return {
        "state": check.state,
        "title": checkup.title(check.name, locale),
        "found": checkup.shown(check, locale),
        "mend": checkup.mend(check, locale),
        "href": LINKS.get(check.name, "") if check.state != "fine" else "",
    }
