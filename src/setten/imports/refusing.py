"""The file of refused rows: as they came, with number and reason, to be mended and given again.

It is made only where somebody asked for it, readable by its owner alone: people may stand in it.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from setten.imports.model import Outcome
from setten.imports.reading import LINE, REASON, ROW, Raw

_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0")  # the wide ones too, in a Japanese spreadsheet
_NUMBER = re.compile(r"[-+]?[\d.,]+")  # of a return, say: the mended file is given again
_BOM = b"\xef\xbb\xbf"  # without it a spreadsheet takes UTF-8 for something else
_encode = msgspec.json.Encoder(decimal_format="number").encode


class RefusedFile:
    """An open file of refused rows. Nothing is made before the first one."""

    def __init__(self, path: Path | None, format_: str, columns: Sequence[str]) -> None:
        self.path = path
        self._format = "csv" if format_ in ("csv", "parquet") else format_
        self._columns = [one for one in columns if one not in (REASON, ROW)]
        self._file: BinaryIO | None = None

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return 0 if self._file is None else self._file.tell()

    def begin(self, size: int) -> None:
        """Open it, keeping its first `size` bytes: what is beyond was not committed."""
        if self.path is not None and (size or self.path.exists()):
            self._open().truncate(min(size, self.size))
            self._open().seek(0, os.SEEK_END)

    def go_on(self, size: int) -> None:
        """Behind the `size` bytes that other processes have kept and committed."""
        if self.path is not None and (size or self.path.exists()):
            file = self._open()
            file.truncate(min(size, os.fstat(file.fileno()).st_size))
            file.seek(0, os.SEEK_END)

    def cut(self, size: int) -> None:
        """Take back what is beyond `size`: its rows were not committed."""
        if self._file is not None:
            self._file.truncate(size)
            self._file.seek(0, os.SEEK_END)

    def write(self, rows: Sequence[tuple[Raw, Outcome]]) -> None:
        """Keep rows, safe on the disk before it returns."""
        if self.path is None or not rows:
            return
        file = self._open()
        file.write(self._written(rows))
        file.flush()
        os.fsync(file.fileno())

    def close(self) -> None:
        """Done; a file in which nothing stands goes."""
        if self._file is not None:
            is_empty = self._file.tell() == 0
            self._file.close()
            if is_empty and self.path is not None:
                self.path.unlink()

    def _open(self) -> BinaryIO:
        if self._file is None:
            assert self.path is not None, "asked for"
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            self._file = os.fdopen(descriptor, "r+b")
            self._file.seek(0, os.SEEK_END)
        return self._file

    def _written(self, rows: Sequence[tuple[Raw, Outcome]]) -> bytes:
        if self._format == "csv":
            return self._csv(rows)
        if self._format == "ndjson":
            return b"".join(_object(row, why) + b"\n" for row, why in rows)
        return b"".join(
            f"# {row.number} {_reason(why)}\n{row.values.get(LINE, '')}\n".encode(errors="replace")
            for row, why in rows
        )

    def _csv(self, rows: Sequence[tuple[Raw, Outcome]]) -> bytes:
        text = io.StringIO()
        writer = csv.writer(text)
        start = b""
        if self.size == 0:
            start = _BOM
            writer.writerow([ROW, REASON, *self._columns])
        for row, why in rows:
            cells = (_safe(row.values.get(one)) for one in self._columns)
            writer.writerow([row.number, _reason(why), *cells])
        return start + text.getvalue().encode(errors="replace")


def _reason(why: Outcome) -> str:
    """All that is wrong, each as a code and the fields it is about."""
    return "; ".join(f"{code}: {field}" if field else code for code, field in why.faults)


def _object(row: Raw, why: Outcome) -> bytes:
    try:
        return _encode({**row.values, ROW: row.number, REASON: _reason(why)})
    except (ValueError, TypeError):  # half an emoji
        return _encode({ROW: row.number, REASON: _reason(why)})


def _safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    is_risky = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return "'" + text if is_risky else text
