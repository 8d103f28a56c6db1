"""Files as rows: CSV, TSV, NDJSON, Parquet and plain lines, packed by gzip or not; streamed."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from setten.imports import arrays, bounds, headings, letters, parquet, short
from setten.imports.bounds import (
    COLUMNS_MAX,
    LINE_CHARS_MAX,
    ROW_CHARS_MAX,
    UNPACKED_BYTES_FREE,
    UNPACKED_TIMES_MAX,
)
from setten.imports.model import UnpacksTooFar, UnreadableFile, Values
from setten.imports.short import Cells

# A file that ends in its middle, or was never what its name says.
_BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowException)
_GZIP = b"\x1f\x8b"
_PIECE_BYTES = 16 * 1024
_BEGINNING_BYTES = 8
LINE = "line"
"""The one column of a file of plain lines."""
FORMATS = {".parquet": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson",
           ".log": "lines", ".csv": "csv", ".tsv": "csv", ".txt": "csv"}  # fmt: skip
REASON, ROW = "setten_reason", "setten_row"
_PASSED: Values = {}
_LOST = "\ufffd"  # stands for a letter that somebody could not read, here or before
_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0")
_decode = msgspec.json.Decoder().decode


class Raw(msgspec.Struct, frozen=True, gc=False):
    """One row. number: 1 is the first below the headings. problem: a code, where it has no form.

    weight: how many characters it was, or bytes, about; 0 is not known. It is the same whether
    the row was passed over or not.
    """

    number: int
    values: Values
    problem: str | None = None
    weight: int = 0


class Table:
    """An open file of rows. `columns` are its headings; `encoding` is for people, None if none.

    passes: while set, rows may come without what stands in them: another process takes them.
    """

    def __init__(self, path: Path, *, format_: str | None = None, encoding: str = "auto") -> None:
        self.path = path
        self.size = path.stat().st_size
        self._file = path.open("rb")
        self.format = format_ or _format_of(path)
        self.encoding: str | None = None
        self.columns: list[str] = []
        self.is_refused_file = False
        self.passes = False
        try:
            self._rows = self._open(encoding)
        except (*_BROKEN, OSError) as cause:
            self._file.close()
            if self._is_broken(cause):
                raise UnreadableFile(why=type(cause).__name__) from cause
            raise
        except BaseException:
            self._file.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def position(self) -> int:
        """Bytes of the file read so far."""
        return self.size if self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[Raw]:
        try:
            yield from self._rows
        except (*_BROKEN, OSError) as cause:
            if not self._is_broken(cause):
                raise
            raise UnreadableFile(why=type(cause).__name__) from cause

    def _open(self, encoding: str) -> Iterator[Raw]:
        if self.format == "parquet":
            return self._parquet()
        head = _head(self.path)
        codec = letters.codec_of(head, encoding)
        self.encoding = letters.name_of(codec)
        # What does not read is marked, so that its row alone is refused.
        errors = letters.marking(codec)
        text = io.TextIOWrapper(_unpacked(self._file), encoding=codec, errors=errors, newline="")
        if self.format == "csv":
            return self._csv(text)
        if self.format == "ndjson":
            return self._ndjson(text, arrays.begins(letters.decoded(head, codec)))
        return self._lines(text)

    def _csv(self, text: io.TextIOWrapper) -> Iterator[Raw]:
        csv.field_size_limit(LINE_CHARS_MAX)
        ahead, delimiter, above = headings.found(text)
        lines = _Lines(ahead, text)
        rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        try:
            self.columns = _named(next(rows, []))
        except csv.Error as cause:
            raise UnreadableFile(why=str(cause)[:100]) from cause
        self.is_refused_file = REASON in self.columns
        return self._csv_rows(_cells(rows, lines, above))

    def _csv_rows(self, found: Iterator[Cells]) -> Iterator[Raw]:
        columns, width = self.columns, len(self.columns)
        for row in short.judged(found, width):
            cells = row.cells
            if row.problem == "cell_too_large":
                yield Raw(row.number, {}, "cell_too_large")
            elif self.passes:
                yield Raw(row.number, _PASSED, None, row.weight)
            elif row.problem is not None or any(cells[width:]):
                values = dict(zip(columns, cells, strict=False))
                yield Raw(row.number, values, row.problem or "too_many_cells", row.weight)
            else:
                if self.is_refused_file:
                    cells = [_without_quote(cell) for cell in cells]
                text = "".join(cells)
                if '="' in text:
                    cells = [_without_formula(cell) for cell in cells]
                values = dict(zip(columns, cells, strict=False))
                problem = None if _reads(text) and _LOST not in text else "bad_letters"
                yield Raw(row.number, values, problem, row.weight)

    def _ndjson(self, text: io.TextIOWrapper, is_array: bool) -> Iterator[Raw]:
        rows = self._ndjson_rows(text, is_array)
        first = next(rows, None)
        if first is not None:
            self.columns = list(first.values)[:COLUMNS_MAX]
            self.is_refused_file = REASON in first.values
        return _with_first(first, rows) if first is not None else iter(())

    def _ndjson_rows(self, text: io.TextIOWrapper, is_array: bool) -> Iterator[Raw]:
        lines = enumerate(arrays.elements(text), 1) if is_array else _numbered(text)
        for number, line in lines:
            if line is None:
                yield Raw(number, {}, "line_too_long")
                continue
            try:
                found = _decode(line.encode())
            except (msgspec.DecodeError, ValueError, RecursionError):
                yield Raw(number, {LINE: line}, "not_json", len(line))
                continue
            if isinstance(found, dict):
                yield Raw(number, found, None, len(line))
            else:
                yield Raw(number, {LINE: line}, "not_an_object", len(line))

    def _lines(self, text: io.TextIOWrapper) -> Iterator[Raw]:
        self.columns = [LINE]
        return (
            Raw(number, {}, "line_too_long")
            if line is None
            else Raw(number, {LINE: line}, None if _reads(line) else "bad_letters", len(line))
            for number, line in _numbered(text, passing="#")
        )

    def _parquet(self) -> Iterator[Raw]:
        self.columns, rows = parquet.opened(self._file, self.size)
        return (
            Raw(number, {}, "cell_too_large") if row is None else Raw(number, row[0], None, row[1])
            for number, row in enumerate(rows, 1)
        )

    def _is_broken(self, cause: Exception) -> bool:
        """Whether it is the file's fault; of broken pages of Parquet an OSError tells."""
        return isinstance(cause, _BROKEN) or self.format == "parquet"


