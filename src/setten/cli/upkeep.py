"""migrate, reconcile, rebuild, doctor: looking after an installation."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, cast

import msgspec
import typer

from setten.cli import checks, installation, terminal
from setten.operations import checkup
from setten.platform import settings, supervisor
from setten.platform.db import Connection, embedded

if TYPE_CHECKING:  # it takes a moment to load, and few commands need it
    from setten.background import Means
    from setten.stock import ledger

PROGRESS_S = 5  # between two lines of progress: enough to see that it goes on
DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def migrate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring the database to this version and print what was applied."""
    found = settings.load({"data_dir": data_dir})
    if found.database_url is not None:
        applied = asyncio.run(supervisor.migrate(found.database_url))
    else:
        with embedded.using(found.data_dir, say=installation.progress) as dsn:
            applied = asyncio.run(supervisor.migrate(dsn))
    if as_json:
        terminal.as_json({"applied": applied})
        return
    for name in applied:
        terminal.result(name)
    if not applied:
        terminal.note("すでに最新です", "Already up to date")


def reconcile(
    data_dir: DataDir = None,
    as_json: AsJson = False,
    after: Annotated[
        str, typer.Option(help="Go on behind this sku, where a proof was broken off.")
    ] = "",
) -> None:
    """Prove balances by their ledger, and sums of receipts. Ends with 1 when anything drifts."""
    from setten.stock import ledger, receipts

    async def work(conn: Connection) -> tuple[ledger.Proof, list[ledger.Drift]]:
        proof = await ledger.reconcile(conn, after=after, told=_told())
        return proof, await receipts.drifts(conn)

    proof, money = installation.with_connection(work, data_dir, is_whole=False)
    rows = [msgspec.to_builtins(drift) for drift in (*proof.drifts, *money)]
    if as_json:
        terminal.as_json({"drifts": rows, "sums": proof.sums})
    else:
        terminal.table(rows)
        terminal.note(f"ずれ {len(rows)} 件", f"{len(rows)} drifting")
    if rows or not proof.is_clean:
        raise typer.Exit(1)


def _told() -> Callable[[ledger.Progress], None]:
    """Says how far the proof is, every few seconds, and from where it could go on."""
    told_at = time.monotonic()

    def tell(at: ledger.Progress) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= PROGRESS_S:
            told_at = time.monotonic()
            terminal.note(
                f"約 {at.about:,} 件のうち {at.rows:,} 件（--after {at.sku} で続きから）",
                f"{at.rows:,} of about {at.about:,} (--after {at.sku} goes on from here)",
            )

    return tell


def rebuild(projection: str, data_dir: DataDir = None) -> None:
    """Make a projection anew from the log, beside the old one, and swap it in."""
    from setten import background

    async def work(means: Means) -> bool:
        known = background.rebuilds(means)
        if projection not in known:
            names = ", ".join(sorted(known))
            raise typer.BadParameter(f"{projection!r} is none of {names}", param_hint="PROJECTION")
        # Each of them takes `progress`; the table of them promises no more than a call.
        make = cast("Callable[..., Awaitable[object]]", known[projection])
        await make(progress=_progress())
        return True

    began = time.monotonic()
    installation.with_means(work, data_dir)
    seconds = time.monotonic() - began
    terminal.note(f"作り直しました（{seconds:.1f} 秒）", f"Rebuilt in {seconds:.1f} s")


def _progress() -> Callable[[int], None]:
    """Says how many rows have been read, every few seconds, to the person who waits."""
    told_at = time.monotonic()

    def tell(done: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= PROGRESS_S:
            told_at = time.monotonic()
            terminal.note(f"{done:,} 件まで読みました", f"{done:,} read so far")

    return tell


_SIGNS = {"fine": "ok  ", "look": "LOOK", "bad": "BAD "}


def _line(check: checkup.Check, locale: str) -> str:
    name = checkup.title(check.name, locale)
    gap = " " * max(1, 26 - terminal.columns(name))
    return f"{_SIGNS[check.state]}  {name}{gap}{checkup.shown(check, locale)}"


def doctor(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Look at everything that commonly goes wrong. Ends with 1 when something is."""
    found = settings.load({"data_dir": data_dir})
    where = supervisor.address(found.data_dir) or found.base_url
    seen = checks.look(msgspec.structs.replace(found, base_url=where))
    locale = terminal.locale()
    if as_json:
        terminal.as_json(
            [
                {"check": c.name, "ok": c.is_fine, "state": c.state, "found": c.found,
                 "mend": checkup.mend(c, locale)}
                for c in seen
            ]
        )  # fmt: skip
    else:
        for check in seen:
            terminal.result(_line(check, locale))
            if advice := checkup.mend(check, locale):
                terminal.result(f"      {advice}")
    if not all(check.is_fine for check in seen):
        bad = sum(not check.is_fine for check in seen)
        print(f"setten: {bad}", terminal.pick("件に問題があります", "wrong"), file=sys.stderr)
        raise typer.Exit(1)
