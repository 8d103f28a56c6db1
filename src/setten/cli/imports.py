"""import: bring in what other systems have kept. receipts: look at what tills took."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from setten.cli import installation, terminal
from setten.customers import homes
from setten.platform import clock
from setten.platform.db import Connection
from setten.platform.supervisor import collector
from setten.stock import receipts as receipts_feature
from setten.stock.receipts import Total

if TYPE_CHECKING:  # reading files takes libraries that other commands need not load
    from setten.background import Means
    from setten.imports import Columns, Options, Progress, Summary

PACE_FROM_ROWS = 10_000
ROWS_NAMED = 5
"""Of one reason: enough to look at."""
app = typer.Typer(help="Bring in what other systems have kept.", no_args_is_help=True)
receipts_app = typer.Typer(help="What tills took.", no_args_is_help=True)

Files = Annotated[list[Path], typer.Argument(help="Files, one after the other.")]
Mapping = Annotated[
    str | None,
    typer.Option(
        "--mapping",
        help="Which column holds what: a TOML file, or the name of a shipped one. Without it the "
        "headings decide, and what they were taken for is printed.",
    ),
]
Dry = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Do all of it and take it back: what would change, and what is refused."
    ),
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on where the same import of this file was stopped.")
]
Encoding = Annotated[
    str,
    typer.Option(
        help="Letters of the file: auto, utf-8, cp932 (Shift_JIS), utf-16, euc-jp, iso-2022-jp "
        "(JIS), cp1252 (Latin-1, which is never taken for granted)."
    ),
]
Refused = Annotated[
    str | None,
    typer.Option(
        "--refused",
        help="Keep refused rows in this file, with their reasons, to be mended and given again. "
        "There may be people in it.",
    ),
]
System = Annotated[
    str | None, typer.Option(help="Whose word it is: the system that the file comes from.")
]
Channel = Annotated[str | None, typer.Option(help="Where it happened: web, store, phone …")]
DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@app.callback()
def _group() -> None:
    """Each kind is a word of its own."""


def _command(kind: str, help_: str) -> None:
    """A kind without options of its own."""

    def bring_in(
        files: Files,
        mapping: Mapping = None,
        is_dry: Dry = False,
        resumes: Resume = False,
        encoding: Encoding = "auto",
        refused: Refused = None,
        system: System = None,
        channel: Channel = None,
        data_dir: DataDir = None,
        as_json: AsJson = False,
    ) -> None:
        options = _options(mapping, is_dry, resumes, encoding, refused, system, channel)
        _print(_bring(kind, files, options, data_dir), as_json=as_json)

    app.command(kind, help=help_)(bring_in)


def _options(
    mapping: str | None,
    is_dry: bool,
    resumes: bool,
    encoding: str,
    refused: str | None,
    system: str | None = None,
    channel: str | None = None,
    **more: Any,
) -> Options:
    from setten.imports import Options

    return Options(
        mapping=mapping,
        is_dry=is_dry,
        resumes=resumes,
        encoding=encoding,
        refused_file=refused,
        system=system,
        channel=channel,
        **more,
    )


for _kind, _help in (
    ("customers", "Customers, one a row: who they are goes to the vault, who is whom is found."),
    ("contacts", "Contacts of a CRM, one a row, joined to customers by mail, phone or card."),
    ("activities", "What a CRM noted: calls, mails, visits, one a row; the words are sealed."),
    ("items", "What is sold, one sku a row. What the file does not say stays as it is."),
    ("locations", "Shops, warehouses and the online shop, one a row."),
    ("orders", "Orders of another system, one line of an order a row; each is an order once."),
    ("events", "Events as NDJSON, as Segment's clients send them, each with its messageId."),
    ("weblogs", "A web server's log (combined): the pages that people looked at, no bots."),
):
    _command(_kind, _help)


def _bring(kind: str, files: list[Path], options: Options, data_dir: str | None) -> list[Summary]:
    if options.refused_file is not None and len(files) > 1:
        raise typer.BadParameter("--refused takes the rows of one file", param_hint="--refused")
    _prove_there(files)

    async def work(means: Means) -> list[Summary]:
        return [await _one(means, kind, file, options) for file in files]

    return installation.with_means(work, data_dir)


def _prove_there(files: list[Path]) -> None:
    """Before the first is read: the second of two may be mistyped. Raises FileMissing."""
    from setten.imports import FileMissing

    for file in files:
        if not file.is_file():
            raise FileMissing(file=str(file))


async def _one(means: Means, kind: str, file: Path, options: Options) -> Summary:
    from setten import imports

    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
    collector.settle_down()
    started = time.monotonic()
    with bar:
        task = bar.add_task(file.name, total=None, rows=0)

        def on_progress(at: Progress) -> None:
            bar.update(task, completed=at.bytes_done, total=at.bytes_all, rows=at.rows)

        done = await imports.bring(
            means.pool,
            means.vault,
            imports.KINDS[kind],
            file,
            options,
            clock=clock.now,
            hands=imports.spare(str(means.settings.database_url), means.settings.key),
            on_mapping=_say_mapping,
            on_progress=on_progress,
        )
    _tell_pace(file.name, done.rows, time.monotonic() - started)
    return done


def _tell_pace(name: str, rows: int, seconds: float) -> None:
    """How long it took; of a few rows a pace would say nothing."""
    ja, en = f"{name}：{seconds:.1f} 秒", f"{name}: {seconds:.1f} s"
    if rows >= PACE_FROM_ROWS:
        pace = f"{rows / seconds * 60:,.0f}"
        ja, en = f"{ja}、毎分 {pace} 行", f"{en}, {pace} rows a minute"
    terminal.note(ja, en)


def _say_mapping(done: Summary, columns: Columns) -> None:
    from setten import imports

    if done.encoding:
        terminal.note(f"文字コード：{done.encoding}", f"Encoding: {done.encoding}")
    if not done.mapping:
        return
    terminal.note(
        "列の読み方（保存して直し、--mapping で渡せます）：",
        "How the columns are read (keep it, change it, give it by --mapping):",
    )
    print(imports.proposal(columns), file=sys.stderr)
    if done.unused:
        names = done.unused[:40]
        terminal.note(f"使わない列：{'、'.join(names)}", f"Columns not used: {', '.join(names)}")
    if imports.lacks_price(done.kind, columns):
        terminal.note("価格の列が見あたりません", "No price column found")


def _print(done: list[Summary], *, as_json: bool, more: dict[str, Any] | None = None) -> None:
    if as_json:
        terminal.as_json({"files": done, **(more or {})})
    else:
        for one in done:
            _tell(one)
    if any(one.refused for one in done):
        raise typer.Exit(1)


def _tell(one: Summary) -> None:
    from setten.imports import say

    if one.is_dry:
        terminal.note("試し：何も変えていません。", "A dry run: nothing was changed.")
    if one.resumed_at is not None:
        terminal.note(
            f"{one.resumed_at:,} 行目までは前回に取り込みました",
            f"Rows up to {one.resumed_at:,} had been brought in before",
        )
    terminal.note(
        f"{one.rows:,} 行：新しく {one.new:,}、変更 {one.changed:,}、同じ {one.same:,}、"
        f"対象外 {one.left_out:,}、使えない行 {one.refused:,}",
        f"{_counted(one.rows)}: {one.new:,} new, {one.changed:,} changed, {one.same:,} the same, "
        f"{one.left_out:,} left out, {one.refused:,} refused",
    )
    locale = terminal.locale()
    for reason, count in sorted(one.reasons.items(), key=lambda pair: -pair[1]):
        first = [shown for shown in one.shown if shown.reason == reason]
        words = say(reason, first[0].field if first else None, locale)
        _tell_rows(one, count, words, words, [shown.row for shown in first])
    for field, count in one.not_kept.items():
        _tell_rows(one, count, f"{field} が使えない形なので、その値だけを入れません",
                   f"{field} cannot be used, that value alone is left out",
                   one.not_kept_rows.get(field, []))  # fmt: skip
    if one.refused_file:
        terminal.note(f"使えない行は {one.refused_file}", f"Refused rows: {one.refused_file}")
    elif one.refused:
        terminal.note(
            "使えない行を受け取るには --refused FILE を付けてもう一度。重なりません。",
            "To get the refused rows run it again with --refused FILE; nothing counts twice.",
        )


def _tell_rows(one: Summary, count: int, ja: str, en: str, numbers: Sequence[int]) -> None:
    """What some rows have, and which they are: of many the first."""
    from setten.imports import rows

    first = list(dict.fromkeys(numbers))[:ROWS_NAMED]

    def which(locale: str) -> str:
        is_more = count > len(first)
        return rows(first, has_headings=one.has_headings, more=is_more, locale=locale)

    terminal.note(f"　{count:,} 行：{ja}" + (f"。{which('ja')}" if first else ""),
                  f"  {_counted(count)}: {en}" + (f"; {which('en')}" if first else ""))  # fmt: skip


def _counted(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


@app.command("receipts")
def import_receipts(
    files: Files,
    mapping: Mapping = None,
    moves_stock: Annotated[
        bool,
        typer.Option("--move-stock", help="Take the goods off today's stock; not for history."),
    ] = False,
    creates_places: Annotated[
        bool, typer.Option("--create-missing", help="Make shops that are not known yet.")
    ] = False,
    is_dry: Dry = False,
    resumes: Resume = False,
    encoding: Encoding = "auto",
    refused: Refused = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Receipts of tills, one line of a receipt a row; again is no matter."""
    options = _options(
        mapping,
        is_dry,
        resumes,
        encoding,
        refused,
        moves_stock=moves_stock,
        creates_places=creates_places,
    )
    done = _bring("receipts", files, options, data_dir)
    totals = installation.with_connection(receipts_feature.totals, data_dir)
    if not as_json:
        _print_totals(totals)
    _print(done, as_json=as_json, more={"totals": totals})


