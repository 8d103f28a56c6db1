"""A file of identifiers: which column is of which kind, and which rows can be used."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping

import msgspec

from setten.customers.segments.model import BadList
from setten.platform.vault import Identifier, UnusableIdentifier, normalise

BYTES_MAX = 3 * 1024 * 1024  # a body may have 4 MB in all
ROWS_MAX = 100_000
CELL_CHARS_MAX = 1_000
COLUMNS_MAX = 100
_DELIMITERS = (",", "\t", ";")
_HEAD_CHARS_MAX = 10_000
# Heads of columns as shops and other systems write them, without spaces and signs.
_HEADS: Mapping[str, tuple[str, ...]] = {
    "user_id": ("userid", "customerid", "memberid", "会員id", "顧客id", "お客様番号"),
    "loyalty_card": ("loyaltycard", "card", "cardnumber", "membernumber", "会員番号", "カード番号",
                     "会員カード", "ポイントカード"),
    "line_id": ("lineid", "lineuserid", "line"),
    "email": ("email", "mail", "emailaddress", "mailaddress", "メール", "メールアドレス"),
    "phone": ("phone", "phonenumber", "tel", "telephone", "mobile", "電話", "電話番号", "携帯",
              "携帯電話", "携帯番号"),
}  # fmt: skip
_KIND_BY_HEAD = {head: kind for kind, heads in _HEADS.items() for head in heads}


class Usable(msgspec.Struct, frozen=True):
    """A row with somebody's identifiers, in the order of their strength."""

    identifiers: tuple[Identifier, ...]


class Refused(msgspec.Struct, frozen=True):
    """A row that cannot be used. line: in the file, from 1; reason: empty, unusable or too_long."""

    line: int
    cells: tuple[str, ...]
    reason: str


class File(msgspec.Struct, frozen=True):
    """What a file holds. Rows of the same person are counted each."""

    columns: tuple[str, ...]
    usable: tuple[Usable, ...]
    refused: tuple[Refused, ...]


def read(raw: bytes) -> File:
    """The rows of a CSV in UTF-8, or in what spreadsheets write: CP932, UTF-16, tabs, semicolons.

    Raises BadList.
    """
    if len(raw) > BYTES_MAX:
        raise BadList(why="too_large", most=BYTES_MAX // 1024 // 1024)
    text = _text(raw)
    if "\0" in text:
        raise BadList(why="no_csv", most=0)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        columns = tuple(cell.strip() for cell in next(lines, []))
        kinds = {
            place: kind
            for place, column in enumerate(columns[:COLUMNS_MAX])
            if (kind := _kind(column)) is not None
        }
        if not kinds:
            raise BadList(why="no_column", most=0)
        rows = list(_rows(lines, kinds))
    except csv.Error:
        raise BadList(why="no_csv", most=0) from None
    return File(
        columns,
        tuple(row for row in rows if isinstance(row, Usable)),
        tuple(row for row in rows if isinstance(row, Refused)),
    )


def _text(raw: bytes) -> str:
    is_wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadList(why="no_csv", most=0)


def _delimiter(text: str) -> str:
    """What parts the columns: of the first line, where names of columns hold none of them."""
    first = text[:_HEAD_CHARS_MAX].partition("\n")[0]
    return max(_DELIMITERS, key=first.count)  # of equals the first


def _kind(column: str) -> str | None:
    flat = "".join(c for c in column if c.isalnum()).casefold()
    return _KIND_BY_HEAD.get(flat)


def _rows(lines: Iterator[list[str]], kinds: Mapping[int, str]) -> Iterator[Usable | Refused]:
    for count, cells in enumerate(lines, start=1):
        if count > ROWS_MAX:
            raise BadList(why="too_many", most=ROWS_MAX)
        if any(cell.strip() for cell in cells):
            yield _row(count + 1, cells, kinds)


def _row(line: int, cells: list[str], kinds: Mapping[int, str]) -> Usable | Refused:
    said = {kind: cells[place].strip() for place, kind in kinds.items() if place < len(cells)}
    kept = tuple(cell[:CELL_CHARS_MAX] for cell in cells[:COLUMNS_MAX])
    if any(len(cell) > CELL_CHARS_MAX for cell in cells) or len(cells) > COLUMNS_MAX:
        return Refused(line, kept, "too_long")
    if not any(said.values()):
        return Refused(line, kept, "empty")
    # In the order of strength, whatever the order of the columns.
    found = [
        identifier
        for kind in _HEADS
        if said.get(kind) and (identifier := _identifier(kind, said[kind])) is not None
    ]
    return Usable(tuple(found)) if found else Refused(line, kept, "unusable")


def _identifier(kind: str, value: str) -> Identifier | None:
    try:
        return normalise(kind, value)
    except UnusableIdentifier:
        return None
