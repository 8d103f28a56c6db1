"""How the columns of a file of receipt lines are read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from setten.platform.errors import Invalid
from setten.stock.receipts.model import ReceiptLine

SHIPPED = Path(__file__).with_name("mappings")
FIELDS = ("location_id", "register", "sequence", "business_day", "at", "sku", "qty", "amount",
          "discount", "coupon", "loyalty_card")  # fmt: skip
REQUIRED = ("location_id", "register", "sequence", "at", "sku", "qty", "amount")
# Digits after the point of a currency's unit (ISO 4217); two for all others.
_EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "TND": 3}
_TOLERANCE = 1e-6  # of a minor unit: binary noise in a decimal that a file wrote as a float


class BadMapping(Invalid):
    """The mapping does not fit the file. facts: why."""

    code = "bad_mapping"


class MissingColumn(Invalid):
    """The file lacks a column that must be there. facts: field, columns."""

    code = "missing_column"


class NotUtf8(Invalid):
    """The file's letters are in another encoding than was said or found."""

    code = "not_utf8"


class BadRow(Exception):
    """A row cannot be read; the argument is a code."""


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column holds what. Several columns of `coupon` or `discount` are added, those of `at`
    are put together (a day and a time).

    day_ends: when the business day ends that no column names: 26:00 is two in the night.
    """

    currency: str = "JPY"
    timezone: str = "Asia/Tokyo"
    day_ends: str = "24:00"
    columns: dict[str, str | list[str]] = {}
    constants: dict[str, str] = {}
    prefixes: dict[str, str] = {}

    def names(self, field: str) -> list[str]:
        """The columns of a field; its own name when the mapping says nothing."""
        if field in self.constants:
            return []
        found = self.columns.get(field, field)
        return [found] if isinstance(found, str) else found


def load(name: str | None) -> Columns:
    """A mapping by the name of a shipped one or the path of a TOML file; None is our own names.

    Raises BadMapping.
    """
    if name is None:
        return Columns()
    path = SHIPPED / f"{name}.toml" if "/" not in name and "." not in name else Path(name)
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Columns)
        ZoneInfo(found.timezone)
        after_midnight(found.day_ends)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as cause:
        raise BadMapping(why=str(cause)) from cause
    except ZoneInfoNotFoundError as cause:
        raise BadMapping(why=f"timezone {found.timezone}") from cause
    return found


_DAY = re.compile(r"(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(.*))?")
_ENDS = re.compile(r"(2[4-9]|30):([0-5]\d)")
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")
_HOURS_OF_A_DAY = 24
_LAST_HOUR = 30  # six in the morning: who is open longer has no end of the day


def after_midnight(day_ends: str) -> timedelta:
    """How long after midnight the business day goes on; "26:00" is two hours. Raises ValueError."""
    found = _ENDS.fullmatch(day_ends)
    if found is None:
        raise ValueError(f"day_ends {day_ends[:20]}")
    return timedelta(hours=int(found[1]) - _HOURS_OF_A_DAY, minutes=int(found[2]))


def _iso(text: str) -> tuple[str, int]:
    """A moment as Japanese tills and spreadsheets write it (2026/1/2 9:05) in the form of ISO, and
    the days to add: 26:10 is ten past two of the next day."""
    found = _DAY.fullmatch(text.strip())
    if not found:
        return text.strip(), 0
    year, month, day, hour, minute, rest = found.groups()
    date_ = f"{year}-{int(month):02}-{int(day):02}"
    if hour is None:
        return date_, 0
    days = 1 if _HOURS_OF_A_DAY <= int(hour) < _LAST_HOUR else 0
    return f"{date_} {int(hour) - days * _HOURS_OF_A_DAY:02}:{minute}{rest}", days


def _plain_number(value: Any) -> Any:
    """12,400 as spreadsheets group it; anything else as it is, so that 1,5 stays refused."""
    is_grouped = isinstance(value, str) and _GROUPED.fullmatch(value.strip())
    return value.replace(",", "") if is_grouped else value


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row, read: the receipt it belongs to, and its line."""

    location_id: str
    register: str
    sequence: str
    business_day: date
    at: datetime
    loyalty_card: str | None
    line: ReceiptLine

    @property
    def key(self) -> tuple[str, str, str, date]:
        """The receipt it belongs to."""
        return self.location_id, self.register, self.sequence, self.business_day


