"""The check-up: what is wrong is named, what wants a look breaks nothing, in both languages."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from setten.operations import beginning, checkup
from setten.operations.checkup import Check
from setten.platform import settings

SOURCE = Path(checkup.__file__)


@pytest.fixture
def installation(tmp_path):
    return settings.load(environment={"SETTEN_DATA_DIR": str(tmp_path)}, demo=False)


async def found(conn, installation, *, now=None):
    now = now or datetime.now(UTC)
    return {one.name: one for one in await checkup.inside(conn, installation, now=now)}


async def test_a_new_house_has_nothing_that_is_broken(conn, installation):
    seen = await found(conn, installation)
    assert [one.name for one in seen.values() if one.state == "bad"] == []
    assert all(one.is_fine for one in await checkup.version(conn))


async def test_a_clock_that_is_off_is_bad(conn, installation):
    seen = await found(conn, installation, now=datetime.now(UTC) - timedelta(hours=1))
    assert seen["clock"].state == "bad"


async def test_a_source_that_never_sent_wants_a_look_after_a_day(conn, installation):
    await conn.execute(
        "insert into ingest.sources (name, channel, system, currency, rate_per_s, created_at)"
        " values ('古いタグ', 'web', 'web', 'JPY', 10, now() - interval '2 days'),"
        "        ('新しいタグ', 'web', 'web', 'JPY', 10, now())"
    )
    seen = await found(conn, installation)
    assert seen["silent sources"].state == "look"
    assert seen["silent sources"].found == "古いタグ"


FAR = datetime(2041, 3, 5, 3, 20, tzinfo=UTC)
"""A time of our own: nobody else's senders were heard near it."""


async def heard(conn, name, *hours_ago):
    source = await conn.fetchval(
        "insert into ingest.sources (name, channel, system, currency, rate_per_s, created_at)"
        " values ($1, 'web', 'web', 'JPY', 10, $2) returning source_id",
        name, FAR - timedelta(days=60),
    )  # fmt: skip
    await conn.executemany(
        "insert into ingest.counters (source_id, hour_at, name, events, last_at)"
        " values ($1, $2, $3, 1, $2)",
        [(source, FAR - timedelta(hours=ago), name) for ago in hours_ago for name in ("a", "b")],
    )


async def test_who_fell_silent_is_judged_by_its_own_rhythm(conn, installation):
    await heard(conn, "busy, stopped", *range(5, 80))
    await heard(conn, "busy, a short pause", *range(3, 80))
    days = [24 * day + hour for day in range(27) for hour in (13, 20)]
    await heard(conn, "a shop overnight", *days)
    await heard(conn, "a shop, shut since", *days[2:])
    await heard(conn, "hardly known", 23, 40)
    await heard(conn, "hardly known, gone", 26, 30)
    await heard(conn, "twice a week", *(84 * n + 100 for n in range(6)))
    await heard(conn, "ended", 24 * 7 + 1, *range(24 * 7 + 2, 24 * 9))
    found_ = [one.name for one in await checkup.quiet(conn, now=FAR)]
    assert found_ == ["a shop, shut since", "hardly known, gone", "busy, stopped"]
    check = next(one for one in await checkup.inside(conn, installation, now=FAR)
                 if one.name == "quiet sources")  # fmt: skip
    assert (check.state, check.found) == ("look", ", ".join(found_))


async def test_a_reader_that_reads_through_a_past_is_late_and_well(conn, installation):
    await conn.execute("delete from log.cursors")
    await conn.execute(
        "insert into log.cursors (reader, xid, updated_at)"
        " values ('of a past', pg_current_xact_id(), now() + interval '1 hour')"  # however busy
    )
    await conn.execute(
        "insert into log.events (arrived_on, event_id, name, occurred_at, received_at, channel,"
        " identifiers, body) values ($1::timestamptz::date, 'of a past', 'page.viewed', $1, $1,"
        " 'web', '{}', '{}')",
        datetime.now(UTC) - timedelta(days=1, minutes=5),
    )
    assert (await found(conn, installation))["readers"].state == "look"
    await conn.execute("update log.cursors set updated_at = now() - interval '5 minutes'")
    seen = (await found(conn, installation))["readers"]
    assert (seen.state, seen.found) == ("bad", "of a past 1 d")


@pytest.mark.parametrize(
    ("lag_s", "words"),
    [(0.0, "0.0 s"), (2.04, "lake 2.0 s"), (600.0, "lake 10 min"), (2_891_086.3, "lake 33 d")],
)
def test_how_late_is_told_in_figures_one_can_read(lag_s, words):
    assert checkup.late("lake", lag_s) == words


@pytest.mark.parametrize(
    ("found_", "ja"),
    [("lake 2.0 s", "lake 2.0秒"), ("0 min", "0分"), ("51 h", "51時間"), ("lake 33 d", "lake 33日"),
     ("0310_roster", "0310_roster"), ("店 12 s, タグ", "店 12 s, タグ")],
)  # fmt: skip
def test_units_are_in_the_language_of_the_reader(found_, ja):
    check = Check("readers", "fine", found_)
    assert (checkup.shown(check, "ja"), checkup.shown(check, "en")) == (ja, found_)


async def test_jobs_that_stand_still_are_bad(conn, installation):
    await conn.execute(
        "insert into jobs.pgqueuer_schedules (expression, entrypoint, next_run)"
        " values ('* * * * *', 'test_stands_still', now() - interval '1 hour')"
    )
    assert (await found(conn, installation))["jobs"].state == "bad"


async def test_a_house_that_nobody_can_let_others_into_wants_a_look(conn, installation):
    assert (await found(conn, installation))["admins"].state == "look"


def test_an_open_line_to_the_outside_wants_a_look(installation):
    outside = msgspec.structs.replace(installation, host="0.0.0.0", base_url="http://shop.example")
    assert checkup.reach(outside).state == "look"
    safe = msgspec.structs.replace(outside, base_url="https://shop.example")
    assert checkup.reach(safe).state == "fine"


def test_every_check_has_its_name_and_its_mending_in_both_languages():
    cli = SOURCE.parents[1] / "cli/checks.py"
    names = set(re.findall(r'(?:judged|Check)\(\s*"([a-z ]+)"', SOURCE.read_text("utf-8")))
    names |= set(re.findall(r'^ +\("([a-z ]+)", _', cli.read_text("utf-8"), re.M))
    assert len(names) > 15
    for name in names:
        for locale in ("ja", "en"):
            assert checkup.title(name, locale), name
            if name != "version":
                assert checkup.mend(Check(name, "bad", ""), locale), name


async def test_first_steps_are_not_done_in_an_empty_house(conn):
    stands = await beginning.look(conn)
    assert stands.next_step == "source"


async def test_the_age_of_the_last_backup_is_known_by_its_mark(conn, installation, tmp_path):
    assert (await found(conn, installation))["backup"].state == "look"
    mark = tmp_path / checkup.BACKUP_MARK
    mark.touch()
    assert (await found(conn, installation))["backup"].state == "fine"
    os.utime(mark, (0, (datetime.now(UTC) - timedelta(hours=51)).timestamp()))
    told = (await found(conn, installation))["backup"]
    assert (told.state, told.found) == ("look", "51 h")
    assert "last-backup" in checkup.mend(told, "ja")
