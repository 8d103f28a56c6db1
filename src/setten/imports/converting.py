"""Cells as people and spreadsheets write them, as values. Plain functions; BadValue when they fail.

Full-width letters and digits, yen with commas, Japanese eras, dates as tills write them, kana in
half width, yes and no. A code keeps its leading zeros.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import jaconv

from setten.platform import money as amounts

_ERAS = {"令和": 2018, "R": 2018, "平成": 1988, "H": 1988, "昭和": 1925, "S": 1925,
         "大正": 1911, "T": 1911, "明治": 1867, "M": 1867}  # fmt: skip
# How long an era was, by the year before it; tills that nobody told of Reiwa still count on.
_ERA_YEARS = {2018: 60, 1988: 40, 1925: 64, 1911: 15, 1867: 45}
_ERA = re.compile(
    r"(令和|平成|昭和|大正|明治|[RHSTM])\s*(元|\d{1,2})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})日?",
    re.IGNORECASE,
)
_DAY = re.compile(r"(\d{4})\s*[年/.-]\s*(\d{1,2})\s*[月/.-]\s*(\d{1,2})日?")
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})")
_TURNED = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_NAMED = re.compile(
    r"(?:(\d{1,2})[ -]([a-z]{3})[a-z]*\.?,?|([a-z]{3})[a-z]*\.? (\d{1,2}),?)[ -](\d{4})",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY = re.compile(r"\s*\((?:[月火水木金土日](?:曜日?)?|[a-z]{3})\)\s*", re.IGNORECASE)
_WITH_TIME = re.compile(r"(.*?[\d日])[ T]+\d{1,2}[:時].*")
_MOMENT = re.compile(
    r"(?P<day>.*?[\d日])(?:(?:[ T]+|(?<=日))(?P<before>午前|午後|[ap]m)?\s*"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})|時(?:(?P<after_hour>\d{1,2})分?)?)"
    r"(?::?(?P<second>\d{1,2})(?:\.(?P<part>\d{1,9}))?秒?)?"
    r"(?:\s*(?P<after>[ap])\.?m\.?)?(?:\s*(?P<zone>Z|JST|(?:UTC|GMT)?(?:[+-]\d{2}:?\d{0,2})?))?)?",
    re.IGNORECASE,
)
_PACKED_MOMENT = re.compile(r"(\d{8})(\d{2})(\d{2})(\d{2})?")
_SINCE_1970 = re.compile(r"(1\d{9})(\d{3})?")  # seconds or thousandths, from 2001 to 2033
_WRITTEN_MAX = 64  # characters of a moment, however written; more only takes long to look at
_ZERO_DAY = re.compile(r"0000\D00\D00.*")  # as databases say that there is none
_MARKS = re.compile(r"^[\\¥$]|円$")  # CP932 has its yen sign where others have the backslash
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_YES = frozenset(("yes", "y", "true", "t", "1", "on", "ok", "はい", "有", "あり", "可", "希望する",
                  "する", "○", "〇", "◯", "✓", "許可", "希望"))  # fmt: skip
_NO = frozenset(("no", "n", "false", "f", "0", "off", "ng", "いいえ", "無", "なし", "不可",
                 "しない", "希望しない", "×", "✕", "x", "拒否", "-"))  # fmt: skip
_HOURS_OF_A_DAY = 24
_LAST_HOUR = 30  # six in the morning: who is open longer has no end of the day
_TOLERANCE = Decimal("1e-6")  # of a minor unit: binary noise in a decimal that a file wrote so
_FIRST_YEAR = date.min.year
ORDERS = ("ymd", "dmy", "mdy")


class BadValue(ValueError):
    """A cell cannot be read as what its field is. reason: a code with words."""

    def __init__(self, reason: str = "bad_value") -> None:
        super().__init__(reason)
        self.reason = reason


def narrow(value: Any) -> str:
    """A cell as text: full-width letters, digits and signs in their plain form, nothing around."""
    if value.__class__ is str:
        return value.strip() if value.isascii() else unicodedata.normalize("NFKC", value).strip()
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a code in a column of numbers with gaps
    if isinstance(value, dict | list | bool):
        raise BadValue
    return str(value)


def words(value: Any) -> str:
    """A cell as text, as it was written, nothing around."""
    return value.strip(" \u3000\t\r\n") if isinstance(value, str) else narrow(value)


def kana(value: Any) -> str:
    """A reading in full-width katakana, whatever kana it came in."""
    return jaconv.hira2kata(narrow(value))


def whole(value: Any) -> int:
    """A whole number; 12,400 and full-width digits too."""
    text = _plain_number(value)
    try:
        found = Decimal(text)
    except ArithmeticError:
        raise BadValue from None
    if not found.is_finite() or found != found.to_integral_value() or found.adjusted() > 15:
        raise BadValue
    return int(found)


def minor(value: Any, currency: str) -> int:
    """An amount in minor units: 1,980円, ￥１，９８０, △500 (below zero), 1.99; never rounded."""
    text = _plain_number(value)
    try:
        scaled = Decimal(text).scaleb(amounts.decimals(currency))
        found = scaled.to_integral_value()
    except ArithmeticError:
        raise BadValue from None
    if not found.is_finite():
        raise BadValue
    if abs(scaled - found) > _TOLERANCE * max(Decimal(1), abs(found)):
        raise BadValue("yen_fraction" if currency == "JPY" else "too_fine")
    if abs(found) >= amounts.MINOR_MAX:
        raise BadValue
    return int(found)


def _plain_number(value: Any) -> str:
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return str(value)
    text = narrow(value).replace(" ", "")
    if text.isdigit() and text.isascii():
        return text
    sign = ""
    if text[:1] == "(" and text[-1:] == ")":
        sign, text = "-", text[1:-1]
    elif text[:1] in ("△", "▲", "−", "-"):
        sign, text = "-", text[1:]
    text = _MARKS.sub("", text)
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not text or "_" in text or (sign and text[0] in "+-"):
        raise BadValue
    return sign + text


def rate(value: Any) -> Decimal:
    """A rate of tax: 10, 10%, 0.1 and 10.0 are all ten percent."""
    text = narrow(value)
    is_percent = text.endswith("%")
    try:
        found = Decimal(text.rstrip("%").strip())
    except ArithmeticError:
        raise BadValue from None
    if not found.is_finite() or not 0 <= found < 100:
        raise BadValue
    return (found / 100).normalize() if is_percent or found >= 1 else found


def yes_no(value: Any) -> bool:
    """Yes or no, in any of the ways that forms and tables say it."""
    if isinstance(value, bool):
        return value
    text = narrow(value).casefold()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise BadValue


def day(value: Any, order: str = "ymd") -> date:
    """A date: 2026-01-05, 2026/1/5, 20260105, 2026年1月5日(月), 令和8年1月5日, R8.1.5, 5-Jan-2026.

    A time behind it is passed over. order: "dmy" or "mdy" for 5/1/2026, which nobody can tell
    otherwise.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _bare(narrow(value))
    with_time = _WITH_TIME.fullmatch(text)
    return _day(text if with_time is None else with_time[1], order)