@app.command("stock")
def import_stock(
    files: Files,
    mapping: Mapping = None,
    again: Annotated[
        bool, typer.Option("--again", help="Set the levels of a file anew that was imported.")
    ] = False,
    is_dry: Dry = False,
    resumes: Resume = False,
    encoding: Encoding = "auto",
    refused: Refused = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Levels of stock, one item of one place a row: compared, and set by a count where they differ.

    A file is set once; `was` says what a level must be now to be set.
    """
    options = _options(mapping, is_dry, resumes, encoding, refused, again=again)
    _print(_bring("stock", files, options, data_dir), as_json=as_json)


@app.command("postcodes")
def import_postcodes(
    files: Files,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring in where postal codes are: a CSV of postcode, lat, lon, or the file of GeoNames.

    Homes of customers who told an address are worked out again. Again is no matter.
    """
    _prove_there(files)

    async def work(means: Means) -> tuple[list[homes.PostcodesRead], int]:
        done = []
        for file in files:
            with file.open(encoding="utf-8-sig", newline="") as lines:
                points, read = homes.read_postcodes(lines)
            await homes.put_postcodes(means.pool, points)
            done.append(read)
        return done, await homes.work_out_again(means.pool, means.vault)

    done, placed = installation.with_means(work, data_dir)
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


def _print_totals(totals: list[Total]) -> None:
    terminal.table([msgspec.to_builtins(one) for one in totals])
