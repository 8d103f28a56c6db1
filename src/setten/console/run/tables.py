"""Lists to take away: CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence

from litestar import Response
from litestar.response import Stream

from setten.console.page import HEADERS

RISKY = tuple("=+-@＝＋－＠\t\r\n\0")  # the wide ones too: a Japanese spreadsheet reads them alike
"""A cell that begins so is a formula to a spreadsheet; an apostrophe makes it text."""

BOM = "\ufeff"
"""Without it, spreadsheets read Japanese as something else."""


def safe(cell: object) -> str:
    """A cell that stays text."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(RISKY) else text


def as_csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response[str]:
    """A table as a download."""
    return Response(BOM + _text([head, *rows]), media_type="text/csv", headers=_headers(name))


def as_csv_gradually(
    name: str, head: Sequence[str], rows: AsyncIterable[Sequence[object]]
) -> Stream:
    """A table as a download whose first lines travel while the next are looked for."""

    async def lines() -> AsyncIterator[str]:
        yield BOM + _text([head])
        async for row in rows:
            yield _text([row])

    return Stream(lines(), media_type="text/csv", headers=_headers(name))


def _headers(name: str) -> dict[str, str]:
    return {**HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'}


def _text(rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue()