def _bare(text: str) -> str:
    """Without a day of the week in brackets. Raises BadValue for what is too long for a moment."""
    if len(text) > _WRITTEN_MAX:
        raise BadValue
    return _WEEKDAY.sub(" ", text).strip()


def _day(text: str, order: str) -> date:
    try:
        if found := _PACKED.fullmatch(text) or _DAY.fullmatch(text):
            return date(*map(int, found.groups()))
        if found := _ERA.fullmatch(text):
            era, year, month, day_ = found.groups()
            count = 1 if year == "元" else int(year)
            began = _ERAS[era if era in _ERAS else era.upper()]
            if count > _ERA_YEARS[began]:
                raise BadValue
            return date(began + count, int(month), int(day_))
        if order != "ymd" and (found := _TURNED.fullmatch(text)):
            one, two, year = map(int, found.groups())
            return date(year, *((two, one) if order == "dmy" else (one, two)))
        if found := _NAMED.fullmatch(text):
            before, month_before, month_after, after, year = found.groups()
            month = _MONTHS.index((month_before or month_after).casefold()) + 1
            return date(int(year), month, int(before or after))
    except ValueError:
        raise BadValue from None
    raise BadValue


def is_no_day(value: Any) -> bool:
    """Whether it says that there is no day: 0000-00-00."""
    return isinstance(value, str) and value[:4] == "0000" and bool(_ZERO_DAY.fullmatch(value))


