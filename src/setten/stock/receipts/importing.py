"""Receipts from files: CSV or Parquet, streamed, some thousand lines a transaction.

A file may be given again: what is there already is counted as such. Lines of one receipt stand
together in the file (interleaving within one chunk is no matter).
"""

from __future__ import annotations

import codecs
import contextlib
import csv
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import msgspec
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from setten.platform import clock, db
from setten.platform.db import Connection, Pool
from setten.platform.vault import Identifier, UnusableIdentifier, Vault, normalise
from setten.stock import locations
from setten.stock.locations import Location
from setten.stock.receipts.mapping import (
    BadMapping,
    BadRow,
    Columns,
    Line,
    NotUtf8,
    RowReader,
)
from setten.stock.receipts.model import LINES_MAX, Receipt, Result
from setten.stock.receipts.service import book

ROWS_A_COMMIT = 5_000  # DESIGN: no writing transaction lasts over 2 s
_CSV_BLOCK_BYTES = 1 << 20
_LOOKED_AT_BYTES = 1 << 20  # names of shops and goods stand in the first rows
ENCODINGS = ("auto", "utf-8", "cp932")
_REASON = "setten_reason"
_ROW = "setten_row"
_FORMULA = tuple("=+-@＝＋－＠\t\r\n\0")  # the wide ones too, in a Japanese spreadsheet
_NUMBER = re.compile(r"[-+]?[\d.,]+")  # of a return, say: the mended file is given again


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """moves_stock: false for history. creates_places: make shops that are not known yet.

    encoding: of a CSV: utf-8, cp932 (Shift_JIS as tills write it), or auto to look.
    """

    columns: Columns
    moves_stock: bool = False
    creates_places: bool = False
    by: str = "system:import"
    encoding: str = "auto"


class Summary(msgspec.Struct, kw_only=True):
    """What came of a file. rows = booked + already + refused, in lines."""

    rows: int = 0
    booked_rows: int = 0
    already_rows: int = 0
    refused_rows: int = 0
    receipts: int = 0
    total_minor: int = 0
    currency: str = ""
    refused_file: str | None = None


class _Told(msgspec.Struct, kw_only=True):
    """A receipt being gathered, with the rows of the file that make it."""

    first: Line
    rows: list[tuple[int, dict[str, Any]]]
    lines: list[Line]


def count_rows(path: Path) -> int | None:
    """How many rows a file has, where that is cheap to know."""
    if path.suffix == ".parquet":
        return int(pa.parquet.ParquetFile(path).metadata.num_rows)
    return None


def encoding_of(path: Path, said: str = "auto") -> str:
    """How the letters of a CSV are written: as said, else as its first megabyte reads.

    Raises NotUtf8 when it is neither UTF-8 nor CP932.
    """
    if said not in ENCODINGS:
        raise NotUtf8(encoding=said[:40])
    if said != "auto":
        return "utf-8-sig" if said == "utf-8" else said
    with path.open("rb") as file:
        head = file.read(_LOOKED_AT_BYTES)
    for name in ("utf-8-sig", "cp932"):
        with contextlib.suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(name)().decode(head, final=False)
            return name
    raise NotUtf8()


def _batches(path: Path, encoding: str) -> Iterator[pa.RecordBatch]:
    try:
        if path.suffix == ".parquet":
            yield from pa.parquet.ParquetFile(path).iter_batches(batch_size=ROWS_A_COMMIT)
        else:
            # All text: a leading zero of a code is a part of it.
            letters = encoding_of(path, encoding)
            options = pa.csv.ReadOptions(
                block_size=_CSV_BLOCK_BYTES, encoding="cp932" if letters == "cp932" else "utf8"
            )
            with path.open(encoding=letters, newline="") as file:
                names = next(csv.reader(file), [])
            convert = pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
            yield from pa.csv.open_csv(path, read_options=options, convert_options=convert)
    except UnicodeDecodeError as cause:
        raise NotUtf8() from cause
    except pa.ArrowInvalid as cause:
        if "UTF8" in str(cause):
            raise NotUtf8() from cause
        raise BadMapping(why=str(cause)[:200]) from cause


def _rows(path: Path, encoding: str) -> Iterator[tuple[list[str], list[dict[str, Any]]]]:
    for batch in _batches(path, encoding):
        names = [name.lstrip("\ufeff") for name in batch.schema.names]
        columns = [_plain(column).to_pylist() for column in batch.columns]
        yield (
            names,
            [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)],
        )


