"""import: bring in what other systems have kept. receipts: look at what tills took."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from setten.api.state import Deps
from setten.cli import installation, terminal
from setten.customers import homes
from setten.platform.db import Connection
from setten.stock import receipts as receipts_feature
from setten.stock.receipts import importing, mapping
from setten.stock.receipts.importing import Options, Summary
from setten.stock.receipts.model import Total

app = typer.Typer(help="Bring in what other systems have kept.", no_args_is_help=True)
receipts_app = typer.Typer(help="What tills took.", no_args_is_help=True)

DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.callback()
def _group() -> None:
    """Each kind is a word of its own."""


@app.command("receipts")
def import_receipts(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    columns: Annotated[
        str | None,
        typer.Option(
            "--mapping", help="A TOML file, or the name of a shipped one: completejourney."
        ),
    ] = None,
    moves_stock: Annotated[
        bool,
        typer.Option("--move-stock", help="Take the goods off today's stock; not for history."),
    ] = False,
    creates_places: Annotated[
        bool, typer.Option("--create-missing", help="Make shops that are not known yet.")
    ] = False,
    encoding: Annotated[
        str, typer.Option(help="Letters of a CSV: auto, utf-8 or cp932 (Shift_JIS).")
    ] = "auto",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Book receipts from CSV or Parquet files, one row a line; again is no matter.

    Rows that cannot be used go to FILE.refused.csv. Ends with 1 when there are such.
    """
    options = Options(
        columns=mapping.load(columns),
        moves_stock=moves_stock,
        creates_places=creates_places,
        encoding=encoding,
    )

    async def work(deps: Deps) -> tuple[list[Summary], list[Total]]:
        done = [await _load(deps, file, options) for file in files]
        async with deps.pool.acquire() as conn:
            return done, await receipts_feature.totals(conn)

    done, totals = installation.with_deps(work, data_dir)
    _print(done, totals, as_json=as_json)
    if any(one.refused_rows for one in done):
        raise typer.Exit(1)


async def _load(deps: Deps, file: Path, options: Options) -> Summary:
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    with progress:
        task = progress.add_task(file.name, total=importing.count_rows(file))
        return await importing.load(
            deps.pool, deps.vault, file, options, on_rows=lambda n: progress.advance(task, n)
        )


def _print(done: list[Summary], totals: list[Total], *, as_json: bool) -> None:
    if as_json:
        terminal.as_json({"files": done, "totals": totals})
        return
    for one in done:
        terminal.note(
            f"{one.rows} 行：新しく {one.booked_rows}、登録ずみ {one.already_rows}、"
            f"使えない行 {one.refused_rows}",
            f"{one.rows} rows: {one.booked_rows} new, {one.already_rows} known already, "
            f"{one.refused_rows} refused",
        )
        if one.refused_file:
            terminal.note(f"使えない行は {one.refused_file}", f"Refused rows: {one.refused_file}")
    _print_totals(totals)


def _print_totals(totals: list[Total]) -> None:
    terminal.table([msgspec.to_builtins(one) for one in totals])


@app.command("postcodes")
def import_postcodes(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False)],
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring in where postal codes are: a CSV of postcode, lat, lon, or the file of GeoNames.

    Homes of customers who told an address are worked out again. Again is no matter.
    """

    async def work(deps: Deps) -> tuple[list[homes.PostcodesRead], int]:
        done = []
        for file in files:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                points, read = homes.read_postcodes(lines)
            await homes.put_postcodes(deps.pool, points)
            done.append(read)
        return done, await homes.work_out_again(deps.pool, deps.vault)

    done, placed = installation.with_deps(work, data_dir)
    if as_json:
        terminal.as_json({"files": done, "homes": placed})
        return
    for one in done:
        terminal.note(
            f"郵便番号 {one.codes} 件、使えない行 {one.refused}",
            f"{one.codes} postal codes, {one.refused} lines refused",
        )
    terminal.note(f"住所のあるお客様 {placed} 件を見直しました", f"{placed} homes worked out again")


@receipts_app.command("totals")
def show_totals(
    location_id: Annotated[str | None, typer.Option(help="One place only.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Receipts, lines and money by currency, all that this installation holds."""

    async def work(conn: Connection) -> list[Total]:
        return await receipts_feature.totals(conn, location_id=location_id)

    totals = installation.with_connection(work, data_dir)
    if as_json:
        terminal.as_json(totals)
    else:
        _print_totals(totals)
