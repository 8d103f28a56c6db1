"""The installation that a command works on: its settings, and its database running or started."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import msgspec

from setten.cli import terminal
from setten.platform import belonging, db, settings, supervisor
from setten.platform.db import Connection, embedded
from setten.platform.db.embedded import Stage
from setten.platform.errors import NotFound
from setten.platform.settings import Settings

if TYPE_CHECKING:  # it takes a moment to load, and few commands need it
    from setten.background import Means

T = TypeVar("T")
# A command does one thing at a time; the rest of the connections are for those who serve.
POOL_SIZE = 3


class NoInstallation(NotFound):
    """A command that looks or changes was to work where nothing was ever made. facts: place."""

    code = "no_installation"


def progress(stage: Stage, seconds: float) -> None:
    """Say how far the database is, where it takes long enough to wonder."""
    if stage == "making":
        terminal.note("データベースを作っています", "Making the database")
    elif stage == "recovering":
        terminal.note(
            f"前回の停止からデータベースを復旧しています（{seconds:.0f} 秒）",
            f"The database recovers from a hard stop ({seconds:.0f} s)",
        )


@contextmanager
def opened(data_dir: str | None = None, *, makes: bool = False) -> Iterator[Settings]:
    """Settings with the address of a migrated database, ours to use inside the block.

    makes: whether a database is made where none is. Raises NoInstallation otherwise.
    """
    found = settings.load({"data_dir": data_dir})
    if found.database_url is not None:
        yield found
        return
    if not makes and not belonging.has_database(found.data_dir):
        raise NoInstallation(place=str(found.data_dir))
    is_ours = embedded.attach(found.data_dir) is None
    with embedded.using(found.data_dir, say=progress) as dsn:
        if is_ours:
            asyncio.run(supervisor.migrate(dsn))
        yield msgspec.structs.replace(
            found, database_url=dsn, base_url=supervisor.address(found.data_dir) or found.base_url
        )


def on_connection(
    work: Callable[[Connection], Awaitable[T]], found: Settings, *, is_whole: bool = True
) -> T:
    """Do `work` on an opened installation and answer its result.

    is_whole: in one transaction; long work that only looks makes its own, each short.
    """

    async def go() -> T:
        conn = await db.connect(str(found.database_url))
        try:
            if not is_whole:
                return await work(conn)
            async with conn.transaction():
                return await work(conn)
        finally:
            await conn.close()

    return asyncio.run(go())


def with_connection(
    work: Callable[[Connection], Awaitable[T]],
    data_dir: str | None,
    *,
    makes: bool = False,
    is_whole: bool = True,
) -> T:
    """Open the installation, do `work` and answer its result.

    makes: as for `opened`. is_whole: as for `on_connection`.
    """
    with opened(data_dir, makes=makes) as found:
        return on_connection(work, found, is_whole=is_whole)


def with_means(work: Callable[[Means], Awaitable[T]], data_dir: str | None) -> T:
    """Do `work` with pool and vault; it opens its own transactions. Needs the master key."""
    from setten import background

    async def go(found: Settings) -> T:
        async with background.resources(found, size=POOL_SIZE) as means:
            return await work(means)

    with opened(data_dir, makes=True) as found:  # an import may be the first that is done
        return asyncio.run(go(found))
