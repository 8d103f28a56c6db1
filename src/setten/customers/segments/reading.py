"""A file of identifiers: which column is of which kind, and which rows can be used."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import msgspec

from setten.customers.segments.model import BadList
from setten.platform.vault import Identifier, UnusableIdentifier, normalise

# A million rows with a handful of columns; whoever has more has more than one list.
BYTES_MAX = 64 * 1024 * 1024
ROWS_MAX = 1_000_000
CELL_CHARS_MAX = 1_000
COLUMNS_MAX = 100
_DELIMITERS = (",", "\t", ";")
_HEAD_CHARS_MAX = 10_000
_PIECE_BYTES = 1024 * 1024
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
    """A file that is being read. rows: one after another, as they are asked for, so that a list of
    a million takes no more memory than one of ten."""

    columns: tuple[str, ...]
    rows: Iterator[Usable | Refused]


def opened(file: BinaryIO) -> File:
    """The rows of a CSV in UTF-8, or in what spreadsheets write: CP932, UTF-16, tabs, semicolons.

    Raises BadList, also while rows are asked for.
    """
    encoding = _encoding(file)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    first = text.read(_HEAD_CHARS_MAX)
    text.seek(0)
    lines = csv.reader(text, delimiter=_delimiter(first))
    columns = tuple(cell.strip() for cell in _next(lines) or ())
    kinds = {
        place: kind
        for place, column in enumerate(columns[:COLUMNS_MAX])
        if (kind := _kind(column)) is not None
    }
    if not kinds:
        raise BadList(why="no_column", most=0)
    return File(columns, _rows(lines, kinds))


def _encoding(file: BinaryIO) -> str:
    """What the file is written in: gone through once from end to end, a piece at a time."""
    file.seek(0)
    is_wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if is_wide else ("utf-8-sig", "cp932"):
        file.seek(0)
        decoder, size = codecs.getincrementaldecoder(encoding)(), 0
        try:
            while piece := file.read(_PIECE_BYTES):
                size += len(piece)
                if size > BYTES_MAX:
                    raise BadList(why="too_large", most=BYTES_MAX // 1024 // 1024)
                if "\0" in decoder.decode(piece):
                    raise BadList(why="no_csv", most=0)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    raise BadList(why="no_csv", most=0)


def _next(lines: Iterator[list[str]]) -> list[str] | None:
    """The next line; None behind the last. Raises BadList."""
    try:
        return next(lines, None)
    except csv.Error:
        raise BadList(why="no_csv", most=0) from None


def _delimiter(text: str) -> str:
    """What parts the columns: of the first line, where names of columns hold none of them."""
    first = text.partition("\n")[0]
    return max(_DELIMITERS, key=first.count)  # of equals the first


def _kind(column: str) -> str | None:
    flat = "".join(c for c in column if c.isalnum()).casefold()
    return _KIND_BY_HEAD.get(flat)


def _rows(lines: Iterator[list[str]], kinds: Mapping[int, str]) -> Iterator[Usable | Refused]:
    count = 0
    while (cells := _next(lines)) is not None:
        count += 1
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
