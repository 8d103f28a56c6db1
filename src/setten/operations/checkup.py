"""A look at what commonly goes wrong inside an installation, and how to mend it.

`./setten doctor` and the page of the same name say the same; the words stand in `checkup.toml`.
Every check only looks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from setten.customers import ingest
from setten.platform import db, log
from setten.platform.db import Connection
from setten.platform.db.disk import Disk
from setten.platform.errors import SettenError
from setten.platform.settings import DEMO_KEY_FILE, Settings
from setten.platform.vault import Vault

_Q = db.load(__file__)
_WORDS = Path(__file__).with_suffix(".toml")
POSTGRES_MIN = 160_000
WRITER_S_MAX = 10.0
BEHIND_S_MAX = 60.0
CLOCK_S_MAX = 5.0
JOBS_MIN_MAX = 15.0
"""The slowest of the frequent jobs runs every ten minutes."""
SILENT_AFTER = timedelta(days=1)
SILENT_NAMED = 5
QUIET_AFTER = timedelta(hours=4)
"""Counted by the hour: of the busiest sender too, three whole hours without a word are news."""
QUIET_KNOWN = timedelta(days=7)
"""Who sent nothing for longer has ended, and is no news."""
RHYTHM = timedelta(days=28)
RHYTHM_HOURS_MIN = 24
"""Heard in fewer hours of RHYTHM, a sender has no rhythm yet."""
MOVING_S = 60.0
PAST_S = 86_400.0
"""A reader that is days behind and moves reads through a past: filled in, or made anew."""
BACKUP_MARK = "last-backup"
"""An empty file in the data directory; its time says when the last backup was made."""
BACKUP_LASTS = timedelta(hours=50)
"""One night may be missed, not two."""

_UNITS = {"s": "秒", "min": "分", "h": "時間", "d": "日"}
_UNIT = re.compile(r"(?<=\d) (s|min|h|d)$")

State = Literal["fine", "look", "bad"]
"""bad: something does not work. look: it works, and somebody should know."""


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. name: its key of words. found: a figure, a version, a name."""

    name: str
    state: State
    found: str

    @property
    def is_fine(self) -> bool:
        """Whether nothing is broken; what only wants a look breaks nothing."""
        return self.state != "bad"


def judged(name: str, is_fine: bool, found: str, *, otherwise: State = "bad") -> Check:
    """A check that is fine or not."""
    return Check(name, "fine" if is_fine else otherwise, found)


def title(name: str, locale: str) -> str:
    """What was looked at, in words; a check without words reads as its name."""
    return _words().get(name, {}).get(locale, {}).get("title", name)


def mend(check: Check, locale: str) -> str:
    """What to do about it; "" for what is fine."""
    if check.state == "fine":
        return ""
    return _words().get(check.name, {}).get(locale, {}).get("mend", "")


def shown(check: Check, locale: str) -> str:
    """What was found as it is read: a figure's unit in the reader's language."""
    if locale != "ja":
        return check.found
    return _UNIT.sub(lambda unit: _UNITS[unit[1]], check.found)


@cache
def _words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return tomllib.loads(_WORDS.read_text("utf-8"))


def disk(settings: Settings) -> Check:
    """Whether ingest has room."""
    seen = Disk(settings.data_dir)
    return judged("disk", not seen.is_low(), f"{seen.free_mb()} / {seen.low_water_mb()} MB")


def reach(settings: Settings) -> Check:
    """Whether others than this machine are let in over an open line."""
    is_open = settings.host not in ("127.0.0.1", "localhost", "::1")
    is_safe = settings.base_url.startswith("https://")
    return judged("https", is_safe or not is_open, settings.base_url, otherwise="look")


def backup(settings: Settings, *, now: datetime) -> Check:
    """How old the last backup is: whoever makes one touches BACKUP_MARK. A demo needs none."""
    mark = settings.data_dir / BACKUP_MARK
    if mark.exists():
        age = now - datetime.fromtimestamp(mark.stat().st_mtime, UTC)
        found = f"{max(0, round(age / timedelta(hours=1)))} h"
        return judged("backup", age < BACKUP_LASTS, found, otherwise="look")
    is_demo = settings.demo or (settings.data_dir / DEMO_KEY_FILE).exists()
    return judged("backup", is_demo, "—", otherwise="look")