def _format_of(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    return next((FORMATS[one] for one in reversed(suffixes) if one in FORMATS), "csv")


class _Lines:
    """The lines of a table. taken: characters since it was set to 0, of the row at hand.

    A quote that is open at the end of each line makes one row of all: it ends with csv.Error here,
    and the next row begins at the line behind.
    """

    def __init__(self, ahead: Sequence[str], text: io.TextIOWrapper) -> None:
        self._ahead, self._text = deque(ahead), text
        self.taken = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self.taken > ROW_CHARS_MAX:
            raise csv.Error("row too long")
        line = self._ahead.popleft() if self._ahead else self._text.readline(ROW_CHARS_MAX)
        if not line:
            raise StopIteration
        self.taken += len(line)
        return line


class _Packed(gzip.GzipFile):
    """A packed file that is not read further than files of its size go. Raises UnpacksTooFar."""

    def __init__(self, file: io.BufferedReader) -> None:
        super().__init__(fileobj=file)
        size = os.fstat(file.fileno()).st_size
        self._left = max(size * UNPACKED_TIMES_MAX, UNPACKED_BYTES_FREE)

    def read(self, size: int | None = -1) -> bytes:
        """As a file does."""
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        """As a file does."""
        return self._counted(super().read1(size))

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise UnpacksTooFar(times=UNPACKED_TIMES_MAX)
        return piece


def _unpacked(file: io.BufferedReader) -> Any:
    return _Packed(file) if file.peek(2)[:2] == _GZIP else file


def beginning(path: Path) -> bytes:
    """The first bytes of a file, unpacked if it is packed; as far as they can be read."""
    with path.open("rb") as file, contextlib.suppress(EOFError, zlib.error, gzip.BadGzipFile):
        return bytes(_unpacked(file).read(_BEGINNING_BYTES))
    return b""


def _head(path: Path) -> bytes:
    """The beginning of a file, as far as it can be unpacked."""
    parts: list[bytes] = []
    with path.open("rb") as file, contextlib.suppress(EOFError, zlib.error):
        stream = _unpacked(file)
        for _ in range(letters.LOOKED_AT_BYTES // _PIECE_BYTES):
            parts.append(stream.read(_PIECE_BYTES))
    return b"".join(parts)


def _named(cells: list[str]) -> list[str]:
    """Headings without what spreadsheets leave around them, each once."""
    if len(cells) > COLUMNS_MAX:
        raise UnreadableFile(why=f"{len(cells)} columns")
    names: dict[str, None] = {}
    for cell in cells:
        name = cell.strip("\ufeff \u3000\t\r\n")
        number = 2
        while name in names:
            name = f"{name.split('#')[0]}#{number}"
            number += 1
        names[name] = None
    return list(names)


def _reads(text: str) -> bool:
    """Whether all letters of a row could be read; a zero is none that can be kept."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _cells(rows: Any, lines: _Lines, number: int) -> Iterator[Cells]:
    """The rows of a table as its cells, without those that say nothing."""
    blank = 0
    while True:
        lines.taken = 0
        try:
            cells = next(rows, None)
        except csv.Error:
            number += 1
            yield Cells(number, [], 0, "cell_too_large")
            continue
        if cells is None:
            return
        number += 1
        if not any(cells):
            blank = bounds.one_more_blank(blank)
            continue
        blank = max(0, blank - 1)
        yield Cells(number, cells, lines.taken)


def _numbered(text: io.TextIOWrapper, passing: str = "") -> Iterator[tuple[int, str | None]]:
    """Lines that say something, with their numbers; None for one that is too long to be read.

    passing: what lines begin with that say nothing.
    """
    number = blank = 0
    while line := text.readline(LINE_CHARS_MAX):
        number += 1
        is_whole = line.endswith("\n") or len(line) < LINE_CHARS_MAX
        while line and not line.endswith("\n") and not is_whole:
            line = text.readline(LINE_CHARS_MAX)
        said = line.strip("\ufeff\r\n")
        if not is_whole:
            yield number, None
        elif not said.strip() or (passing and said.startswith(passing)):
            blank = bounds.one_more_blank(blank)
        else:
            blank = max(0, blank - 1)
            yield number, said


def _with_first(first: Any, rest: Iterable[Any]) -> Iterator[Any]:
    yield first
    yield from rest


def _without_quote(cell: str) -> str:
    """A cell of a refused file without the mark that kept a spreadsheet from running it."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def _without_formula(cell: str) -> str:
    """What ="00123" says: so a program keeps a spreadsheet from taking the zeros off."""
    is_one = cell[:2] == '="' and cell[-1:] == '"' and len(cell) > len('="')
    return cell[2:-1].replace('""', '"') if is_one else cell
