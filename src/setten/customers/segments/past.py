"""How large a segment would have been on the days before it was defined, for its line over time.

Only what happened can be asked of a day that is over: consent, reach, homes, carts, lists, stages,
traits and relations stand as they are now. Who is whom is as it is known today.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from setten.customers.segments import evaluating, everyone, rules
from setten.customers.segments.vocabulary import LANGUAGE
from setten.platform import db
from setten.platform import lake as lakes
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar, Needs, Node, Statement, instant, micros
from setten.platform.lake import Lake, LakeTooSlow

if TYPE_CHECKING:
    import duckdb

Q = db.load(__file__)
DAYS = 30
"""As far back as the page of a segment goes."""

# Of one segment: a day of a million customers takes seconds. Days that are not reached stay untold.
SECONDS_MAX = 30.0
_AT_ONCE = 10  # segments of one run; somebody who defines more waits for the next


class Asked(msgspec.Struct, frozen=True):
    """The ends of days, the newest first, and what gives the members then."""

    ats: tuple[datetime, ...]
    statements: tuple[Statement, ...]
    needs: Needs


async def tell_past(pool: Pool, lake: Lake, *, calendar: Calendar) -> int:
    """Write the sizes of the days before each segment that is new; answers how many were told.

    Behind the filling and the lake: what the lake does not have yet is waited for.
    """
    for told in range(_AT_ONCE):
        async with pool.acquire() as conn:
            written_to = await lake.written_to(conn)
            row = written_to and await Q.untold.maybe(conn, written_to=written_to)
        if not row:
            return told
        node = rules.read(row["expression"])
        sizes = await _sizes(pool, lake, node, calendar=calendar, before=row["created_at"])
        async with db.transaction(pool) as conn:
            await Q.put.run(
                conn,
                segment_id=row["segment_id"],
                ats=[at for at, _ in sizes],
                sizes=[size for _, size in sizes],
            )
            await Q.told.run(conn, segment_id=row["segment_id"])
    return _AT_ONCE


async def _sizes(
    pool: Pool, lake: Lake, node: Node, *, calendar: Calendar, before: datetime
) -> list[tuple[datetime, int]]:
    """(end of a day, how many there were), the newest first; as many as there was time for."""
    with tempfile.TemporaryDirectory(prefix="past-") as scratch:
        async with pool.acquire() as conn:
            asked = await _asked(conn, node, calendar=calendar, before=before)
            if asked is None:
                return []
            files = await lake.files(conn)
            told = everyone.Files(people=await everyone.people(conn, lake, Path(scratch)))
        found: list[tuple[datetime, int]] = []

        def work(duck: duckdb.DuckDBPyConnection) -> None:
            everyone.open_relations(duck, lake, files, told=told, needs=asked.needs)
            _count(duck, asked, found)

        with suppress(LakeTooSlow):  # what was counted until then is told
            await lakes.work(lake.folder, work, most_s=SECONDS_MAX)
    return found


async def _asked(
    conn: Connection, node: Node, *, calendar: Calendar, before: datetime
) -> Asked | None:
    """What to ask for each day; None where a condition is about what stands now."""
    groups = rules.leads_to(node, {one.name: one for one in await evaluating.live(conn)})
    needs = LANGUAGE.needs(node, calendar, micros(before))
    for inner in groups.values():
        needs = needs | LANGUAGE.needs(inner, calendar, micros(before))
    if needs.standings or needs.relations or needs.fields:
        return None
    today = calendar.day_of(micros(before))
    moments = [calendar.midnight(today - timedelta(days=back)) for back in range(DAYS)]
    return Asked(
        tuple(instant(one) for one in moments),
        tuple(LANGUAGE.statement(node, calendar, one, groups=groups) for one in moments),
        needs,
    )


def _count(
    duck: duckdb.DuckDBPyConnection, asked: Asked, found: list[tuple[datetime, int]]
) -> None:
    duck.execute(Q.born.sql)
    for at, statement in zip(asked.ats, asked.statements, strict=True):
        given: Sequence[object] = [*statement.parameters, at.replace(tzinfo=None)]
        sql = Q.size.sql.format(statement=statement.sql, number=len(given))
        row = duck.execute(sql, given).fetchone()
        assert row is not None
        found.append((at, int(row[0])))
