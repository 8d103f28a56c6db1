"""How much of a file is read at once, and how far a packed one: a small file must not fill the
memory, nor run for hours."""

from __future__ import annotations

from setten.imports.model import UnreadableFile

LINE_CHARS_MAX = 64 * 1024  # of one line or cell: twice what one event may have
ROW_CHARS_MAX = 1 << 20  # of one row of a table: what has no end must not fill the memory
COLUMNS_MAX = 500
BLANK_ROWS_MAX = 1 << 20  # besides one for each row that says something: a spreadsheet has no more
UNPACKED_TIMES_MAX = 50  # tables pack to a tenth, the dullest of logs to a thirtieth
UNPACKED_BYTES_FREE = 16 << 20  # however small the file: it is read within a moment
BATCH_ROWS = 2_000  # of a Parquet file
LONG_BYTES = 2_000  # of one cell; a batch with longer ones becomes rows one by one
ROW_GROUP_BYTES = 512 << 20  # unpacked; usual ones are 128 MB
PREFIXED_BYTES = 16 << 20  # of values that are written as what they add to the one before


def one_more_blank(blank: int) -> int:
    """How many lines without a word there are more than others. Raises UnreadableFile."""
    if blank >= BLANK_ROWS_MAX:
        raise UnreadableFile(why=f"{BLANK_ROWS_MAX:,} blank lines")
    return blank + 1