def moment(value: Any, zone: ZoneInfo, order: str = "ymd") -> tuple[datetime, bool]:
    """A moment, and whether its hour was beyond 24: 26:10 is ten past two of the next day.

    Without an offset it is in `zone`; a day alone is its midnight. At the ends of all days, which
    databases write for none, a zone or a night more has no place: BadValue.
    """
    found, is_night = _read_moment(value, zone, order)
    if not _FIRST_YEAR < found.year < date.max.year:
        raise BadValue
    return found, is_night


def _read_moment(value: Any, zone: ZoneInfo, order: str) -> tuple[datetime, bool]:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)), False
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=zone), False
    text = narrow(value)
    if text.isdigit():  # of ten digits, the library takes the hour for nothing
        return _moment(text, zone, order)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _moment(text, zone, order)
    return (found if found.tzinfo else found.replace(tzinfo=zone)), False


def _moment(text: str, zone: ZoneInfo, order: str) -> tuple[datetime, bool]:
    if found := _SINCE_1970.fullmatch(text):
        at = datetime.fromtimestamp(int(found[1]), UTC)
        return at + timedelta(milliseconds=int(found[2] or 0)), False
    if found := _PACKED_MOMENT.fullmatch(text):
        text = f"{found[1]} {found[2]}:{found[3]}:{found[4] or '00'}"
    parts = _MOMENT.fullmatch(_bare(text))
    if parts is None:
        raise BadValue
    on = _day(parts["day"], order)
    hour, is_night = _hour(parts)
    minute, second = int(parts["minute"] or parts["after_hour"] or 0), int(parts["second"] or 0)
    try:
        clock = time(hour, minute, second, int((parts["part"] or "0").ljust(6, "0")[:6]))
        found_at = datetime.combine(on, clock, _zone(parts["zone"]) or zone)
        return found_at + timedelta(days=int(is_night)), is_night
    except (ValueError, OverflowError):
        raise BadValue from None


def _hour(parts: re.Match[str]) -> tuple[int, bool]:
    """The hour by a clock of 24, and whether it was beyond that."""
    hour, half = int(parts["hour"] or 0), (parts["before"] or parts["after"] or "").casefold()
    if not half:
        is_night = _HOURS_OF_A_DAY <= hour < _LAST_HOUR
        return hour - is_night * _HOURS_OF_A_DAY, is_night
    if hour > _HOURS_OF_A_DAY // 2:
        raise BadValue
    return hour % 12 + 12 * (half[0] in "p" or half == "午後"), False


def _zone(said: str | None) -> tzinfo | None:
    """The offset that a moment says; None where it says none."""
    if not said:
        return None
    name = said.upper()
    if name == "JST":
        return timezone(timedelta(hours=9))
    digits = name.removeprefix("UTC").removeprefix("GMT").replace(":", "")
    if digits in ("", "Z"):
        return UTC
    ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:] or 0))
    return timezone(ahead if digits[0] == "+" else -ahead)


def phone(value: Any) -> str:
    """A phone number as written; the zero that a spreadsheet took off a mobile is put back."""
    text = narrow(value)
    digits = re.sub(r"\D", "", text)
    if text == digits and re.fullmatch(r"[789]0\d{8}", digits):
        return "0" + digits
    return text


def postcode(value: Any) -> str:
    """A postal code; the zero that a spreadsheet took off a Japanese one is put back."""
    text = narrow(value)
    return "0" + text if re.fullmatch(r"\d{6}", text) else text


CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "code": narrow,
    "words": words,
    "kana": kana,
    "whole": whole,
    "rate": rate,
    "yes_no": yes_no,
    "phone": phone,
    "postcode": postcode,
}
"""By the names that a mapping uses; days, moments and amounts need more than the cell."""
