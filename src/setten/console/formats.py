"""How the console writes money, times, counts and distances, in both languages (LOOK section 4).

Every function takes what it formats and the locale ("ja" or "en") and returns plain text.
Nothing here knows a page, a request or a database.
"""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

MINUS = "\u2212"
"""U+2212: as wide as a plus, and never broken from its figure."""

UNKNOWN = "—"
UNSPACED = "\u3000"
"""Full-width space: stands between two facts in Japanese."""

SYMBOLS = {"JPY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
WITHOUT_MINOR = {"JPY", "KRW"}
WEEKDAYS_JA = "月火水木金土日"
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_EN = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS_EN = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

EARTH_NEAR_KM = 10.0
"""Above this a distance is told in whole kilometres: nobody walks by the hundred metres there."""


def number(value: int | float | None) -> str:
    """A count with thousands separators and a true minus; a dash when unknown."""
    if value is None:
        return UNKNOWN
    text = f"{abs(value):,}" if isinstance(value, int) else f"{abs(value):,.1f}"
    return f"{MINUS}{text}" if value < 0 else text


def signed(value: int) -> str:
    """A movement of stock: always with its sign."""
    return f"+{value:,}" if value > 0 else number(value)


def money(minor: int | None, currency: str = "JPY") -> str:
    """Minor units and an ISO currency as `¥12,400` or `$12.40`; a dash when unknown."""
    if minor is None:
        return UNKNOWN
    figure = f"{abs(minor):,}" if currency in WITHOUT_MINOR else f"{abs(minor) / 100:,.2f}"
    sign = MINUS if minor < 0 else ""
    return f"{sign}{SYMBOLS.get(currency, currency + ' ')}{figure}"


def day(at: datetime | date, locale: str, *, today: date | None = None) -> str:
    """`11月21日(土)` or `Sat 21 Nov`; with the year when `today` is in another one."""
    foreign_year = today is not None and at.year != today.year
    if locale == "ja":
        year = f"{at.year}年" if foreign_year else ""
        return f"{year}{at.month}月{at.day}日({WEEKDAYS_JA[at.weekday()]})"
    text = f"{WEEKDAYS_EN[at.weekday()]} {at.day} {MONTHS_EN[at.month - 1]}"
    return f"{text} {at.year}" if foreign_year else text


def day_with_nearness(at: date, locale: str, *, today: date) -> str:
    """The head of a day in a timeline: `きょう　11月21日(土)` or `Today, Sat 21 Nov`."""
    text = day(at, locale, today=today)
    ago = (today - at).days
    if locale == "ja":
        near = {0: "きょう", 1: "きのう"}.get(ago)
        return f"{near}{UNSPACED}{text}" if near else text
    near = {0: "Today", 1: "Yesterday"}.get(ago)
    return f"{near}, {text}" if near else text


def clock(at: datetime) -> str:
    """`14:31`, in the time zone that `at` already stands in."""
    return f"{at.hour:02}:{at.minute:02}"


def moment(at: datetime, locale: str, *, today: date | None = None) -> str:
    """`11月21日(土) 14:31` or `Sat 21 Nov, 14:31`."""
    gap = " " if locale == "ja" else ", "
    return f"{day(at, locale, today=today)}{gap}{clock(at)}"


def table_moment(at: datetime) -> str:
    """`11/21 14:31`: dense tables, both languages."""
    return f"{at.month}/{at.day:02} {clock(at)}"


def exact(at: datetime) -> str:
    """To the millisecond, with its zone: the full record of an event."""
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d} {at.strftime('%Z')}"


def local(at: datetime, zone: tzinfo | str) -> datetime:
    """The same moment on the wall clock of `zone`."""
    return at.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)


def near_past(at: datetime, now: datetime, locale: str) -> str:
    """`2秒前`, `4分`, `3時間`, `きのう`, then the day. A moment ahead reads as now."""
    seconds = max(0, int((now - at).total_seconds()))
    ja = locale == "ja"
    if seconds < 60:
        return f"{seconds}秒前" if ja else f"{seconds} s ago"
    if seconds < 3600:
        return f"{seconds // 60}分前" if ja else f"{seconds // 60} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600}時間前" if ja else f"{seconds // 3600} h ago"
    if seconds < 2 * 86_400:
        return "きのう" if ja else "yesterday"
    return day(at, locale, today=now.date())


def time_left(until: datetime, now: datetime, locale: str) -> str:
    """`あと8分`, `あと3時間`, `あと2日`; what is past reads as over by as much."""
    left = until - now
    late = left < timedelta(0)
    minutes = int(abs(left).total_seconds() // 60)
    ja = locale == "ja"
    if minutes < 60:
        span = f"{minutes}分" if ja else f"{minutes} min"
    elif minutes < 48 * 60:
        span = f"{minutes // 60}時間" if ja else f"{minutes // 60} h"
    else:
        span = f"{minutes // 1440}日" if ja else f"{minutes // 1440} days"
    if ja:
        return f"{span} 過ぎ" if late else f"あと{span}"
    return f"{span} over" if late else f"{span} left"


def span(seconds: float, locale: str) -> str:
    """How long something took: `40ms`, `3秒`, `12分`, `5時間`, `46日`."""
    ja = locale == "ja"
    if seconds < 1:
        return f"{round(seconds * 1000)}ms" if ja else f"{round(seconds * 1000)} ms"
    for size, unit_ja, unit_en in (
        (86_400, "日", " days"), (3600, "時間", " h"), (60, "分", " min"), (1, "秒", " s")
    ):  # fmt: skip
        if seconds >= size:
            return f"{int(seconds // size):,}{unit_ja if ja else unit_en}"
    raise AssertionError("every span of a second or more has a unit")


def distance(km: float | None) -> str:
    """`350 m`, `1.2 km`, `28 km`; a dash when unknown."""
    if km is None:
        return UNKNOWN
    if km < 1:
        return f"{round(km * 100) * 10} m"
    return f"{km:.1f} km" if km < EARTH_NEAR_KM else f"{km:,.0f} km"


def share(part: float) -> str:
    """A fraction as `41.2%`."""
    return f"{part * 100:.1f}%"


def weekday(at: date, locale: str) -> str:
    """`土曜` or `Saturday`."""
    return f"{WEEKDAYS_JA[at.weekday()]}曜" if locale == "ja" else DAYS_EN[at.weekday()]


def percent(part: float) -> str:
    """A share in percent without its sign: `100`, `99.92`, `87.4`; only the whole reads as 100."""
    if part in (0.0, 1.0):
        return f"{part * 100:.0f}"
    return f"{part * 100:.1f}" if part < 0.99 else f"{math.floor(part * 10_000) / 100:.2f}"


def person(family: str | None, given: str | None, locale: str) -> str:
    """`佐伯 美和` (ja: family first) or `Miwa Saeki`, from what is known; "" for nothing."""
    order = (family, given) if locale == "ja" else (given, family)
    return " ".join(part for part in order if part)


def midnight(day: date | None, zone: str) -> datetime | None:
    """When a day begins on the wall clock; None for none."""
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
