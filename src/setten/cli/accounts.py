"""keys and users: who may call, and who may sign in."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated

import msgspec
import typer

from setten.cli import installation, terminal
from setten.platform import audit, auth, clock, ids
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection
from setten.platform.errors import Invalid, NotFound
from setten.platform.settings import Settings
from setten.stock import locations

# What a key for the tag or an SDK is nearly always for.
INGEST_CHANNEL = "web"


class NoAccount(NotFound):
    """Nobody signs in by that name there. facts: login, place."""

    code = "no_account"


keys = typer.Typer(help="Keys of programs.", no_args_is_help=True)
users = typer.Typer(help="Accounts of staff.", no_args_is_help=True)

DataDir = Annotated[str | None, typer.Option(help="Where everything of this installation lies.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


@keys.command("create")
def create_key(
    scope: Annotated[str, typer.Option(help="ingest, server, agent or public.")],
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, alone. It can never be shown again."""
    purpose = name or scope

    async def work(conn: Connection) -> str:
        if scope == "ingest":
            from setten.customers import ingest

            key = ids.token()
            await ingest.sources.create(
                conn, name=purpose, channel="other", write_key=key, now=clock.now()
            )
            return key
        return await auth.create_key(conn, scope=scope, name=purpose, now=clock.now())

    key = installation.with_connection(work, data_dir, makes=True)
    if as_json:
        terminal.as_json({"key": key, "scope": scope, "name": purpose})
    else:
        terminal.result(key)


async def _create_source(conn: Connection, name: str) -> str:
    """A write key belongs to a source; `sources create` says more about one than this."""
    from setten.customers import ingest

    key = ids.token()
    await ingest.sources.create(
        conn, name=name, channel=INGEST_CHANNEL, write_key=key, now=clock.now()
    )
    return key


@keys.command("list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every key: what for, how far, since when. Never the key itself."""
    rows = [dict(row) for row in installation.with_connection(auth.list_keys, data_dir)]
    if as_json:
        terminal.as_json(rows)
    else:
        terminal.table(rows)


@users.command("create")
def create_user(
    login: Annotated[str, typer.Option(help="What they sign in with.")],
    name: Annotated[str, typer.Option(help="How colleagues see them.")] = "",
    role: Annotated[str, typer.Option(help=", ".join(auth.ROLES))] = "associate",
    location: Annotated[
        list[str] | None, typer.Option(help="A shop they work for; home first. Repeats.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read a password from standard input.")
    ] = False,
    locale: Annotated[str, typer.Option(help="ja or en.")] = "ja",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and print a one-time sign-in link for its first use."""
    if locale not in ("ja", "en"):
        raise Invalid(errors="locale")
    password = sys.stdin.readline().rstrip("\n") if password_stdin else None

    async def work(conn: Connection) -> tuple[str, str]:
        now = clock.now()
        for place in location or ():
            await locations.get(conn, place)
        staff_id = await auth.create_staff(
            conn,
            login=login,
            name=name or login,
            role=role,
            password=password,
            locations=location or (),
            locale=locale,
            now=now,
        )
        return str(staff_id), await auth.issue_link(conn, login, now=now)

    with installation.opened(data_dir, makes=True) as found:
        staff_id, token = installation.on_connection(work, found)
    link = f"{found.base_url}/sign-in/link/{token}"
    if as_json:
        terminal.as_json({"staff_id": staff_id, "login": login, "role": role, "link": link})
    else:
        terminal.result(link)


@users.command("link")
def link_user(
    login: str,
    forget_password: Annotated[
        bool, typer.Option("--forget-password", help="Let them choose a new one after it.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Print a one-time sign-in link for somebody who cannot sign in."""

    async def work(conn: Connection) -> str:
        if forget_password:
            await auth.forget_password(conn, login)
            await audit.note(conn, SYSTEM, "password.forgotten", at=clock.now())
        return await auth.issue_link(conn, login, now=clock.now())

    with installation.opened(data_dir) as found:
        try:
            token = installation.on_connection(work, found)
        except auth.BadCredentials:
            raise NoAccount(login=login[:100], place=_place(found)) from None
    terminal.result(f"{found.base_url}/sign-in/link/{token}")


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[str, typer.Argument(help="Its key_id, as `keys list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """Take a key back. It opens nothing from the next request on."""

    async def work(conn: Connection) -> bool:
        now = clock.now()
        await audit.note(conn, SYSTEM, "key.revoked", at=now, subject=key_id)
        return await auth.revoke_key(conn, _uuid(key_id), now=now)

    if not installation.with_connection(work, data_dir):
        raise NotFound()
    terminal.note("取り消しました", "Taken back")


@users.command("list")
def list_users(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Every account: role, shops, since when, and whether it is closed."""
    found = installation.with_connection(auth.list_staff, data_dir)
    rows = [msgspec.structs.asdict(one) for one in found]
    if as_json:
        terminal.as_json(rows)
    else:
        terminal.table(rows)


@users.command("disable")
def disable_user(
    login: Annotated[str, typer.Argument(help="What they sign in with.")],
    data_dir: DataDir = None,
) -> None:
    """Close an account and end its sessions at once."""

    async def work(conn: Connection) -> bool:
        now = clock.now()
        staff = await auth.list_staff(conn)
        found = next((one for one in staff if one.login.casefold() == login.casefold()), None)
        if found is None:
            return False
        await audit.note(conn, SYSTEM, "staff.disabled", at=now, subject=str(found.staff_id))
        return await auth.disable_staff(conn, found.staff_id, now=now)

    if not installation.with_connection(work, data_dir):
        raise NotFound()
    terminal.note("停止しました", "Closed")


def _place(found: Settings) -> str:
    """Where an installation lies, for people; never its database's address, which has a secret."""
    given = found.origins.get("database_url", "default")
    return str(found.data_dir) if given == "default" else given


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise NotFound() from None