async def version(conn: Connection) -> list[Check]:
    """The server and the state of its tables; what follows makes sense only when both are fine."""
    number = int(await conn.fetchval("show server_version_num"))
    pending = await db.pending(conn)
    said = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    return [
        judged("database", number >= POSTGRES_MIN, said),
        judged("migrations", not pending, ", ".join(pending) or db.head()),
    ]


async def inside(conn: Connection, settings: Settings, *, now: datetime) -> list[Check]:
    """What the database knows of the house: keys, clocks, readers, jobs, what waits for a hand."""
    found = []
    if settings.master_key is not None:
        found.append(await _key_fits(conn, settings.master_key))
    away_s = float(await _Q.clock.value(conn, now=now))
    found.append(judged("clock", away_s < CLOCK_S_MAX, f"{away_s:.1f} s"))
    found += await pulse(conn, now=now)
    letters = await ingest.letters.count(conn)
    found.append(judged("dead letters", not letters, str(letters), otherwise="look"))
    aside = await log.set_aside(conn)
    found.append(judged("set aside", not aside, str(aside), otherwise="look"))
    rows = await _Q.silent_sources.all(conn, before=now - SILENT_AFTER, most=SILENT_NAMED)
    silent = ", ".join(str(row["name"]) for row in rows)
    found.append(judged("silent sources", not silent, silent or "0", otherwise="look"))
    stopped = ", ".join(one.name for one in await quiet(conn, now=now))
    found.append(judged("quiet sources", not stopped, stopped or "0", otherwise="look"))
    admins = int(await _Q.admins.value(conn))
    found.append(judged("admins", admins > 0, str(admins), otherwise="look"))
    return [*found, reach(settings), backup(settings, now=now)]


async def pulse(conn: Connection, *, now: datetime) -> list[Check]:
    """Whether the machinery keeps up, by three short looks: for a page that stands open."""
    oldest_s = await log.oldest_writer_s(conn)
    behind = await _Q.jobs_behind.value(conn, now=now)
    minutes = max(0.0, float(behind or 0.0))
    return [
        judged("oldest writer", oldest_s < WRITER_S_MAX, f"{oldest_s:.1f} s"),
        await _readers(conn),
        judged("jobs", minutes < JOBS_MIN_MAX, f"{minutes:.0f} min"),
    ]


async def _readers(conn: Connection) -> Check:
    lags = await log.lags(conn)
    name, lag_s = max(lags.items(), key=lambda one: one[1], default=("", 0.0))
    otherwise: State = "bad"
    if lag_s > PAST_S:
        moved_s = await _Q.moved_s.value(conn, reader=name)
        otherwise = "look" if moved_s is not None and moved_s < MOVING_S else "bad"
    return judged("readers", lag_s < BEHIND_S_MAX, late(name, lag_s), otherwise=otherwise)


def late(name: str, lag_s: float) -> str:
    """How far the slowest reader is behind, named once that tells something."""
    if lag_s < 1:
        return f"{lag_s:.1f} s"
    if lag_s < BEHIND_S_MAX * 2:
        return f"{name} {lag_s:.1f} s"
    if lag_s < PAST_S:
        return f"{name} {lag_s / 60:.0f} min"
    return f"{name} {lag_s / PAST_S:.0f} d"


class Quiet(msgspec.Struct, frozen=True):
    """A sender of the last week, silent for longer than is its way. last_at: to the hour."""

    source_id: int
    name: str
    last_at: datetime


async def quiet(conn: Connection, *, now: datetime) -> list[Quiet]:
    """Senders that fell silent, the longest first; SILENT_NAMED at most."""
    rows = await _Q.quiet_sources.all(
        conn, now=now, since=now - QUIET_KNOWN, before=now - QUIET_AFTER, known=RHYTHM,
        enough=RHYTHM_HOURS_MIN, unknown=SILENT_AFTER, most=SILENT_NAMED,
    )  # fmt: skip
    return [Quiet(**dict(row)) for row in rows]


async def _key_fits(conn: Connection, key: bytes) -> Check:
    looking = conn.transaction()
    await looking.start()
    try:
        await Vault(key).prove(conn)
        return Check("key fits", "fine", "ok")
    except SettenError as failure:
        return Check("key fits", "bad", failure.code)
    finally:
        await looking.rollback()  # the first proof binds key and database; we only look
