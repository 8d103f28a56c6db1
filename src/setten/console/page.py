"""One page for one person: whose it is, in which language, and how a template becomes an answer.

Handlers hold no markup and no formats: they fetch a view and call `Page.render`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from litestar import Request, Response
from litestar.datastructures import State

from setten.console import formats, navigation
from setten.console.assets import assets
from setten.console.compiled import Compiled
from setten.console.words import Words
from setten.platform.auth import Actor, Right

Asked: TypeAlias = Request[Any, Any, State]
"""Any request to the console; what it carries is in `request.state.page`."""

_POLICY = (
    "default-src 'self'; script-src 'self'{more}; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY.format(more=""),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    # A page may name a customer: it is never kept by a proxy nor by the browser's disk.
    "Cache-Control": "no-store",
}

# Where the camera reads barcodes (stock/scanner.html): its reader is WebAssembly. That lets code of
# ours be compiled, not text be run; pages without a camera have no need of it.
_SCANNER = '<dialog class="dialog scanner"'
_SCANNER_POLICY = _POLICY.format(more=" 'wasm-unsafe-eval'")

STAFF: Final = "staff"
"""A page that whoever is signed in may open."""
ANYONE: Final = "anyone"
"""A page for strangers too."""
Door: TypeAlias = Right | tuple[Right, ...] | str
"""What a page's decorator says under `right`."""

SOON = timedelta(minutes=10)
NEAR = timedelta(minutes=20)
"""A ticket's clock turns amber, then vermilion, when this much is left (LOOK, pickup)."""


class Shown:
    """The formats of one page: its locale, its wall clock and its now are already in them."""

    def __init__(self, locale: str, zone: str, now: datetime) -> None:
        self.locale = locale
        self.zone = ZoneInfo(zone)
        self.now = now.astimezone(self.zone)
        self.money = formats.money
        self.number = formats.number
        self.signed = formats.signed
        self.distance = formats.distance

    def local(self, at: datetime) -> datetime:
        """The moment on this page's wall clock."""
        return formats.local(at, self.zone)

    def clock(self, at: datetime) -> str:
        """`14:31`"""
        return formats.clock(self.local(at))

    def moment(self, at: datetime) -> str:
        """`11月21日(土) 14:31`"""
        return formats.moment(self.local(at), self.locale, today=self.now.date())

    def day(self, at: datetime) -> str:
        """`11月21日(土)`"""
        return formats.day(self.local(at), self.locale, today=self.now.date())

    def weekday(self, at: date) -> str:
        """`土曜` or `Saturday`: the same day of another week."""
        return formats.weekday(at, self.locale)

    def percent(self, part: float) -> str:
        """`99.92`, never rounded up to all; the sign comes beside."""
        return formats.percent(part)

    def until(self, at: datetime) -> str:
        """A term: only the clock when it is today, else day and clock."""
        here = self.local(at)
        return formats.clock(here) if here.date() == self.now.date() else self.moment(at)

    def date(self, at: date) -> str:
        """`11月21日(土)` of a day that has no hour."""
        return formats.day(at, self.locale, today=self.now.date())

    def day_head(self, at: datetime) -> str:
        """`きょう　11月21日(土)`"""
        local = self.local(at).date()
        return formats.day_with_nearness(local, self.locale, today=self.now.date())

    def table(self, at: datetime) -> str:
        """`11/21 14:31`"""
        return formats.table_moment(self.local(at))

    def second(self, at: datetime) -> str:
        """`14:31:07`: a list that moves."""
        return self.local(at).strftime("%H:%M:%S")

    def span(self, seconds: float) -> str:
        """How long something took."""
        return formats.span(seconds, self.locale)

    def exact(self, at: datetime) -> str:
        """To the millisecond."""
        return formats.exact(self.local(at))

    def ago(self, at: datetime) -> str:
        """`4分前`"""
        return formats.near_past(self.local(at), self.now, self.locale)

    def left(self, until: datetime) -> str:
        """`あと8分`"""
        return formats.time_left(until, self.now, self.locale)

    def urgency(self, until: datetime) -> str:
        """`is-soon`, `is-near` or nothing: the class of a clock with this much left."""
        left = until - self.now
        return "is-soon" if left <= SOON else "is-near" if left <= NEAR else ""

    def is_now(self, at: datetime) -> bool:
        """Whether this happened within the last two minutes."""
        return self.now - at < timedelta(minutes=2)


