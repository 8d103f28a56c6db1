"""Events of other systems: NDJSON as Segment's clients send it, and pages of a web server's log.

Nothing of a visitor is kept from a log but a word for the day: neither address nor browser nor what
stands in a query beside goods and campaigns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from setten.imports import telling
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import Field
from setten.imports.model import LEFT_OUT, BadRow, Outcome, Values
from setten.imports.reading import LINE, REASON, ROW
from setten.platform.db import Connection
from setten.platform.vault import Identifier
from setten.platform.vault.classify import cut_url

_encode = msgspec.json.Encoder(decimal_format="number").encode
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_COMBINED = re.compile(
    r"(\S+) (\S+) .*?\[(\d{1,2})/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)\] "
    rf"{_QUOTED} (\d{{3}}) (?:\d+|-)(?: {_QUOTED} {_QUOTED})?(?: {_QUOTED})?(?: [\d.\-, ]+)?"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*(?::[0-9a-f]*){2,7}", re.IGNORECASE)
_REQUEST = re.compile(r"GET (\S+)(?: HTTP/[\d.]+)?")
# Dots may stand in folders and titles; what ends as no page does is a picture, a style or a script.
_PAGE = re.compile(
    r"(?:.*/)?(?:[^./]*|[^/]*\.(?:[sx]?html?|php\d?|aspx?|jspx?|jsf|do|action|cgi|pl|cfm|\d+)"
    r"|[^/]*\.(?!webmanifest$)(?:[^./]{6,}|[^./]*[^./a-z0-9][^./]*))",
    re.IGNORECASE,
)
_BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|curl|wget|python|java/|okhttp|go-http|libwww|httpclient|headless"
    r"|phantom|lighthouse|monitor|uptime|pingdom|preview|facebookexternalhit|feed|scan|archiver"
    r"|mediapartners|bingpreview|yandex|baidu|ahrefs|semrush|gptbot|ccbot|claude|perplexity|http://"
    r"|https://|@",
    re.IGNORECASE,
)
_CAMPAIGN = {"utm_source": "source", "utm_medium": "medium", "utm_campaign": "name",
             "utm_term": "term", "utm_content": "content", "utm_id": "id"}  # fmt: skip
_SEEN = frozenset(("200", "304"))
_COOKIE = re.compile(r"[\w-]{8,64}")


class Events(Kind):
    """Events as NDJSON, one a line, each with a messageId of its own: so again is no matter."""

    name = "events"
    format = "ndjson"
    rows_a_commit = 2_000
    stands_alone = True

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        system = setup.options.system or setup.columns.system or "import"
        self._told = telling.Telling(setup.vault, self.name, system)
        self._channel = setup.options.channel or "other"

    async def prepare(self, conn: Connection, *, now: datetime) -> None:
        """A source whose word this is."""
        await self._told.open(conn, [self._channel], setup=self.setup, now=now)

    def read(self, row: Values) -> bytes:
        """An event as it came."""
        if row.get("messageId") in (None, ""):
            raise BadRow("message_id_missing")
        return _encode({key: one for key, one in row.items() if key not in (REASON, ROW)})

    async def take(self, conn: Connection, rows: Sequence[Any], *, now: datetime) -> Taken:
        """Take events in as if their client had sent them now."""
        return Taken(await self._told.take(conn, [(self._channel, one) for one in rows], now=now))


class WebLogs(Kind):
    """A web server's log in the combined form: pages that people looked at, without bots.

    A further field in quotes at the end of a line is the tag's own cookie (ajs_anonymous_id), or
    whom a proxy asked for (X-Forwarded-For); numbers behind it say nothing.
    """

    name = "weblogs"
    format = "lines"
    fields = (Field(LINE),)
    rows_a_commit = 2_000
    stands_alone = True

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        system = setup.options.system or setup.columns.system or "web-server"
        self._told = telling.Telling(setup.vault, self.name, system)
        self._channel = setup.options.channel or "web"
        self._site = (setup.columns.site or "").rstrip("/")

    async def prepare(self, conn: Connection, *, now: datetime) -> None:
        """A source whose word this is."""
        await self._told.open(conn, [self._channel], setup=self.setup, now=now)

    def read(self, row: Values) -> bytes | Outcome:
        """A line as the page that somebody looked at; left out where nobody did."""
        found = _COMBINED.fullmatch(row[LINE])
        if found is None:
            raise BadRow("bad_line")
        first, second, *when, request, status, referrer, browser, last = found.groups()
        asked = _REQUEST.fullmatch(request)
        if asked is None or status not in _SEEN or not browser or browser == "-":
            return LEFT_OUT
        path = asked[1]
        if _BOT.search(browser) or not _PAGE.fullmatch(path.partition("?")[0]):
            return LEFT_OUT
        at = _moment(when)
        event = {
            "type": "page",
            "anonymousId": self._visitor(_address(first, second, last), browser, at, last),
            "timestamp": at.isoformat(),
            "context": {"page": self._page(path, referrer), **_campaign(path)},
        }
        return self._told.sealed_id(event)

    def _visitor(self, address: str, browser: str, at: datetime, cookie: str | None) -> str:
        """A visitor's cookie, or a word for who came this day, which no other day knows."""
        if cookie and _COOKIE.fullmatch(cookie):
            return cookie
        word = f"{at:%Y-%m-%d} {address} {browser}"
        return f"log-{self.setup.vault.token(Identifier('weblog visitor', word)).hex}"

    def _page(self, path: str, referrer: str | None) -> dict[str, str]:
        url = cut_url(self._site + path)
        page = {"url": url, "path": urlsplit(url).path}
        if referrer and referrer != "-" and referrer.startswith(("http://", "https://")):
            page["referrer"] = cut_url(referrer)
        return page

    async def take(self, conn: Connection, rows: Sequence[Any], *, now: datetime) -> Taken:
        """Take page views in."""
        return Taken(await self._told.take(conn, [(self._channel, one) for one in rows], now=now))


def _address(first: str, second: str, last: str | None) -> str:
    """Who asked: behind a proxy the first of those whom it names; some servers begin with the host.

    Else all who come through one proxy with one browser would be one visitor.
    """
    forwarded = (last or "").partition(",")[0].strip()
    if _ADDRESS.fullmatch(forwarded):
        return forwarded
    return second if _ADDRESS.fullmatch(second) else first


def _moment(parts: Sequence[str]) -> datetime:
    day, month, year, hour, minute, second, zone_hours, zone_minutes = parts
    if month not in _MONTHS:
        raise BadRow("bad_line")
    said = f"{year}-{_MONTHS.index(month) + 1:02}-{int(day):02}T{hour}:{minute}:{second}"
    try:
        return datetime.fromisoformat(f"{said}{zone_hours}:{zone_minutes}")
    except ValueError:
        raise BadRow("bad_line") from None


def _campaign(path: str) -> dict[str, dict[str, str]]:
    """What the address says of a campaign, as far as nothing personal is in it."""
    _, _, query = cut_url(path).partition("?")
    said = dict(parse_qsl(query, max_num_fields=100))
    found = {ours: unquote(said[key]) for key, ours in _CAMPAIGN.items() if said.get(key)}
    return {"campaign": found} if found else {}
