"""What goes on behind the pages: the readers of the log, and the jobs that come by the clock.

The wiring of everything that is no web, which `app` wires. Nothing of the web is loaded here: these
processes start beside the web's own.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
import uvloop

from setten import imports
from setten.customers import (
    consent,
    homes,
    identity,
    ingest,
    lifecycle,
    predictions,
    roster,
    segments,
    timeline,
)
from setten.insight import touchpoints
from setten.operations import staying
from setten.platform import audit, auth, behind, clock, combine, db, jobs, journal, lake, log
from setten.platform import settings as settings_module
from setten.platform.auth import Actor
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar
from setten.platform.lake import Lake
from setten.platform.log import Reader
from setten.platform.settings import Settings
from setten.platform.supervisor import collector
from setten.platform.vault import Vault
from setten.stock import (
    allocations,
    carts,
    counts,
    cover,
    fulfilments,
    holds,
    locations,
    orders,
    proving,
    regions,
    returns,
)
from setten.stock.locations import Directory

# A process of each: deciding a hundred segments takes as long as all other readers together, and
# what jobs take of the interpreter would be the readers' time.
Part = Literal["readers", "segments", "jobs"]
PARTS: tuple[Part, ...] = ("readers", "segments", "jobs")
# One for each reader, and for who looks, who fetches, and cursors that follow. Of 110 connections
# eight web processes take 80, these 21.
POOL_SIZES: dict[Part, int] = {"readers": 12, "segments": 5, "jobs": 4}
# What comes by the clock can wait a moment for who asks now: writing the lake takes half a second
# of a processor at once.
NICE: dict[Part, int] = {"jobs": 5}
HELPERS_BEHIND = 5  # further back still: a long file that staff sent can wait for the shop
# Work in a thread (the lake's batches) lets the loop go on after so long, not after 5 ms: where
# readers and jobs share a process, a batch of theirs asks for its turn some twenty times.
GIVE_WAY_S = 0.0005
NIGHT = time(3, 40)  # of the business: tills are closed, backups not yet begun
PROOF = time(4, 20)  # after the night's other work: it reads the whole ledger


class Means(msgspec.Struct, frozen=True):
    """What the work of a process is done with."""

    settings: Settings
    pool: Pool
    vault: Vault
    lake: Lake


@asynccontextmanager
async def resources(settings: Settings, *, size: int) -> AsyncIterator[Means]:
    """Pool and vault of a process; refuses a database made with another master key."""
    assert settings.database_url, "the supervisor names the database"
    pool = await db.open_pool(settings.database_url, size=size)
    try:
        vault = Vault(settings.key)
        async with db.transaction(pool) as conn:
            await vault.prove(conn)
        files = Lake(settings.data_dir / "lake", segments.LAKE_COLUMNS, segments.lake_lines)
        yield Means(settings, pool, vault, files)
    finally:
        pool.terminate()


def readers(means: Means) -> list[Reader]:
    """Every reader of the log but those of `segment_readers`."""
    return [
        *ingest.readers(),
        *identity.readers(means.vault),
        *consent.readers(after=(identity.READER,)),
        *homes.readers(means.vault),
        *timeline.readers(),
        *orders.readers(),
        *lifecycle.readers(means.settings.zone),
        *touchpoints.readers(means.settings.zone),
        *roster.readers(),
    ]


def segment_readers(means: Means) -> list[Reader]:
    """Those of segments, which come behind identity's and the timeline's."""
    return segments.readers(Calendar(means.settings.zone))


def rebuilds(means: Means) -> dict[str, Callable[[], Awaitable[object]]]:
    """Every projection that can be made anew from the log, by name."""
    return {
        "identity": partial(identity.rebuild, means.pool),
        "timeline": partial(timeline.rebuild, means.pool),
        "lake": partial(lake.rebuild, means.lake, means.pool),
        "touchpoints": partial(touchpoints.rebuild, means.pool, zone=means.settings.zone),
        "lifecycle": partial(lifecycle.reckon_everybody, means.pool, zone=means.settings.zone),
        "roster": partial(roster.list_everybody, means.pool),
    }


def schedules(means: Means) -> list[jobs.Schedule]:
    """Every job that comes by the clock."""
    zone = means.settings.zone
    return [
        jobs.Schedule("log_partitions", "7 * * * *", _partitions),
        jobs.Schedule("claims_forget", "17 * * * *", _forget_claims),
        jobs.Schedule("auth_tidy", "27 * * * *", _tidy_auth),
        jobs.Schedule("allocations_end", "* * * * *", allocations.end_all),
        jobs.Schedule("cover_reckon", _daily(PROOF, zone), partial(cover.reckon_all, zone=zone)),
        jobs.Schedule("stock_prove", _daily(PROOF, zone), proving.prove_all),
        jobs.Schedule("counts_settle", "*/10 * * * *", counts.settle_all),
        jobs.Schedule("carts_tidy", "* * * * *", carts.tidy_all),
        jobs.Schedule("fulfilments", "* * * * *", _look_after_parts(zone)),
        jobs.Schedule("regions_route", "* * * * *", _route_regions()),
        jobs.Schedule("holds_tidy", "* * * * * */5", holds.tidy_all),
        jobs.Schedule("returns_match", "* * * * * */10", returns.matching.look_all),
        jobs.Schedule("holds_stay", "* * * * * */15", staying.keep_held_all),
        jobs.Schedule("identity_rules", "* * * * * */2", partial(identity.work, vault=means.vault)),
        jobs.Schedule("segments_places", "* * * * * */15", _follow_places),
        jobs.Schedule("segments_past", "* * * * * */20", _tell_past(means)),
        jobs.Schedule("lists_tidy", "47 * * * *", _tidy_lists),
        jobs.Schedule("lake_carry", "* * * * * */20", means.lake.carry),
        jobs.Schedule("stages_wake", "* * * * * */10", partial(lifecycle.wake, zone=zone)),
        jobs.Schedule("stages_count", "* * * * *", _count_stages),
        jobs.Schedule("stages_learn", _daily(NIGHT, zone), predictions.nightly),
        jobs.Schedule("roster_begin", _daily(NIGHT, zone), roster.begin_walk),
        jobs.Schedule("roster_work", "* * * * * */10", roster.work),
    ]


def works(means: Means) -> list[Callable[[Pool], Awaitable[object]]]:
    """What is asked each second, in the process of segments: they share what is remembered."""
    days = Calendar(means.settings.zone)
    return [partial(segments.wake, calendar=days), partial(segments.fill, calendar=days)]


def _daily(at: time, zone: ZoneInfo) -> str:
    """The cron line of a time of the business's day; jobs go by UTC."""
    utc = datetime.combine(clock.now().astimezone(zone), at, zone).astimezone(UTC)
    return f"{utc.minute} {utc.hour} * * *"


