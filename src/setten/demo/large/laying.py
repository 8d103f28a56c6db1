"""The stages of a load, one after the other; what is done stands in a file of the data directory.

A stage that was interrupted begins anew, those before it stay: so a load that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from setten.customers import ingest, lifecycle, roster
from setten.demo import seeding, sources, world
from setten.demo.large import bare, goods, past, people, sums
from setten.demo.large.sizes import DAYS, WHOLE, Size
from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.errors import Conflict
from setten.platform.settings import Settings
from setten.platform.vault import Vault

Q = db.load(__file__)
FILE = "demo-large.json"
_UNHURRIED = {"statement_timeout": "0", "lock_timeout": "0", "synchronous_commit": "off",
              "idle_in_transaction_session_timeout": "0", "maintenance_work_mem": "768MB",
              "work_mem": "256MB"}  # fmt: skip
Progress = Callable[[str, int, int], None]


class Unfinished(Conflict):
    """Another demo lives in this folder. Give `--data-dir` an empty one."""

    code = "demo_unfinished"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How far a load has come. again: how to put back the indexes of the stage under way."""

    begin: date
    part: float
    done: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    sources: dict[str, int] = {}
    is_laid: bool = False


class _Load:
    """A load: its state, kept after each stage, and what the stages share."""

    def __init__(
        self, settings: Settings, pool: Pool, state: State, readers: Sequence[str], now: datetime
    ) -> None:
        self.settings = settings
        self.pool = pool
        self.state = state
        self.readers = readers
        self.now = now
        self.size = Size(begin=state.begin, part=state.part)
        self.vault = Vault(settings.key)

    def keep(self, **changes: object) -> None:
        """Remember; the file is changed whole or not at all."""
        self.state = msgspec.structs.replace(self.state, **changes)
        half = self.settings.data_dir / f"{FILE}.new"
        half.write_bytes(msgspec.json.encode(self.state))
        half.rename(self.settings.data_dir / FILE)

    async def stage(
        self, name: str, tables: Sequence[str], fill: Callable[[Connection], Awaitable[None]]
    ) -> None:
        """Do a stage unless it is done: its tables are without indexes while they are filled."""
        if name in self.state.done:
            return
        async with self.pool.acquire() as conn:
            if not self.state.again:  # else a stage was interrupted: what it had taken away is kept
                self.keep(again=tuple(await bare.dressings(conn, tables)))
            await bare.undress(conn, tables)
            await fill(conn)
            await bare.dress(conn, self.state.again)
            await bare.Q.to_disk.run(conn)
        self.keep(done=(*self.state.done, name), again=())


def is_begun(folder: Path) -> bool:
    """Whether a large demo lives there, whole or not."""
    return _kept(folder) is not None


def is_laid(folder: Path) -> bool:
    """Whether a large demo lives there, whole."""
    state = _kept(folder)
    return state is not None and state.is_laid


def _kept(folder: Path) -> State | None:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except OSError:
        return None


async def lay_down(
    settings: Settings,
    *,
    now: datetime,
    readers: Sequence[str],
    part: float = WHOLE,
    progress: Progress,
) -> None:
    """Fill an empty database, or go on where a load was interrupted.

    readers: names of all readers of the log. part: of the whole, for trying. progress: told the
    stage, what is done and what there is. Raises Unfinished where something else lives there.
    """
    dsn = str(settings.database_url)
    pool = await db.open_pool(dsn, size=3, command_s_max=None, **_UNHURRIED)
    try:
        state = _kept(settings.data_dir)
        if state is None:
            async with pool.acquire() as conn:
                if not await Q.is_empty.value(conn):
                    raise Unfinished()
            begin = (now - timedelta(days=DAYS)).date()
            state = State(begin=begin, part=part)
        await _go(_Load(settings, pool, state, readers, now), progress)
    finally:
        pool.terminate()


async def _go(load: _Load, progress: Progress) -> None:
    begin = datetime.combine(load.size.begin, datetime.min.time(), world.JAPAN)
    if not load.state.sources:
        await _open(load, begin)
    sources = load.state.sources
    numbers = people.numbers(load.size)
    shops = [one.location_id for one in goods.places() if one.kind == "shop"]
    story = past.Past(load.size, numbers, sources, shops)

    def told(name: str) -> Callable[[int, int], None]:
        return lambda done, all_: progress(name, done, all_)

    await load.stage(
        "goods", goods.TABLES, lambda conn: goods.lay_down(conn, load.size, begin, told("goods"))
    )
    await load.stage(
        "people", people.TABLES,
        lambda conn: people.lay_down(
            conn, load.vault, load.size, sources["web"], told("people")),
    )  # fmt: skip
    await load.stage(
        "past", past.TABLES,
        lambda _: past.lay_down(load.pool, story, load.size, told("past")),
    )  # fmt: skip
    await load.stage(
        "sums", sums.TABLES,
        lambda conn: sums.lay_down(
            conn, load.size, load.settings.zone, load.readers, told("sums")),
    )  # fmt: skip
    await _finish(load, told("stages"))


async def _open(load: _Load, begin: datetime) -> None:
    """Colleagues and sources, as on the first day."""
    async with db.transaction(load.pool) as conn:
        await load.vault.prove(conn)
        await seeding.staff(conn, begin)
        await sources.make(conn, sources.SMALL, locale=load.settings.locale, now=begin)
        listed = await ingest.sources.list_all(conn)
    ids = sources.by_key((one.name, one.source_id) for one, _ in listed)
    load.keep(sources={name: ids[name] for name in ("web", "app")})


async def _finish(load: _Load, told: Callable[[int, int], None]) -> None:
    """Stages of the life cycle by their own verb, and plans that know what there is."""
    if not load.state.is_laid:
        async with load.pool.acquire() as conn:
            await Q.vacuum.run(conn)
        await lifecycle.reckon_everybody(
            load.pool, zone=load.settings.zone, progress=lambda done: told(done, load.size.people)
        )
        await roster.list_everybody(load.pool)
        load.keep(is_laid=True)
