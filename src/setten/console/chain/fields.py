"""Fields of a form as people write them: numbers, moments, opening hours.

Each function answers None for what cannot be read; the page says so beside the field.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from setten.stock.hours import EXCEPTIONS_MAX, SPANS_MAX, WEEKDAYS

TEXT_MAX = 20_000
"""Characters of one field: two years of days that differ."""

_SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-~]\s*(\d{1,2}):(\d{2})")
_CLOSED = ("", "休み", "休業", "定休", "closed", "-")
_DASHES = str.maketrans({"〜": "-", "～": "-", "–": "-", "—": "-", "−": "-", "ー": "-", "、": ","})
_YEARS = (2000, 8999)


def plain(said: str) -> str:
    """Full-width signs as narrow ones, all dashes alike, no space around."""
    return unicodedata.normalize("NFKC", said[:TEXT_MAX].translate(_DASHES)).strip()


def whole(said: str, least: int, most: int) -> int | None:
    """A whole number between two bounds, inclusive."""
    text = plain(said).replace(",", "")
    if not re.fullmatch(r"[0-9]{1,16}", text):
        return None
    return int(text) if least <= int(text) <= most else None


def real(said: str, least: float, most: float) -> float | None:
    """A number between two bounds, inclusive."""
    text = plain(said).replace(",", "")
    if not re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,12})?", text):
        return None
    return float(text) if least <= float(text) <= most else None


def moment(said: str, zone: ZoneInfo) -> datetime | None:
    """What a field for day and clock sends, `2026-11-22T20:08`, on this wall clock."""
    try:
        at = datetime.fromisoformat(said.strip())
    except ValueError:
        return None
    is_likely = at.tzinfo is None and _YEARS[0] <= at.year <= _YEARS[1]
    return at.replace(tzinfo=zone) if is_likely else None


def day(said: str) -> date | None:
    """What a field for a day sends."""
    try:
        at = date.fromisoformat(said.strip())
    except ValueError:
        return None
    return at if _YEARS[0] <= at.year <= _YEARS[1] else None


def spans(said: str) -> list[list[str]] | None:
    """Openings of one day: `10:00-13:00, 14:00-20:00`; nothing for a day that is closed."""
    text = plain(said)
    if text.casefold() in _CLOSED:
        return []
    found = []
    for part in text.split(","):
        match = _SPAN.fullmatch(part.strip())
        if match is None:
            return None
        numbers = [int(one) for one in match.groups()]
        clocks = [_clock(numbers[0], numbers[1]), _clock(numbers[2], numbers[3])]
        if "" in clocks:
            return None
        found.append(clocks)
    return found if len(found) <= SPANS_MAX else None


def _clock(hour: int, minute: int) -> str:
    if hour == 24 and minute == 0:
        return "24:00"
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else ""


def exceptions(said: str) -> dict[str, list[list[str]]] | None:
    """Days that differ, one a line: `2026-12-31 10:00-17:00`, `2027-01-01 休み`."""
    found: dict[str, list[list[str]]] = {}
    for line in plain(said).splitlines():
        if not line.strip():
            continue
        when, _, rest = line.strip().partition(" ")
        at, hours = day(when.replace("/", "-")), spans(rest)
        if at is None or hours is None:
            return None
        found[at.isoformat()] = hours
    return found if len(found) <= EXCEPTIONS_MAX else None


def said_spans(hours: Sequence[Sequence[str]]) -> str:
    """Openings of a day as `spans` reads them."""
    return ", ".join(f"{start}-{end}" for start, end in hours)


def said_week(hours: Mapping[str, Any]) -> dict[str, str]:
    """Each weekday as its field shows it."""
    return {one: said_spans(hours.get(one, [])) for one in WEEKDAYS}


def said_exceptions(hours: Mapping[str, Any], *, closed: str) -> str:
    """Days that differ, one a line. closed: the word for a day without openings."""
    days = sorted(hours.get("days", {}).items())
    return "\n".join(f"{at} {said_spans(spans_of) or closed}" for at, spans_of in days)


def said_moment(at: datetime | None, zone: ZoneInfo) -> str:
    """A moment as its field takes it."""
    return "" if at is None else at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