class Page(msgspec.Struct, frozen=True):
    """The frame around whatever a handler shows."""

    actor: Actor | None
    locale: str
    theme: str
    path: str
    csrf: str
    now: datetime
    zone: str
    is_partial: bool
    """True when htmx asks for a piece, not for a whole page."""
    shop: str | None = None
    """The place this person works for, by its id."""
    shop_name: str | None = None
    business: str = ""
    """What the business calls itself; "" before it said so."""
    waiting: int = 0
    """Promises of one's own place that a hand is needed for: the vermilion point."""
    keys: bool = True
    """Whether single keys are on for this person."""

    @property
    def who(self) -> Actor:
        """The person signed in. Only pages behind the sign-in may ask."""
        assert self.actor is not None
        return self.actor

    @property
    def locale_name(self) -> Literal["ja", "en"]:
        """The language, for whoever speaks just these two."""
        return "ja" if self.locale == "ja" else "en"

    @property
    def initial(self) -> str:
        """What stands in the ring at the foot of the rail."""
        return self.who.name.strip()[:1] or "·"

    @property
    def is_home(self) -> bool:
        """Whether this page belongs to the day."""
        return navigation.is_home(self.path)

    @property
    def may_run(self) -> bool:
        """Whether this person may see the machinery."""
        return self.who.may(Right.read_data)

    @property
    def may_audit(self) -> bool:
        """Whether this person answers for who saw what."""
        return self.who.may(Right.read_audit)

    @property
    def may_hold(self) -> bool:
        """Whether this person may promise stock."""
        return self.who.may(Right.hold)

    def may_change(self, location_id: str, placed_by: str) -> bool:
        """Whether this person may end or extend a hold: of their own shops, or one they made."""
        return self.may_hold and (self.who.may_at(location_id) or placed_by == self.who.label)

    @property
    def may_reveal(self) -> bool:
        """Whether this person may open masked values."""
        return self.who.may(Right.reveal_personal)

    def halves(self) -> list[navigation.Link]:
        """The tabs of the rail."""
        return navigation.halves(self.who, self.path, self.waiting)

    def pages(self) -> list[navigation.Link]:
        """The pages of this half."""
        return navigation.pages(self.who, self.path, self.waiting)

    def run_pages(self) -> list[navigation.Link]:
        """The pages of the machinery, for a phone, which has no rail; none for whom it is shut."""
        return navigation.pages(self.who, "/run") if self.may_run else []

    def places(self) -> list[navigation.Link]:
        """The places of the thumb bar."""
        return navigation.places(self.who, self.path, self.waiting)

    def key_list(self) -> list[tuple[str, str]]:
        """The keys of this page."""
        return navigation.key_list(self.path)

    def words(self) -> Words:
        """This page's language."""
        return Words(self.locale)

    def shown(self) -> Shown:
        """This page's formats."""
        return Shown(self.locale, self.zone, self.now)

    def text(self, template: str, view: Mapping[str, object] | None = None) -> str:
        """A template as text: for a piece inside an event stream."""
        frame = {"page": self, "t": self.words(), "f": self.shown(), "asset": assets().url}
        marks = environment().get_template("parts/marks.html").make_module(frame)
        return environment().get_template(template).render(frame, m=marks, **(view or {}))

    def render(
        self,
        template: str,
        view: Mapping[str, object] | None = None,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response[str]:
        """A template as an answer, with the headers that every page of the console carries."""
        text = self.text(template, view)
        carried = {**HEADERS, "Vary": "HX-Request", **(headers or {})}
        if _SCANNER in text:
            carried["Content-Security-Policy"] = _SCANNER_POLICY
        return Response(text, status_code=status, media_type="text/html", headers=carried)


def page_of(request: Asked) -> Page:
    """The page that the guard prepared for this request."""
    return cast(Page, request.state.page)


@cache
def environment() -> jinja2.Environment:
    """The templates: escaped, strict about names, compiled once."""
    folder = Path(__file__).parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=Compiled(folder / "__pycache__", _OPTIONS),
    )


_OPTIONS = "escaped, trimmed, without leading blanks"
"""Of the environment, as kept templates know them: other words when it compiles otherwise."""
