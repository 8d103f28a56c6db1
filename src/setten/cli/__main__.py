"""`python -m setten.cli`, which the shell script `setten` runs."""

from __future__ import annotations

import sys

import asyncpg
import typer

from setten import __version__
from setten.cli import accounts, imports, predicting, serving, sources, terminal, testing, upkeep
from setten.platform import journal
from setten.platform.db.pool import DatabaseUnavailable
from setten.platform.errors import SettenError

app = typer.Typer(
    name="setten",
    help="Setten (接点): one customer, one stock, one voice, one measure.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(serving.demo)
app.command()(serving.serve)
app.command()(serving.worker)
app.command()(upkeep.migrate)
app.add_typer(accounts.keys, name="keys")
app.add_typer(accounts.users, name="users")
app.add_typer(sources.sources, name="sources")
app.command()(upkeep.rebuild)
app.command()(upkeep.reconcile)
app.command()(upkeep.doctor)
app.command()(predicting.predict)
app.command("test")(testing.everything)
app.add_typer(imports.app, name="import")
app.add_typer(imports.receipts_app, name="receipts")


@app.command()
def version() -> None:
    """Print the version."""
    terminal.result(__version__)


# Not there, just starting or recovering, or full.
_NO_DATABASE = (
    ConnectionError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


def main() -> None:
    """Run one command; a refusal is one line and status 1, never a traceback."""
    journal.configure("warning")
    try:
        app(prog_name="setten")
    except SettenError as error:
        terminal.refusal(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except _NO_DATABASE:
        terminal.refusal(DatabaseUnavailable())
        sys.exit(1)
    except OSError as error:
        print(f"setten: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        terminal.fault(error)
        sys.exit(1)


if __name__ == "__main__":
    main()
