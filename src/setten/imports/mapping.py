"""Which column holds what: said in TOML, or guessed from the headings, Japanese ones too."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from setten.imports import converting
from setten.imports.converting import BadValue, narrow
from setten.imports.model import BadMapping, BadRow, MissingColumn

SHIPPED = Path(__file__).with_name("mappings")
_HEADINGS: dict[str, dict[str, list[str]]] = tomllib.loads(
    Path(__file__).with_name("headings.toml").read_text("utf-8")
)
DAY, MOMENT, MONEY = "day", "moment", "money"
AT, BUSINESS_DAY, NAME_EN = "at", "business_day", "name_en"
_JAPANESE_NAMES = (
    "japanesename",
    "namejapanese",
    "nameja",
    "itemnamejapanese",
    "productnamejapanese",
)
_DAY_ENDS = range(24, 31)  # 30:00, six in the morning, is the end of the longest night
_READ_MAX = 300  # letters of a refusal that tell how the other columns were read
_SAYS_DAY = re.compile(r"\d{4}\s*[年/.-]\s*\d|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{8}\D")
_MIDNIGHT = re.compile(r"[ T]+0{1,2}:00(:00(\.0+)?)?$")
_PACKED_MIN, _PACKED_MAX = 3, 6  # digits of a time without colons: 915, 101530
_NAMES = {*converting.CONVERTERS, DAY, MOMENT, MONEY}


class Field(msgspec.Struct, frozen=True):
    """A field of ours. reads: a converter's name. How others head it stands in headings.toml."""

    name: str
    reads: str = "words"
    must: bool = False


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping as its file says it. Several columns of one field are put together: texts with a
    space between, amounts by adding them up.

    day_ends: when the business day ends that no column names: 26:00 is two in the night.
    columns: a field with no column ([]) is not read, whatever the headings say.
    moments: the zone that moments without an offset are written in, where it is another than that
    of the shops: UTC, as databases export them.
    dates: the order of days, months and years where all are numbers: ymd, dmy or mdy.
    more: traits or attributes of the file's own, by the names they are to have here.
    """

    currency: str = "JPY"
    timezone: str = "Asia/Tokyo"
    moments: str | None = None
    day_ends: str = "24:00"
    dates: str = "ymd"
    system: str | None = None
    site: str | None = None
    columns: dict[str, str | list[str]] = {}
    constants: dict[str, str] = {}
    prefixes: dict[str, str] = {}
    converters: dict[str, str] = {}
    more: dict[str, str] = {}

    @property
    def zone(self) -> ZoneInfo:
        """The zone of the shops, in which their days begin."""
        return ZoneInfo(self.timezone)

    @property
    def written_zone(self) -> ZoneInfo:
        """The zone of moments that say none."""
        return ZoneInfo(self.moments or self.timezone)

    @property
    def night(self) -> timedelta:
        """How long after midnight the business day goes on."""
        return after_midnight(self.day_ends)

    def names(self, field: str) -> list[str]:
        """The columns of a field; its own name when the mapping says nothing."""
        if field in self.constants:
            return []
        found = self.columns.get(field, field)
        return [found] if isinstance(found, str) else found


def after_midnight(day_ends: str) -> timedelta:
    """How long after midnight the business day goes on; "26:00" is two hours. Raises ValueError."""
    hours, colon, minutes = day_ends.partition(":")
    is_clock = colon and hours.isdecimal() and len(minutes) == 2 and minutes.isdecimal()
    if not is_clock or int(hours) not in _DAY_ENDS or int(minutes) > 59:
        raise ValueError(f"day_ends {day_ends[:20]}")
    return timedelta(hours=int(hours) - _DAY_ENDS.start, minutes=int(minutes))


def load(name: str | None) -> Columns | None:
    """A mapping by the name of a shipped one or the path of a TOML file; None stays None.

    Raises BadMapping.
    """
    if name is None:
        return None
    path = SHIPPED / f"{name}.toml" if "/" not in name and "." not in name else Path(name)
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Columns)
        check(found)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as cause:
        raise BadMapping(why=str(cause)[:200]) from cause
    except ZoneInfoNotFoundError as cause:
        raise BadMapping(why=str(cause)[:200]) from cause
    return found


def check(found: Columns) -> None:
    """Whether what a mapping says can be. Raises ValueError, ZoneInfoNotFoundError."""
    assert found.zone
    assert found.written_zone
    assert found.night >= timedelta()
    if found.dates not in converting.ORDERS:
        raise ValueError(f"dates {found.dates[:20]}")
    unknown = {one for one in found.converters.values() if one not in _NAMES}
    if unknown:
        raise ValueError(f"converters {', '.join(sorted(unknown))[:60]}")


def flat(heading: str) -> str:
    """A heading without case, spaces and signs, full-width letters as plain ones."""
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(letter for letter in text if letter.isalnum() or letter == "〒")


def headings_of(kind: str, field: str) -> list[str]:
    """What a column of this field may be headed, the field's own name first."""
    return [field, *_HEADINGS["any"].get(field, ()), *_HEADINGS.get(kind, {}).get(field, ())]


