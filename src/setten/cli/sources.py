"""sources: who may send events, and with which public key."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from setten.cli import installation, terminal
from setten.customers import ingest
from setten.customers.ingest import Source, WriteKey
from setten.platform import audit, clock, ids
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection

sources = typer.Typer(help="Who may send events.", no_args_is_help=True)

DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@sources.command("list")
def list_sources(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every source with its newest key, which is public."""
    found = installation.with_connection(ingest.sources.list_all, data_dir)
    rows = [_row(source, keys) for source, keys in found]
    if as_json:
        terminal.as_json(rows)
    else:
        terminal.table(rows)


def _row(source: Source, keys: tuple[WriteKey, ...]) -> dict[str, Any]:
    return {
        "source_id": source.source_id,
        "name": source.name,
        "channel": source.channel,
        "system": source.system,
        "is_record": source.is_record,
        "write_key": keys[-1].write_key if keys else None,
        "revoked_at": source.revoked_at,
    }


@sources.command("create")
def create_source(
    name: Annotated[str, typer.Option(help="How people see it.")],
    channel: Annotated[str, typer.Option(help="web, app, store, line, mail, chat …")],
    system: Annotated[
        str | None, typer.Option(help="Whose word it is; the channel if not given.")
    ] = None,
    is_record: Annotated[
        bool, typer.Option("--is-record", help="Its orders are the orders; others are evidence.")
    ] = False,
    origin: Annotated[
        list[str] | None, typer.Option(help="A page that may send: https://shop.example. Repeats.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a source and print its write key, alone."""
    key = ids.token()

    async def work(conn: Connection) -> None:
        await ingest.sources.create(
            conn,
            name=name,
            channel=channel,
            write_key=key,
            now=clock.now(),
            system=system,
            is_record=is_record,
            origins=origin or (),
        )

    installation.with_connection(work, data_dir, makes=True)
    terminal.result(key)


SourceNumber = Annotated[int, typer.Argument(help="Its number in `sources list`.")]


@sources.command("rotate")
def rotate_source(source_id: SourceNumber, data_dir: DataDir = None) -> None:
    """Give a source a new key and print it, alone; the old one goes on for a day."""
    key = ids.token()

    async def work(conn: Connection) -> None:
        now = clock.now()
        await ingest.sources.rotate(conn, source_id, write_key=key, now=now)
        await audit.note(conn, SYSTEM, "source.rotated", at=now, subject=str(source_id))

    installation.with_connection(work, data_dir)
    terminal.result(key)


@sources.command("change")
def change_source(
    source_id: SourceNumber,
    origin: Annotated[
        list[str] | None, typer.Option(help="A page that may send. Repeats; none means any.")
    ] = None,
    rate: Annotated[
        int, typer.Option(help="Events a second, over all workers.")
    ] = ingest.sources.RATE_PER_S_DEFAULT,
    data_dir: DataDir = None,
) -> None:
    """Set which pages may send for a source, and how much."""

    async def work(conn: Connection) -> None:
        await ingest.sources.change(conn, source_id, origins=origin or (), rate_per_s=rate)
        await audit.note(conn, SYSTEM, "source.changed", at=clock.now(), subject=str(source_id))

    installation.with_connection(work, data_dir)


@sources.command("revoke")
def revoke_source(source_id: SourceNumber, data_dir: DataDir = None) -> None:
    """Close a source: its next event is refused."""

    async def work(conn: Connection) -> None:
        now = clock.now()
        await ingest.sources.revoke(conn, source_id, now=now)
        await audit.note(conn, SYSTEM, "source.revoked", at=now, subject=str(source_id))

    installation.with_connection(work, data_dir)
