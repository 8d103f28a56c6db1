"""Of all that told of one purchase one counts, however many told of it and at whatever instant."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from setten.customers import segments, timeline
from setten.customers.segments import everyone
from setten.platform.expressions import Needs
from setten.platform.lake import Lake

NAMES = {0: "receipt.recorded", 1: "order.placed", 2: "receipt.recorded",
         timeline.RANK_VOID: "purchase.voided"}  # fmt: skip


class Telling(NamedTuple):
    key: int
    rank: int
    second: int
    by: str


TELLINGS = st.lists(
    st.builds(Telling, st.integers(0, 7), st.sampled_from([1, 1, 2, 2, timeline.RANK_VOID]),
              st.integers(0, 2), st.just("")),
    min_size=1, max_size=40,
).map(
    lambda some: [one._replace(by=f"e{place:02d}") for place, one in enumerate(some)]
)  # fmt: skip


def counted(tellings: list[Telling]) -> list[str]:
    """Whose telling counts, as the live reader settles it: see customers.purchases."""
    best: dict[int, Telling] = {}
    for one in tellings:
        rival = best.get(one.key)
        if rival is None or (-one.rank, one.second, one.by) < (-rival.rank, rival.second, rival.by):
            best[one.key] = one
    return sorted(one.by for one in best.values() if one.rank != timeline.RANK_VOID)


@given(tellings=TELLINGS, turned=st.booleans())
@example(tellings=[Telling(0, 1, 0, "a"), Telling(0, 1, 0, "b")], turned=True)  # at one instant
@example(tellings=[Telling(0, 1, 0, "a"), Telling(0, 2, 1, "b"), Telling(0, 2, 0, "c")],
         turned=False)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_the_best_of_all_that_told_of_a_purchase_counts(tellings: list[Telling], turned: bool):
    with TemporaryDirectory() as name, duckdb.connect() as duck:
        folder = Path(name)
        lake = Lake(folder, segments.LAKE_COLUMNS, segments.lake_lines)
        written(duck, folder, tellings[::-1] if turned else tellings)
        told = everyone.Files(people=folder / "people.parquet")
        everyone.open_relations(
            duck, lake, [folder / "lines.parquet"], told=told, needs=Needs({"purchase": 0})
        )
        found = duck.execute("select item from events order by item").fetchall()
        assert [row[0] for row in found] == counted(tellings)


def written(duck: duckdb.DuckDBPyConnection, folder: Path, tellings: list[Telling]) -> None:
    """A file of lines, each with the name of its event as its item, and one of nobody."""
    kept = {"item": "r.told", "told_by": "r.told", "rank": "r.rank::tinyint",
            "purchase_key": "md5(r.key::varchar)::uuid", "total_minor": "100::bigint"}  # fmt: skip
    kinds = {"text": "varchar", "integer": "bigint", "small": "tinyint", "uuid": "uuid"}
    columns = ", ".join(
        f"{kept.get(one.name, f'null::{kinds[one.kind]}')} as {one.name}"
        for one in segments.LAKE_COLUMNS
    )
    duck.execute(
        "create table r (place bigint, key int, rank int, second int, name text, told text)"
    )
    duck.executemany(
        "insert into r values (?, ?, ?, ?, ?, ?)",
        [(place, one.key, one.rank, one.second, NAMES[one.rank], one.by)
         for place, one in enumerate(tellings)],
    )  # fmt: skip
    duck.execute(f"""copy (
        select 1::bigint as identifier_id, timestamp '2026-01-01' + to_seconds(r.second) as "at",
               r.place::bigint as position, r.name, {columns}
          from r) to '{folder}/lines.parquet' (format parquet)""")
    duck.execute(f"""copy (select 1::bigint as identifier_id, uuid() as customer_id,
        1 as subject, true as is_first) to '{folder}/people.parquet' (format parquet)""")
