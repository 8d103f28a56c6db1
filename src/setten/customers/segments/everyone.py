"""A condition asked of everybody: counted over the lake, with a few of those it is true of."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from setten.customers import timeline
from setten.customers.segments import evaluating, lines, rules, standing
from setten.customers.segments.vocabulary import (
    INTEGERS,
    LANGUAGE,
    NO_STAGE,
    PURCHASE,
    RETURN,
    STAGE,
    TEXTS,
)
from setten.facts.ids import CustomerId
from setten.platform import clock, db
from setten.platform import lake as lakes
from setten.platform.db import Connection, Pool
from setten.platform.expressions import Calendar, Needs, Statement, micros
from setten.platform.expressions import question as name_of
from setten.platform.lake import Lake
from setten.platform.lake.engine import quoted

if TYPE_CHECKING:
    import duckdb

Q = db.load(__file__)
SAMPLE = 10
RANK_MICROS = 2**53
"""More microseconds since 1970 than any time has: a rank is worth more than all of them."""

# Who is whom, as a file of the engine, serves the questions of so long: people compose by trying.
PEOPLE_KEPT = timedelta(seconds=60)
_PEOPLE = "people.parquet"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What a condition would give now.

    size: how many of `everybody`; sample: up to SAMPLE of them, the same ones while it is asked
    again. as_of: up to when the lake has what happened (None: it has nothing yet).
    """

    size: int
    everybody: int
    sample: tuple[CustomerId, ...]
    as_of: datetime | None
    counted_at: datetime


class Question(msgspec.Struct, frozen=True):
    """A statement with what it must find beside it."""

    statement: Statement
    needs: Needs


class Answer(msgspec.Struct, frozen=True):
    """A condition about what stands, as statements name it, and a file of whom it is true."""

    question: str
    csv: Path


class Files(msgspec.Struct, frozen=True, kw_only=True):
    """What PostgreSQL told for a question, as files for the engine."""

    people: Path
    said: Path | None = None
    standings: tuple[Answer, ...] = ()
    relations: Path | None = None


async def ask(conn: Connection, expression: Any, *, calendar: Calendar, now: datetime) -> Question:
    """The question behind an expression's JSON. Raises what `Language.read` raises, and
    SegmentNotFound."""
    node = LANGUAGE.read(expression)
    segments = {one.name: one for one in await evaluating.live(conn)}
    groups = rules.leads_to(node, segments)
    moment = micros(now)
    needs = LANGUAGE.needs(node, calendar, moment)
    for inner in groups.values():
        needs = needs | LANGUAGE.needs(inner, calendar, moment)
    return Question(LANGUAGE.statement(node, calendar, moment, groups=groups), needs)


async def preview(
    pool: Pool,
    lake: Lake,
    expression: Any,
    *,
    calendar: Calendar,
    now: datetime,
    most_s: float = lakes.ANSWER_S_MAX,
) -> Preview:
    """Count everybody of whom an expression is true, and show some. Writes nothing.

    most_s: how long somebody waits for it.

    Raises what `ask` raises, and lake.LakeTooSlow.
    """
    with tempfile.TemporaryDirectory(prefix="ask-") as scratch:
        async with pool.acquire() as conn:
            question = await ask(conn, expression, calendar=calendar, now=now)
            files = await lake.files(conn)
            as_of = await lake.written_to(conn)
            told = Files(
                people=await people(conn, lake, Path(scratch)),
                said=await _said(conn, question.needs, Path(scratch)),
                standings=await _standings(conn, question.needs, Path(scratch)),
                relations=await _relations(conn, question.needs, Path(scratch)),
            )
        hits, everybody, sample = await lakes.work(
            lake.folder,
            lambda duck: count(duck, lake, files, told, question),
            most_s=most_s,
        )
    return Preview(
        size=hits,
        everybody=everybody,
        sample=tuple(CustomerId(UUID(str(one))) for one in sample or ()),
        as_of=as_of,
        counted_at=now,
    )


async def people(conn: Connection, lake: Lake, scratch: Path) -> Path:
    """Who is whom as a file, made anew when it has grown old."""
    kept = lake.folder / _PEOPLE
    if _age(kept) < PEOPLE_KEPT:
        return kept
    csv, fresh = scratch / "people.csv", scratch / _PEOPLE
    await conn.copy_from_query(Q.everybody.sql, output=str(csv), format="csv")
    sql = Q.keep_people.sql.format(csv=quoted(str(csv)), path=quoted(str(fresh)))
    await lakes.work(lake.folder, lambda duck: duck.execute(sql))
    _replace(fresh, kept)
    return kept


def _age(path: Path) -> timedelta:
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return timedelta.max
    return timedelta(seconds=max(0.0, clock.now().timestamp() - written))


