"""What the business decides of itself, the installation's settings, and where the rest is decided.

The former is changed here and holds at once; the latter is fixed when the product starts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get, post

from setten.console import guard, places
from setten.console.page import Asked, Page, page_of
from setten.console.shell.sign_in import redirect
from setten.platform import audit, auth, business, clock, db
from setten.platform.auth import Right
from setten.platform.business import BadChoice, Change, Choices
from setten.platform.settings import SETTINGS, Settings

ELSEWHERE: tuple[tuple[str, str, Right], ...] = (
    ("nav.staff", "/run/staff", Right.manage_staff),
    ("nav.api_keys", "/run/keys", Right.manage_staff),
    ("data.sources", "/run/data#sources", Right.manage_sources),
    ("nav.rules", "/run/identity", Right.manage_identity),
    ("nav.stages", "/customers/stages", Right.manage_stages),
    ("house.title", "/stock/rules", Right.read_stock),
    ("nav.set_up", "/stock/places", Right.read_stock),
)
"""What is decided on pages of its own, and kept in the database."""


class Row(msgspec.Struct, frozen=True):
    """One setting. origin: --flag, SETTEN_*, setten.toml or default."""

    name: str
    variable: str
    value: str
    origin: str


@get("/run/settings", right=Right.manage_sources)
async def installation(request: Asked) -> Response[str]:
    """All settings; no key and no password among them."""
    async with guard.deps_of(request).pool.acquire() as conn:
        choices = await business.read(conn)
    return await _page(request, choices, choices)


async def _page(
    request: Asked, choices: Choices, seen: Choices, *, wrong: str = "", status: int = 200
) -> Response[str]:
    page = page_of(request)
    settings = cast(Settings, guard.deps_of(request).settings)
    async with guard.deps_of(request).pool.acquire() as conn:
        history = await business.changes(conn)
        staff = {f"staff:{one.staff_id}": one.name for one in await auth.list_staff(conn)}
    rows = [
        Row(one.name, one.variable, _shown(one.name, settings), settings.origins.get(one.name, ""))
        for one in SETTINGS
    ]
    origin = settings.origins.get("locale", "default")
    view = {
        "rows": rows,
        "ways": [(word, href) for word, href, right in ELSEWHERE if page.who.may(right)],
        "choices": choices,
        "seen": seen,
        "locale_fixed_by": "" if origin == "default" else origin,
        "fallback": settings.locale,
        "name_max": business.NAME_MAX,
        "may_choose": page.who.may(Right.manage_staff),
        "wrong": wrong,
        "history": [_told(one, staff, page) for one in history],
    }
    return page.render("run/settings.html", view, status=status)


def _told(one: Change, staff: Mapping[str, str], page: Page) -> tuple[str, str, str]:
    """A change in words: what it was and is, who, when."""
    t = page.words()
    was, is_now = (_said(one.name, value, page) for value in (one.was, one.is_now))
    words = t("installed.changed", what=t(f"installed.choice_{one.name}"), was=was, is_now=is_now)
    return words, staff.get(one.actor, one.actor), page.shown().table(one.at)


def _said(name: str, value: str, page: Page) -> str:
    if not value:
        return "—"
    return page.words()(f"installed.language_{value}") if name == "locale" else value


@post("/run/settings", right=Right.manage_staff)
async def keep(request: Asked) -> Response[str]:
    """Change what the business decides of itself; every process knows within a second."""
    page, form, now = page_of(request), await request.form(), clock.now()
    settings = cast(Settings, guard.deps_of(request).settings)
    seen = Choices(name=str(form.get("seen_name") or ""), locale=str(form.get("seen_locale") or ""))
    is_fixed = settings.origins.get("locale", "default") != "default"
    locale = seen.locale if is_fixed else str(form.get("locale") or "")
    asked = Choices(name=str(form.get("name") or ""), locale=locale)
    try:
        async with db.transaction(guard.deps_of(request).pool) as conn:
            changed = await business.change(conn, asked, seen=seen, actor=page.who.label, now=now)
            if changed:
                await audit.note(
                    conn, page.who, "settings.changed", at=now, subject="business",
                    fields=[f"business_{one}" for one in changed],
                )  # fmt: skip
    except BadChoice:
        return await _page(
            request, asked, seen, wrong=page.words()("installed.bad_name", n=business.NAME_MAX),
            status=422,
        )  # fmt: skip
    places.business_of(request).forget()
    return redirect("/run/settings")


def _shown(name: str, settings: Settings) -> str:
    """A value for people; of what is secret, only whether it is there."""
    value = getattr(settings, name)
    if name == "master_key":
        return "•••" if value else "—"
    if name == "database_url":
        return _without_password(value) if value else "—"
    if isinstance(value, tuple):
        return " ".join(value) or "—"
    return str(value)


def _without_password(url: str) -> str:
    """The server and the database of an address: who asks, and by which word, stays out."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