def guess(kind: str, fields: Iterable[Field], columns: Sequence[str]) -> dict[str, str | list[str]]:
    """Our field → their column, for each whose heading is one that is used for it."""
    by_name: dict[str, str] = {}
    for column in columns:
        by_name.setdefault(flat(column), column)
    found: dict[str, str | list[str]] = {}
    taken: set[str] = set()
    for field in fields:
        for heading in headings_of(kind, field.name):
            theirs = by_name.get(flat(heading))
            if theirs is not None and theirs not in taken:
                found[field.name] = theirs
                taken.add(theirs)
                break
    if any(field.name == AT for field in fields):
        _put_together(found, by_name, taken)
    if any(field.name == NAME_EN for field in fields) and NAME_EN not in found:
        _part_names(found, by_name, taken)
    return found


def _part_names(
    found: dict[str, str | list[str]], by_name: Mapping[str, str], taken: set[str]
) -> None:
    """Where a Japanese name stands beside a name, that name is the English one."""
    japanese = next((by_name[one] for one in _JAPANESE_NAMES if one in by_name), None)
    if japanese is not None and japanese not in taken and "name" in found:
        found[NAME_EN], found["name"] = found["name"], japanese


def _put_together(
    found: dict[str, str | list[str]], by_name: Mapping[str, str], taken: set[str]
) -> None:
    """Where the day stands in one column and the time in another, both make the moment.

    The business day is such a day: its column then says both.
    """
    has = found.get(AT)
    times = [flat(one) for one in _HEADINGS["moment"]["time"]]
    days = [flat(one) for one in _HEADINGS["moment"]["day"]]
    time = next((by_name[one] for one in times if one in by_name), None)
    if time is None or (time in taken and time != has):
        return
    day = next(
        (by_name[one] for one in days
         if one in by_name and (by_name[one] not in taken or by_name[one] == has)),
        found.get(BUSINESS_DAY),
    )  # fmt: skip
    is_open = has is None or has in (time, day)
    if is_open and isinstance(day, str) and day != time:
        found[AT] = [day, time]


def of_business_day(fields: Iterable[Field], columns: Mapping[str, str | list[str]]) -> list[str]:
    """The columns of a moment in two parts whose day is headed as a business day."""
    parts = columns.get(AT, [])
    if isinstance(parts, str) or len(parts) < 2:
        return []
    known = {flat(one) for one in headings_of("", BUSINESS_DAY)}
    has_one = any(field.name == BUSINESS_DAY for field in fields)
    return [one for one in parts if flat(one) in known][:1] if has_one else []


def fitted(
    kind: str, said: Columns | None, fields: Sequence[Field], columns: Sequence[str]
) -> Columns:
    """A mapping that names a column for each field that the file has one for.

    Raises BadMapping for a field that we do not have, MissingColumn for one that must be there.
    """
    known = {field.name for field in fields}
    base = said or Columns()
    strange = sorted({*base.columns, *base.constants, *base.converters} - known)
    if strange:
        raise BadMapping(why=f"{', '.join(strange)[:100]}")
    used = {one for name in base.columns for one in base.names(name)} | set(base.more.values())
    # What a mapping is silent about is guessed among the columns that it leaves.
    left = [one for one in columns if one not in used]
    quiet = [f for f in fields if f.name not in base.columns and f.name not in base.constants]
    found = {**guess(kind, quiet, left), **base.columns}
    has = set(columns)
    read = _read_as(found, has)
    for field_name in base.columns:
        missing = [one for one in base.names(field_name) if one not in has]
        if missing:
            raise MissingColumn(field=field_name, **read, **_headed(missing, missing))
    for own, column in base.more.items():
        if column not in has:
            raise MissingColumn(field=own, **read, **_headed([column], [column]))
    found = {name: said for name, said in found.items() if said != []}
    for field in fields:
        if field.must and field.name not in found and field.name not in base.constants:
            raise MissingColumn(field=field.name, **read, **_may_be_headed(kind, field.name))
    return msgspec.structs.replace(base, columns=found)


def _read_as(found: Mapping[str, str | list[str]], has: set[str]) -> dict[str, str]:
    """The columns that are read already; of a file without headings none, whoever stands in it."""
    pairs = ((name, [said] if isinstance(said, str) else said) for name, said in found.items())
    told = [f"{name} = {' + '.join(theirs)}" for name, theirs in pairs if has.issuperset(theirs)]
    return {"read_ja": "、".join(told)[:_READ_MAX] or "なし",
            "read": ", ".join(told)[:_READ_MAX] or "none"}  # fmt: skip


def _may_be_headed(kind: str, field: str) -> dict[str, str]:
    """What a column may be called, for each language, those of its own letters first."""
    known = headings_of(kind, field)
    if field == AT:
        known = [*known[:3], "date + time", *known[3:], "営業日＋時刻"]
    plain = [one for one in known if one.isascii()]
    japanese = [one for one in known if not one.isascii()]
    return _headed(plain[:6], [*japanese[-1:], *japanese[:5]] if field == AT else japanese[:6])