class RowReader:
    """Reads rows as one mapping says. Raises MissingColumn."""

    def __init__(self, mapping: Columns, columns: list[str]) -> None:
        self._zone = ZoneInfo(mapping.timezone)
        self._night = after_midnight(mapping.day_ends)
        self._scale = 10 ** _EXPONENTS.get(mapping.currency.upper(), 2)
        self._mapping = mapping
        has = set(columns)
        for field in REQUIRED:
            missing = [name for name in mapping.names(field) if name not in has]
            if missing and field not in mapping.constants:
                raise MissingColumn(field=field, columns=", ".join(missing))
        self._names = {
            field: [name for name in mapping.names(field) if name in has] for field in FIELDS
        }

    def read(self, row: Mapping[str, Any]) -> Line:
        """One row. Raises BadRow."""
        at, written_on = self._moment(row)
        day, _ = _iso(self._text(row, "business_day"))
        try:
            business_day = date.fromisoformat(day[:10]) if day else written_on
        except ValueError:
            raise BadRow("bad_business_day") from None
        return Line(
            location_id=self._needed(row, "location_id"),
            register=self._needed(row, "register"),
            sequence=self._needed(row, "sequence"),
            business_day=business_day,
            at=at,
            loyalty_card=self._text(row, "loyalty_card") or None,
            line=ReceiptLine(
                sku=self._needed(row, "sku"),
                qty=self._units(row),
                amount_minor=self._money(row, "amount"),
                discount_minor=self._money(row, "discount"),
                coupon_minor=self._money(row, "coupon"),
            ),
        )

    def _text(self, row: Mapping[str, Any], field: str) -> str:
        if field in self._mapping.constants:
            return self._mapping.constants[field]
        names = self._names[field]
        value = row[names[0]] if names else None
        if value is None or value == "":
            return ""
        return self._mapping.prefixes.get(field, "") + str(value).strip()

    def _needed(self, row: Mapping[str, Any], field: str) -> str:
        text = self._text(row, field)
        if not text:
            raise BadRow(f"no_{field}")
        return text

    def _units(self, row: Mapping[str, Any]) -> int:
        value = row[self._names["qty"][0]]
        try:
            units = float(value)
            if units != int(units):
                raise BadRow("bad_qty")
        except (TypeError, ValueError, OverflowError):
            raise BadRow("bad_qty") from None
        return int(units)

    def _money(self, row: Mapping[str, Any], field: str) -> int:
        minor = 0
        for name in self._names[field]:
            value = row[name]
            if value is None or value == "":
                if field == "amount":
                    raise BadRow("no_amount")
                continue
            try:
                scaled = float(_plain_number(value)) * self._scale
                rounded = round(scaled)
            except (TypeError, ValueError, OverflowError):
                raise BadRow(f"bad_{field}") from None
            if abs(scaled - rounded) > _TOLERANCE * max(1.0, abs(scaled)):
                raise BadRow(f"bad_{field}")
            minor += rounded
        return minor

    def _moment(self, row: Mapping[str, Any]) -> tuple[datetime, date]:
        """When it was, and the business day that is in the way it is written. Raises BadRow."""
        found = [row[name] for name in self._names["at"]]
        value = found[0] if len(found) == 1 else " ".join(str(one or "").strip() for one in found)
        days = 0
        if isinstance(value, str):
            text, days = _iso(value)
            try:
                value = datetime.fromisoformat(text)
            except ValueError:
                raise BadRow("bad_at") from None
        if not isinstance(value, datetime):
            raise BadRow("bad_at")
        at = value if value.tzinfo else value.replace(tzinfo=self._zone)
        local = at.astimezone(self._zone)
        # An hour beyond 24 says by itself to which day it belongs.
        written_on = local.date() if days else (local - self._night).date()
        return at + timedelta(days=days), written_on