def _replace(fresh: Path, kept: Path) -> None:
    """Put a whole file in the place of another at once, also from another file system."""
    beside = kept.with_suffix(f".{fresh.parent.name}")
    beside.write_bytes(fresh.read_bytes())
    beside.replace(kept)


async def _said(conn: Connection, needs: Needs, scratch: Path) -> Path | None:
    """The fields that the question asks for as a file; None when it asks for none."""
    if not needs.fields:
        return None
    csv = scratch / "said.csv"
    fields = sorted(needs.fields)
    await conn.copy_from_query(Q.said.sql, fields, STAGE, NO_STAGE, output=str(csv), format="csv")
    return csv


async def _standings(conn: Connection, needs: Needs, scratch: Path) -> tuple[Answer, ...]:
    """Of whom each condition about what stands is true, a file each."""
    found = []
    for number, node in enumerate(sorted(needs.standings, key=name_of)):
        asked, csv = standing.question(node), scratch / f"standing-{number}.csv"
        await conn.copy_from_query(
            asked.of_everybody, *asked.arguments, output=str(csv), format="csv"
        )
        found.append(Answer(name_of(node), csv))
    return tuple(found)


async def _relations(conn: Connection, needs: Needs, scratch: Path) -> Path | None:
    """Who has to do with whom as a file; None when nobody asks."""
    if not needs.relations:
        return None
    csv = scratch / "relations.csv"
    await conn.copy_from_query(
        standing.Q.all_related.sql, sorted(needs.relations), output=str(csv), format="csv"
    )
    return csv


def count(
    duck: duckdb.DuckDBPyConnection,
    lake: Lake,
    files: Sequence[Path],
    told: Files,
    question: Question,
) -> tuple[int, int, list[Any] | None]:
    """(how many, of how many, a few of them); on an engine of its own."""
    open_relations(duck, lake, files, told=told, needs=question.needs)
    sql = Q.count_and_sample.sql.format(statement=question.statement.sql, sample=SAMPLE)
    found = duck.execute(sql, list(question.statement.parameters)).fetchone()
    assert found is not None
    return found[0], found[1], found[2]


def open_relations(
    duck: duckdb.DuckDBPyConnection,
    lake: Lake,
    files: Sequence[Path],
    *,
    told: Files,
    needs: Needs,
) -> None:
    """Give an engine the relations that statements read: subjects, events, fields, standings,
    relations."""
    lake.open_lines(duck, files)
    duck.execute(Q.people.sql.format(path=quoted(str(told.people))))
    duck.execute(Q.owners.sql)
    duck.execute(Q.subjects.sql)
    _open_events(duck, needs)
    if _is_empty(told.said):
        duck.execute(Q.no_fields.sql)
    else:
        duck.execute(Q.fields.sql.format(csv=quoted(str(told.said))))
    duck.execute(Q.no_standings.sql)
    for answer in told.standings:
        if not _is_empty(answer.csv):
            duck.execute(Q.standing.sql.format(csv=quoted(str(answer.csv))), [answer.question])
    if _is_empty(told.relations):
        duck.execute(Q.no_relations.sql)
    else:
        duck.execute(Q.relations.sql.format(csv=quoted(str(told.relations))))


def _open_events(duck: duckdb.DuckDBPyConnection, needs: Needs) -> None:
    """The events of a question: without purchases every line is what it says, and where none has
    rivals nobody looks for them."""
    words: dict[str, Any] = {
        "columns": ", ".join(f"l.{name}" for name in (*TEXTS, *INTEGERS)),
        "void": timeline.RANK_VOID,
        "alone": lines.RANK_ALONE,
    }
    words["merit"] = Q.merit.sql.format(rank_micros=RANK_MICROS, **words).strip()
    parts = []
    if needs.events.keys() & {PURCHASE, RETURN}:
        found = duck.execute(Q.contested.sql.format(**words)).fetchone()
        assert found is not None
        has_rivals, has_corrections = found
        corrected = Q.not_corrected.sql if has_corrections else ""
        parts.append(f"{Q.alone.sql}{corrected}")
        if has_rivals:
            words["settled"] = Q.settled.sql if _settle(duck, words) else ""
            parts.append(Q.rivals.sql)
    if needs.events.keys() - {PURCHASE, RETURN} or not parts:
        parts.append(Q.others.sql)
    told = "\nunion all\n".join(parts).format(**words)
    duck.execute(Q.events.sql.format(parts=told))


def _settle(duck: duckdb.DuckDBPyConnection, words: Mapping[str, Any]) -> bool:
    """Find the best of all that told of each purchase; whether rank and time alone do not say."""
    duck.execute(Q.told_twice.sql.format(rank_micros=RANK_MICROS, **words))
    found = duck.execute(Q.has_doubtful.sql).fetchone()
    assert found is not None
    if found[0]:
        duck.execute(Q.settle_doubtful.sql.format(**words))
    return bool(found[0])


def _is_empty(file: Path | None) -> bool:
    return file is None or not file.stat().st_size
