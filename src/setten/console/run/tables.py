"""Lists to take away: CSV that a spreadsheet opens without running anything in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from litestar import Response

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
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe(cell) for cell in head])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return Response(
        BOM + out.getvalue(),
        media_type="text/csv",
        headers={**HEADERS, "Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
