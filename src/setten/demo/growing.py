"""The chain in an installation: places and goods once, its past day by day, caught up at starts.

What was told so far stands in a file of the data directory. The world is lived again from its seed
at each start, which takes seconds, and told on from there: a demo that was stopped for a week has
that week behind it when it is back, and one that was interrupted while it was filled goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import msgspec

from setten.customers import homes, ingest
from setten.demo import delivering, promising, seeding, telling, world
from setten.demo.chain import PEOPLE, Chain, Day, Deed, Good, calendar, catalogue, people
from setten.demo.telling.events import SOURCES
from setten.platform import auth, db
from setten.platform.db import Pool
from setten.platform.settings import Settings
from setten.platform.vault import Vault
from setten.stock import catalog, cover, ledger, locations
from setten.stock.catalog import Item
from setten.stock.locations import Location

FILE = "demo-chain.json"
DAYS = 91  # three months of past
DAYS_MAX = 366
HOLDS_DAYS = 10  # goods are put aside since so long: older holds are over and say little
FINE_DAYS = 3  # tills report every ten minutes so long, before that four times a day
_SEED = "setten"
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
    is_filled: bool = False


class Story:
    """A world and how far it was told. `next_day` lives on."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state
        self.chain = Chain(
            state.seed, state.begin, holds_from=state.holds_from, size=state.size,
            count=max(1, round(PEOPLE * state.size)),
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


def _kept(folder: Path) -> State | None:
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=State)
    except OSError:
        return None


async def grow(
    settings: Settings,
    *,
    now: datetime,
    days: int = DAYS,
    size: float = 1.0,
    progress: Progress | None = None,
) -> Story | None:
    """Fill an empty database with the chain and its past, or catch up with what went on since.

    size: people against the whole chain. None where another demo lives there: it stays as it is.
    """
    story = opened(settings.data_dir)
    pool = await db.open_pool(str(settings.database_url), size=2)
    try:
        if story is None:
            story = await _found(pool, settings, now, days, size)
        if story is not None:
            await _tell_past(pool, Vault(settings.key), story, now, progress)
        return story
    finally:
        pool.terminate()


async def _found(
    pool: Pool, settings: Settings, now: datetime, days: int, size: float
) -> Story | None:
    """Places, goods, colleagues and sources as on the first day; None where some are already."""
    today = now.astimezone(world.JAPAN).date()
    begin = today - timedelta(days=days)
    at = calendar.clock(begin, "00:00")
    await homes.put_postcodes(pool, homes.read_postcodes(_postcodes())[0])
    async with db.transaction(pool) as conn:
        if await locations.list_all(conn):
            return None
        await Vault(settings.key).prove(conn)
        refused = await locations.put(conn, _places(), now=at)
        refused += await catalog.put(conn, [_item(one) for one in catalogue.goods()], now=at)
        assert not refused, refused
        await delivering.seed(conn, now=at)
        await seeding.staff(conn, at)
        for login, name, role, shop in people.colleagues(_SEED):
            await auth.create_staff(
                conn, login=login, name=name, role=role, locations=(shop,), now=at
            )
        more = tuple((name, *terms) for name, terms in SOURCES.items())
        await seeding.sources(conn, at, (*seeding.SOURCES, *more))
    story = Story(
        settings.data_dir,
        State(
            seed=_SEED, begin=begin, told_until=at, size=size,
            holds_from=max(begin, today - timedelta(days=HOLDS_DAYS)),
        ),
    )  # fmt: skip
    story.keep()
    return story


async def _tell_past(
    pool: Pool, vault: Vault, story: Story, now: datetime, progress: Progress | None
) -> None:
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
        await _first_look(pool, vault, keys, now)
    story.keep(is_filled=True, told_until=now)
    telling.write(story.folder / telling.FOLDER, story.chain, story.lived)


async def _first_look(pool: Pool, vault: Vault, keys: dict[str, str], now: datetime) -> None:
    """The people of the small shop, their promises, and where things lie."""
    small = world.load()
    async with db.transaction(pool) as conn:
        await seeding.people(conn, vault, keys, small, now)
        await promising.promise_in(conn, vault, now=now)
        await ledger.put_shelves(conn, list(_shelves()))
        for place in await locations.list_all(conn):
            await cover.reckon(conn, place.location_id, now=now, zone=world.JAPAN)


async def client(settings: Settings, *, now: datetime) -> telling.Client:
    """A client like any other, with a key of its own; the one of the start before ends."""
    pool = await db.open_pool(str(settings.database_url), size=1)
    try:
        keys = await write_keys(pool)
        async with db.transaction(pool) as conn:
            for one in await auth.list_keys(conn):
                if one["name"] == KEY_NAME and one["revoked_at"] is None:
                    await auth.revoke_key(conn, one["key_id"], now=now)
            server_key = await auth.create_key(conn, scope="server", name=KEY_NAME, now=now)
        return telling.Client(settings.base_url, server_key, keys)
    finally:
        pool.terminate()


def follow(story: Story, found: telling.Client, stop: threading.Event) -> None:
    """Tell what happens from now on, when it happens, until stopped."""

    def told(at: datetime) -> None:
        story.keep(told_until=at)

    telling.follow(found, story.chain, story.ahead(), told, stop)


async def write_keys(pool: Pool) -> dict[str, str]:
    """Write keys by the names of the sources."""
    async with pool.acquire() as conn:
        found = await ingest.sources.list_all(conn)
    return {source.name: keys[-1].write_key for source, keys in found if keys}


def _postcodes() -> list[str]:
    lines = seeding.POSTCODES.splitlines()
    towns = {town.postcode: town for some in catalogue.towns().values() for town in some}
    return lines + [f"{one.postcode},{one.lat},{one.lon}" for one in towns.values()]


def _places() -> list[Location]:
    first = {place.location_id: place for place in world.load().locations}
    shops = {shop.location_id: shop for shop in catalogue.shops()}
    found = [seeding.location(place) for place in first.values()]
    for shop in shops.values():
        if shop.location_id not in first:
            week = {day: [list(shop.weekday)] for day in world.WEEKDAYS[:5]}
            week |= {day: [list(shop.weekend)] for day in world.WEEKDAYS[5:]}
            found.append(
                Location(
                    location_id=shop.location_id,
                    name_ja=shop.name_ja,
                    name_en=shop.name_en,
                    kind="shop",
                    lat=shop.lat,
                    lon=shop.lon,
                    hours=week,
                )
            )
    return found


def _item(good: Good) -> Item:
    return Item(
        sku=good.sku, name_ja=good.name_ja, name_en=good.name_en, gtin_written=good.gtin,
        product_id=good.product_id, attributes=dict(good.attributes), price_minor=good.price,
        currency="JPY", tax_rate=Decimal("0.10"),
    )  # fmt: skip


def _shelves() -> Iterator[tuple[str, str, None, str]]:
    """Where things lie: goods of one family together, alike in every shop."""
    small = {one.sku: one.shelf for one in world.load().items}
    families = list(dict.fromkeys(good.product_id for good in catalogue.goods()))
    for good in catalogue.goods():
        number = families.index(good.product_id)
        shelf = small.get(good.sku) or f"{'FGHJKLM'[number // 14]}-{number % 14 + 1}"
        for shop in catalogue.shops():
            yield good.sku, shop.location_id, None, shelf