def _tell_past(means: Means) -> Callable[[Pool], Awaitable[object]]:
    days = Calendar(means.settings.zone)
    return lambda pool: segments.tell_past(pool, means.lake, calendar=days)


async def _tidy_lists(pool: Pool) -> None:
    is_more = True
    while is_more:
        async with db.transaction(pool) as conn:
            is_more = await segments.lists.tidy(conn, now=clock.now())


async def _follow_places(pool: Pool) -> None:
    await segments.follow_places(pool, places=_places)


async def _places(conn: Connection) -> list[segments.Place]:
    """The shops, for segments that ask how far from one somebody lives."""
    return [
        segments.Place(one.location_id, one.lat, one.lon)
        for one in await locations.list_all(conn)
        if one.kind == "shop" and one.lat is not None and one.lon is not None
    ]


def _look_after_parts(zone: ZoneInfo) -> Callable[[Pool], Awaitable[None]]:
    directory = Directory()
    return lambda pool: fulfilments.look_after(pool, directory, zone)


def _route_regions() -> Callable[[Pool], Awaitable[None]]:
    directory = Directory()
    return lambda pool: regions.route_all(pool, directory)


async def _count_stages(pool: Pool) -> None:
    await lifecycle.count_sizes(pool, now=clock.now())


async def _partitions(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await log.ensure_partitions(conn)


async def _forget_claims(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await combine.forget_old(conn, now=clock.now())


async def _tidy_auth(pool: Pool) -> None:
    async with db.transaction(pool) as conn:
        await auth.tidy(conn, now=clock.now())
        await audit.forget(conn, now=clock.now())
        await audit.forget_paces(conn, now=clock.now())


async def run(settings: Settings | None = None, parts: Collection[Part] = PARTS) -> None:
    """These parts in this process, until SIGTERM."""
    found = settings or settings_module.load()
    journal.configure(found.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with resources(found, size=sum(POOL_SIZES[part] for part in parts)) as means:
        if "readers" in parts:
            await _partitions(means.pool)
        collector.settle_down()
        sys.setswitchinterval(GIVE_WAY_S)
        async with asyncio.TaskGroup() as tasks:
            if followers := _followers(means, parts):
                tasks.create_task(log.run(followers, means.pool, stop))
            if "segments" in parts:
                tasks.create_task(jobs.tick(means.pool, works(means), stop))
            if "jobs" in parts:
                tasks.create_task(jobs.run(means.pool, schedules(means), stop))
                tasks.create_task(imports.errands.serve(_desk(means), stop))


def _desk(means: Means) -> imports.errands.Desk:
    """Files that staff sent by the page are brought in here."""
    assert means.settings.database_url, "the supervisor names the database"
    return imports.errands.Desk(
        pool=means.pool,
        vault=means.vault,
        folder=means.settings.data_dir / imports.desk.FOLDER,
        dsn=means.settings.database_url,
        finished=_import_finished,
        clock=clock.now,
        hands=imports.spare(means.settings.database_url, means.settings.key, behind=HELPERS_BEHIND),
    )


async def _import_finished(
    conn: Connection, sent: imports.desk.Sent, summary: imports.Summary, now: datetime
) -> None:
    kind, _, number = sent.sender.partition(":")
    by = Actor(kind="staff" if kind == "staff" else "system", id=number, name="")
    await audit.note(conn, by, "import.done", at=now, subject=str(sent.file_id), reason=sent.kind)


def _followers(means: Means, parts: Collection[Part]) -> list[Reader]:
    found = readers(means) if "readers" in parts else []
    return found + (segment_readers(means) if "segments" in parts else [])


def main() -> None:
    """As the supervisor starts us: `python -m setten.background PART`."""
    (part,) = (one for one in PARTS if one == sys.argv[1])
    behind.go_behind(NICE.get(part, 0))
    uvloop.run(run(parts=(part,)))


if __name__ == "__main__":
    main()
