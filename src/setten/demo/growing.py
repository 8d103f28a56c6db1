"""The chain in an installation: places and goods once, its past day by day, caught up at starts.

What was told so far stands in a file of the data directory. The world is lived again from its seed
at each start, which takes seconds, and told on from there: a demo that was stopped for a week has
that week behind it when it is back, and one that was interrupted while it was filled goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from setten.customers import ingest
from setten.demo import founding, promising, seeding, sources, standing, telling, world
from setten.demo.chain import HOME, Chain, Day, Deed, business, calendar
from setten.platform import auth, db
from setten.platform.db import Pool
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import cover, locations

FILE = "demo-chain.json"
DAYS = 91  # three months of past
DAYS_MAX = 366
HOLDS_DAYS = 10  # goods are put aside since so long: older holds are over and say little
FINE_DAYS = 3  # tills report every ten minutes so long, before that four times a day
_SEED = "setten"
WORLD = 5  # raised when the same seed gives another world: an older one stands still then
_LIVED_MAX = 4_000  # days a demo may grow old
_ANALYZE_AT = (2, 10)  # days told
KEY_NAME = "demo"
Progress = Callable[[int, int], None]
Q = db.load(__file__)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known to tell on. told_until: all deeds up to there are in the product."""

    seed: str
    begin: date
    holds_from: date
    told_until: datetime
    size: float = 1.0
    business: str = HOME
    world: int = 1
    is_filled: bool = False


