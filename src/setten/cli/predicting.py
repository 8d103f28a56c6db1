"""predict: what customers will probably do next, from a file of purchases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from setten.cli import terminal


def predict(
    purchases: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="CSV: customer, date, value.")
    ],
    until: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], help="The last day that is looked at."),
    ],
    horizon_days: Annotated[int, typer.Option(help="How many days ahead.")],
    out: Annotated[
        Path,
        typer.Option(
            dir_okay=False,
            help="CSV to write: customer, expected_purchases, p_active, expected_value.",
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Forecast each customer's purchases and spending from a CSV of purchases; no database."""
    from setten.customers.predictions import files

    done = files.predict(purchases, out, until=until.date(), horizon_days=horizon_days)
    if as_json:
        terminal.as_json(done)
        return
    terminal.note(
        f"{done.customers} 人、{horizon_days} 日間で {done.expected_purchases:.0f} 回の見込み。"
        f"{out} に書きました",
        f"{done.customers} customers, {done.expected_purchases:.0f} purchases expected in "
        f"{horizon_days} days; written to {out}",
    )
    if done.later or done.returns:
        terminal.note(
            f"見ていない行：{until:%Y-%m-%d} より後 {done.later}、返品 {done.returns}",
            f"Rows not counted: {done.later} after {until:%Y-%m-%d}, {done.returns} returns",
        )