def _headed(plain: Sequence[str], japanese: Sequence[str]) -> dict[str, str]:
    return {
        "columns": ", ".join(plain)[:100],
        "columns_ja": "、".join(japanese or plain)[:100],
    }


class Reader:
    """Reads rows by the fields of a kind. Made once a file."""

    def __init__(self, mapping: Columns, fields: Sequence[Field]) -> None:
        self.mapping = mapping
        self._zone = mapping.written_zone
        self._fields: list[tuple[Field, tuple[str, ...], Callable[[Any], Any]]] = []
        self.constants: dict[str, Any] = {}
        by_name = {field.name: field for field in fields}
        for name, said in mapping.constants.items():
            reads = self._reads(by_name[name])
            try:
                self.constants[name] = reads(said)
            except BadValue:
                raise BadMapping(why=f"constants {name}") from None
        for name, field in by_name.items():
            if name in mapping.columns and name not in mapping.constants:
                columns = tuple(mapping.names(name))
                self._fields.append((field, columns, self._reads(field)))

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that a row says, converted; what is empty is absent.

        Raises BadRow, which names all that is wrong with it.
        """
        found = dict(self.constants)
        faults: list[tuple[str, str]] = []
        for field, columns, reads in self._fields:
            try:
                if len(columns) == 1:
                    value = row.get(columns[0])
                    read = reads(value) if value is not None and value != "" else None
                elif field.reads == MONEY:
                    read = _sum(row, columns, reads)
                else:
                    is_moment = field.name == AT
                    joined = _moment(row, columns) if is_moment else _joined(row, columns)
                    read = reads(joined) if joined else None
            except BadValue as cause:
                faults.append((cause.reason, field.name))
                continue
            if read is not None and read != "":
                found[field.name] = read
            elif field.must:
                faults.append(("empty", field.name))
        if faults:
            raise BadRow.of(faults)
        return found

    def one(self, row: Mapping[str, Any], name: str) -> Any:
        """One field of a row, whatever is wrong with the others; None where it cannot be read."""
        if name in self.constants:
            return self.constants[name]
        for field, columns, reads in self._fields:
            if field.name == name:
                try:
                    if len(columns) == 1:
                        said = row.get(columns[0])
                    else:
                        said = _moment(row, columns) if name == AT else _joined(row, columns)
                    return None if said is None or said == "" else reads(said)
                except BadValue:
                    return None
        return None

    def more(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The file's own columns that the mapping keeps, as texts."""
        found = {}
        for name, column in self.mapping.more.items():
            value = row.get(column)
            if value is not None and value != "":
                found[name] = value if isinstance(value, bool | int | float) else str(value).strip()
        return found

    def _reads(self, field: Field) -> Callable[[Any], Any]:
        how = self.mapping.converters.get(field.name, field.reads)
        reads = self._named(how)
        prefix = self.mapping.prefixes.get(field.name)
        if prefix is None:
            return reads
        return lambda value: f"{prefix}{said}" if (said := reads(value)) != "" else ""

    def _named(self, how: str) -> Callable[[Any], Any]:
        order = self.mapping.dates
        if how == DAY:
            return lambda value: "" if converting.is_no_day(value) else converting.day(value, order)
        if how == MOMENT:
            return lambda value: (
                ""
                if converting.is_no_day(value)
                else converting.moment(value, self._zone, order)[0]
            )
        if how == MONEY:
            currency = self.mapping.currency.upper()
            return lambda value: converting.minor(value, currency)
        return converting.CONVERTERS[how]


def _joined(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """Several columns of one field: a day and a time, the parts of an address."""
    found = [row.get(one) for one in columns]
    return " ".join(str(one).strip() for one in found if one is not None and one != "")


def _moment(row: Mapping[str, Any], columns: Sequence[str]) -> str:
    """A day and a time, as tills write them: the time as 915 or 101530, midnight after the day.

    A second column that says the day, too, says it all.
    """
    found = [narrow(row.get(one)) for one in columns]
    parts = [one for one in found if one]
    if len(parts) != 2:
        return " ".join(parts)
    day, time = parts
    if _SAYS_DAY.match(time):
        return time
    if time.isascii() and time.isdigit() and _PACKED_MIN <= len(time) <= _PACKED_MAX:
        even = time.zfill(4 if len(time) <= 4 else _PACKED_MAX)
        time = ":".join(even[at : at + 2] for at in range(0, len(even), 2))
    return f"{_MIDNIGHT.sub('', day)} {time}"


def _sum(row: Mapping[str, Any], columns: Sequence[str], reads: Callable[[Any], int]) -> int | None:
    found = [row.get(one) for one in columns]
    said = [reads(one) for one in found if one is not None and one != ""]
    return sum(said) if said else None
