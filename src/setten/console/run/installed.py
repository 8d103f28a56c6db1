"""The installation's settings as they are, whence each came, and where the rest is decided."""

from __future__ import annotations

from typing import cast
from urllib.parse import urlsplit

import msgspec
from litestar import Response, get

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.platform.auth import Right
from setten.platform.settings import SETTINGS, Settings

ELSEWHERE: tuple[tuple[str, str, Right], ...] = (
    ("nav.staff", "/run/staff", Right.manage_staff),
    ("nav.api_keys", "/run/keys", Right.manage_staff),
    ("data.sources", "/run/data#sources", Right.manage_sources),
    ("nav.rules", "/run/identity", Right.manage_identity),
    ("nav.stages", "/customers/stages", Right.manage_stages),
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
    page = page_of(request)
    settings = cast(Settings, guard.deps_of(request).settings)
    rows = [
        Row(one.name, one.variable, _shown(one.name, settings), settings.origins.get(one.name, ""))
        for one in SETTINGS
    ]
    ways = [(word, href) for word, href, right in ELSEWHERE if page.who.may(right)]
    return page.render("run/settings.html", {"rows": rows, "ways": ways})


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