class Story:
    """A world and how far it was told. `next_day` lives on."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state
        lives = business.load(state.business)
        self.chain = Chain(
            state.seed, state.begin, business=lives, holds_from=state.holds_from, size=state.size,
            count=max(1, round(lives.people * state.size)),
        )  # fmt: skip
        self._days = self.chain.days(_LIVED_MAX)
        self._rest: list[Deed] = []
        self.lived: list[Day] = []

    def ahead(self) -> Iterator[Deed]:
        """The deeds after what was told, without end: for telling them when they happen."""
        while True:
            for deed in self._rest:
                if deed.at > self.state.told_until:
                    yield deed
            day = next(self._days, None)
            if day is None:
                return
            self._rest = list(day.deeds)

    def past(self, now: datetime) -> Iterator[tuple[date, list[Deed]]]:
        """What is still to be told up to a moment, day by day."""
        for day in self._days:
            self.lived.append(day)
            some = [one for one in day.deeds if self.state.told_until < one.at <= now]
            if some:
                yield day.day, some
            if day.day >= now.astimezone(world.JAPAN).date():
                self._rest = [one for one in day.deeds if one.at > now]
                return

    def keep(self, **changes: object) -> None:
        """Remember how far it was told; the file is changed whole or not at all."""
        self.state = msgspec.structs.replace(self.state, **changes)
        half = self.folder / f"{FILE}.new"
        half.write_bytes(msgspec.json.encode(self.state))
        half.rename(self.folder / FILE)


def opened(folder: Path) -> Story | None:
    """The story of a data directory, if it has one."""
    state = _kept(folder)
    return Story(folder, state) if state is not None else None


def is_filled(folder: Path) -> bool:
    """Whether a chain lives there whose three months were told once: it may open at once."""
    state = _kept(folder)
    return state is not None and state.is_filled


def worth_finding(folder: Path) -> tuple[str, str, str, str]:
    """What a visitor may type first: a surname, the end of a telephone number, a thing (ja, en)."""
    story = opened(folder)
    if story is None or story.chain.business.is_home:
        return "佐伯", "2266", "ソファ", "sofa"
    known = [one for one in story.chain.people if "phone" in one.told]
    often = max(known, key=lambda one: one.visits_a_month)
    thing = max(story.chain.business.goods, key=lambda good: good.weight)
    return (
        often.family, often.told["phone"][-4:], thing.name_ja.split()[0],
        thing.name_en.partition(",")[0],
    )  # fmt: skip


def _kept(folder: Path) -> State | None:
    try:
        state = msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except OSError:
        return None
    return state if state.world == WORLD else None


async def grow(
    settings: Settings,
    *,
    now: datetime,
    days: int = DAYS,
    size: float = 1.0,
    name: str = HOME,
    progress: Progress | None = None,
) -> Story | None:
    """Fill an empty database with the chain and its past, or catch up with what went on since.

    size: people against the whole business. name: of the business, where none lives yet. None
    where another demo lives there: it stays as it is.
    """
    story = opened(settings.data_dir)
    pool = await db.open_pool(
        str(settings.database_url), size=2, idle_in_transaction_session_timeout=db.UNHURRIED
    )
    try:
        if story is None:
            story = await _found(pool, settings, now, days, size, name)
        if story is not None:
            await _tell_past(pool, settings, story, now, progress)
        return story
    finally:
        pool.terminate()


async def _found(
    pool: Pool, settings: Settings, now: datetime, days: int, size: float, name: str
) -> Story | None:
    """A business as on its first day; None where another is already."""
    today = now.astimezone(world.JAPAN).date()
    begin = today - timedelta(days=days)
    lives = business.load(name)
    if not await founding.found(
        pool, Vault(settings.key), lives, begin, seed=_SEED, locale=settings.locale
    ):
        return None
    story = Story(
        settings.data_dir,
        State(
            seed=_SEED, begin=begin, told_until=calendar.clock(begin, "00:00"), size=size,
            business=name, world=WORLD, holds_from=max(begin, today - timedelta(days=HOLDS_DAYS)),
        ),
    )  # fmt: skip
    story.keep()
    return story


async def _tell_past(
    pool: Pool, settings: Settings, story: Story, now: datetime, progress: Progress | None
) -> None:
    vault = Vault(settings.key)
    keys = await write_keys(pool)
    teller = telling.Teller(vault, story.chain, keys)
    async with db.transaction(pool) as conn:
        await teller.begin(conn)
    today = now.astimezone(world.JAPAN).date()
    total = (today - story.state.told_until.astimezone(world.JAPAN).date()).days + 1
    for number, (day, deeds) in enumerate(story.past(now), start=1):
        async with db.transaction(pool) as conn:
            await teller.tell(conn, deeds, fine=(today - day).days < FINE_DAYS)
        story.keep(told_until=max(deeds[-1].at, story.state.told_until))
        if number in _ANALYZE_AT and not story.state.is_filled:
            async with pool.acquire() as conn:
                await Q.analyze.run(conn)
        if progress is not None:
            progress(number, max(total, number))
    if not story.state.is_filled:
        await _first_look(pool, vault, story, keys, now, settings.locale)
    story.keep(is_filled=True, told_until=now)
    telling.write(story.folder / telling.FOLDER, story.chain, story.lived)


async def _first_look(
    pool: Pool, vault: Vault, story: Story, keys: dict[str, str], now: datetime, locale: str
) -> None:
    """How long everything lasts; in the chain the people of the small shop and their promises."""
    async with db.transaction(pool) as conn:
        if story.chain.business.is_home:
            await seeding.people(conn, vault, keys, world.load(), now)
            await promising.promise_in(conn, vault, now=now)
        await standing.make(
            conn, vault, story.chain.business, story.chain.people, keys, locale=locale, now=now
        )
        for place in await locations.list_all(conn):
            await cover.reckon(conn, place.location_id, now=now, zone=world.JAPAN)


async def client(settings: Settings, *, now: datetime) -> telling.Client:
    """A client like any other, with a key of its own; the one of the start before ends."""
    pool = await db.open_pool(
        str(settings.database_url), size=1, idle_in_transaction_session_timeout=db.UNHURRIED
    )
    try:
        keys = await write_keys(pool)
        return telling.Client(settings.base_url, await server_key(pool, now=now), keys)
    finally:
        pool.terminate()


async def server_key(pool: Pool, *, now: datetime) -> str:
    """A key for what a demo tells; the one of the start before ends."""
    async with db.transaction(pool) as conn:
        for one in await auth.list_keys(conn):
            if one["name"] == KEY_NAME and one["revoked_at"] is None:
                await auth.revoke_key(conn, one["key_id"], now=now)
        return await auth.create_key(conn, scope="server", name=KEY_NAME, now=now)


def follow(
    story: Story, found: telling.Client, stop: threading.Event, desk: telling.Desk | None = None
) -> None:
    """Tell what happens from now on, when it happens, until stopped. desk: notes what is said."""

    def told(at: datetime) -> None:
        story.keep(told_until=at)

    telling.follow(found, story.chain, story.ahead(), told, stop, desk)


async def write_keys(pool: Pool) -> dict[str, str]:
    """Write keys by our short names of the sources."""
    async with pool.acquire() as conn:
        found = await ingest.sources.list_all(conn)
    return sources.by_key((one.name, keys[-1].write_key) for one, keys in found if keys)