def _plain(column: pa.Array) -> pa.Array:
    """Moments in microseconds: finer ones would come as another library's type."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column


async def load(
    pool: Pool,
    vault: Vault,
    path: Path,
    options: Options,
    *,
    on_rows: Callable[[int], None] = lambda _: None,
) -> Summary:
    """Book all receipts of a file; rows that cannot be used go to `<file>.refused.csv`.

    Raises BadMapping, MissingColumn, NotUtf8, OSError.
    """
    summary = Summary(currency=options.columns.currency.upper())
    with _RefusedFile(path) as refused:
        waiting: dict[Any, _Told] = {}
        reader: RowReader | None = None
        number = 0
        for names, rows in _rows(path, options.encoding):
            reader = reader or RowReader(options.columns, names)
            last: Any = None
            for row in rows:
                number += 1
                last = _gather(reader, number, row, waiting, refused) or last
            # The last receipt may go on in the next batch.
            held_back = waiting.pop(last, None)
            await _flush(pool, vault, waiting, options, summary, refused)
            waiting = {} if held_back is None else {last: held_back}
            on_rows(len(rows))
        await _flush(pool, vault, waiting, options, summary, refused)
        summary.rows = number
        summary.refused_rows = refused.count
        summary.refused_file = str(refused.path) if refused.count else None
    return summary


def _gather(
    reader: RowReader,
    number: int,
    row: dict[str, Any],
    waiting: dict[Any, _Told],
    refused: _RefusedFile,
) -> Any:
    """Put a row to its receipt and answer the receipt's key; None for a row that is refused."""
    try:
        line = reader.read(row)
    except BadRow as why:
        refused.write(number, row, str(why))
        return None
    told = waiting.get(line.key)
    if told is None:
        told = waiting[line.key] = _Told(first=line, rows=[], lines=[])
    if len(told.lines) >= LINES_MAX:
        refused.write(number, row, "too_many_lines")
        return line.key
    told.rows.append((number, row))
    told.lines.append(line)
    return line.key


async def _flush(
    pool: Pool,
    vault: Vault,
    waiting: dict[Any, _Told],
    options: Options,
    summary: Summary,
    refused: _RefusedFile,
) -> None:
    """Book what was gathered, in one transaction."""
    told = list(waiting.values())
    if not told:
        return
    async with db.transaction(pool) as conn:
        cards = await _cards(conn, vault, told)
        if options.creates_places:
            await _create_places(conn, told, options)
        asked = [_receipt(one, cards, options) for one in told]
        results = await book(conn, asked, by=options.by, now=clock.now())
    for one, receipt, result in zip(told, asked, results, strict=True):
        _count(one, receipt, result, summary, refused)


async def _cards(conn: Connection, vault: Vault, told: Sequence[_Told]) -> dict[str, int]:
    wanted: dict[str, Identifier] = {}
    for one in told:
        card = one.first.loyalty_card
        if card is not None and card not in wanted:
            try:
                wanted[card] = normalise("loyalty_card", card)
            except UnusableIdentifier:
                continue  # the sale stands; it only names nobody
    numbers = await vault.identify(conn, wanted.values())
    return {card: numbers[identifier] for card, identifier in wanted.items()}


async def _create_places(conn: Connection, told: Sequence[_Told], options: Options) -> None:
    wanted = {one.first.location_id for one in told}
    missing = sorted(wanted - await locations.known(conn, list(wanted)))
    if missing:
        places = [
            Location(
                location_id=name,
                name_ja=name,
                name_en=name,
                kind="shop",
                timezone=options.columns.timezone,
            )
            for name in missing
        ]
        await locations.put(conn, places, now=clock.now())


def _receipt(told: _Told, cards: dict[str, int], options: Options) -> Receipt:
    first = told.first
    return Receipt(
        location_id=first.location_id,
        register=first.register,
        sequence=first.sequence,
        business_day=first.business_day,
        at=first.at,
        currency=options.columns.currency.upper(),
        lines=tuple(line.line for line in told.lines),
        identifier_id=cards.get(first.loyalty_card) if first.loyalty_card else None,
        moves_stock=options.moves_stock,
    )


def _count(
    told: _Told, receipt: Receipt, result: Result, summary: Summary, refused: _RefusedFile
) -> None:
    rows = len(told.rows)
    if result.status == "refused":
        for number, row in told.rows:
            refused.write(number, row, result.reason or "refused", result.why)
        return
    if result.status == "already":
        summary.already_rows += rows
    else:
        summary.booked_rows += rows
        summary.receipts += 1
        summary.total_minor += receipt.total_minor


class _RefusedFile:
    """The rows that were refused, as they came, with row number and reason. Made when needed."""

    def __init__(self, source: Path) -> None:
        self.path = source.with_name(source.name + ".refused.csv")
        self.count = 0
        self._file: TextIO | None = None
        self._writer: Any = None

    def __enter__(self) -> _RefusedFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def write(self, number: int, row: dict[str, Any], reason: str, why: str | None = None) -> None:
        """Keep one row."""
        if self._file is None:
            self._file = self.path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow([_ROW, _REASON, *row])
        self.count += 1
        told = reason if why is None else f"{reason}: {why}"
        self._writer.writerow([number, told, *(_safe(value) for value in row.values())])


def _safe(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    is_risky = text.startswith(_FORMULA) and not _NUMBER.fullmatch(text)
    return "'" + text if is_risky else text
