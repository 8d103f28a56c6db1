"""Parquet files as rows. A few bytes may stand for millions, so not all is spread out at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from setten.imports.bounds import (
    BATCH_ROWS,
    COLUMNS_MAX,
    LINE_CHARS_MAX,
    LONG_BYTES,
    PREFIXED_BYTES,
    ROW_GROUP_BYTES,
    UNPACKED_BYTES_FREE,
    UNPACKED_TIMES_MAX,
)
from setten.imports.model import UnpacksTooFar, UnreadableFile, Values

Row: TypeAlias = tuple[Values, int] | None
"""What stands in a row, and how long its texts are; None where one of them is too long."""
_PREFIXED = "DELTA_BYTE_ARRAY"


def opened(source: IO[bytes], size: int) -> tuple[list[str], Iterator[Row]]:
    """The columns of a file of `size` bytes, and its rows. Raises UnpacksTooFar, UnreadableFile."""
    file = pq.ParquetFile(source)
    if file.metadata.num_rows > max(size * UNPACKED_TIMES_MAX, UNPACKED_BYTES_FREE):
        raise UnpacksTooFar(times=UNPACKED_TIMES_MAX)  # one nothing may stand for millions
    # A list in one cell could be of any length.
    flat = [one for one in file.schema_arrow if not pa.types.is_nested(one.type)]
    flat = [one for one in flat if not pa.types.is_fixed_size_binary(one.type)][:COLUMNS_MAX]
    strange, rows = _prefixed(file.metadata)
    # One value may stand for thousands: each comes once, with the rows that have it.
    texts = [one.name for one in flat if _is_text(one.type) and one.name not in strange]
    names = [one.name for one in flat]
    file = pq.ParquetFile(source, read_dictionary=texts)
    return names, _rows(file, names, rows) if names else iter(())


def _prefixed(about: Any) -> tuple[set[str], int]:
    """Columns that cannot be read so that each value comes once, and how many rows of them fit.

    Raises UnreadableFile where a part of the file is more than the memory for it.
    """
    names, most = set[str](), 0
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        columns = [group.column(i) for i in range(group.num_columns)]
        size = sum(one.total_uncompressed_size for one in columns)
        if size > ROW_GROUP_BYTES:
            raise UnreadableFile(why=f"row group: {size:,} bytes")
        names |= {one.path_in_schema for one in columns if "DELTA" in " ".join(one.encodings)}
        prefixed = (one.total_uncompressed_size for one in columns if _PREFIXED in one.encodings)
        most = max(most, sum(prefixed))
    return names, min(max(PREFIXED_BYTES // most, 1), BATCH_ROWS) if most else BATCH_ROWS


def _rows(file: Any, names: list[str], at_once: int) -> Iterator[Row]:
    for batch in file.iter_batches(at_once, columns=names):
        step = 1 if any(map(_is_long, batch.columns)) else at_once
        for start in range(0, batch.num_rows, step):
            yield from _spread(batch.slice(start, step))


def _is_text(kind: Any) -> bool:
    asked = pa.types
    kinds = (asked.is_string, asked.is_large_string, asked.is_binary, asked.is_large_binary)
    return any(one(kind) for one in kinds)


def _is_long(column: Any) -> bool:
    """Whether some text of a column is as long as a thousand others."""
    texts = column.dictionary if pa.types.is_dictionary(column.type) else column
    if not _is_text(texts.type):
        return False
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    return int(longest) > LONG_BYTES


def _spread(part: Any) -> Iterator[Row]:
    columns = [_plain(column).to_pylist() for column in part.columns]
    for values in zip(*columns, strict=True):
        lengths = [len(one) for one in values if isinstance(one, str | bytes)]
        if max(lengths, default=0) > LINE_CHARS_MAX:
            yield None
        else:
            yield dict(zip(part.schema.names, values, strict=True)), sum(lengths)


def _plain(column: Any) -> Any:
    """Moments in microseconds: finer ones would come as another library's type."""
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
