"""How long a condition about everybody takes: over the lake, from cold, with raw DuckDB beside it.

    python bench/segments.py --customers 1000000 --events 50000000 --folder DIR

The lake of the run is made once in DIR (some minutes, some GB) and used again. "Cold" means that
the operating system was told to forget the files before; who-is-whom is the file of the minute.
`--orders N` adds N orders that a receipt stands behind: purchases told twice, of which one counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from setten.customers import segments
from setten.customers.segments import everyone
from setten.platform import lake as lakes
from setten.platform.expressions import Calendar, micros
from setten.platform.lake import Lake

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TOKYO = Calendar(ZoneInfo("Asia/Tokyo"))
MONTHS = 36
LAST_90 = {"since": {"n": 90, "unit": "day"}}
LOOKED = {"kind": "did", "match": {"events": ["product.viewed"]}, "window": LAST_90,
          "times": {"op": "at_least", "value": 2}}  # fmt: skip
AWAY = {"kind": "not", "of": {"kind": "did", "match": {"events": ["page.viewed"]},
                              "window": {"since": {"n": 10, "unit": "day"}}}}  # fmt: skip
SPENT = {"kind": "total", "measure": "sum", "property": "total_minor",
         "match": {"events": ["purchase", "return"]}, "window": LAST_90,
         "claim": {"op": "at_least", "value": 5_000}}  # fmt: skip
QUESTIONS: dict[str, dict[str, Any]] = {
    "three behaviours in 90 days (the design's)": {"kind": "all", "of": [LOOKED, SPENT, AWAY]},
    "bought at one shop, ever": {"kind": "did", "match": {
        "events": ["purchase"],
        "where": [{"property": "location_id", "op": "is", "value": "L7"}]}},
    "views, ever, often": {"kind": "did", "match": {"events": ["product.viewed", "page.viewed"]},
                           "times": {"op": "at_least", "value": 30}},
    "bought once, and the last time 60 days ago or longer": {
        "kind": "last", "match": {"events": ["purchase"]},
        "window": {"until": {"n": 60, "unit": "day"}}},
    "view then cart then purchase in 7 days, this quarter": {
        "kind": "sequence", "within": {"n": 7, "unit": "day"}, "window": LAST_90,
        "steps": [{"events": [name]} for name in ("product.viewed", "cart.reported", "purchase")]},
}  # fmt: skip


def make(folder: Path, customers: int, events: int) -> Lake:
    """A lake of so many events of so many customers over three years; 1.5 identifiers each."""
    lake = Lake(folder, segments.LAKE_COLUMNS, segments.lake_lines)
    (folder / "month").mkdir(parents=True, exist_ok=True)
    duck = duckdb.connect()
    duck.execute("set threads = 2; set memory_limit = '3GB'")
    make_people(duck, folder, customers)
    done = folder / f"made-{customers}-{events}"
    if done.exists():
        return lake
    names = "['page.viewed','page.viewed','page.viewed','product.viewed','product.viewed'," \
            "'product.viewed','cart.reported','checkout.reported','receipt.recorded'," \
            "'products.searched']"  # fmt: skip
    shown = {"channel": "['web','shop','app'][1 + (d * 7 % 3)::int]",
             "location_id": "'L' || (d % 500)", "sku": "'SKU' || (d % 20000)",
             "item": "'Item ' || (d % 20000)", "currency": "'JPY'"}  # fmt: skip
    texts = ", ".join(
        f"{shown.get(c.name, 'null')}::varchar as {c.name}"
        for c in segments.LAKE_COLUMNS
        if c.kind == "text" and c.name != "told_by"
    )
    for month in range(MONTHS):
        duck.execute(f"""copy (
          select identifier_id, "at", position, name, {texts},
                 case when buys then (d % 20000)::bigint end as total_minor,
                 (d % 9000)::bigint as price_minor, 1::bigint as qty, 1::bigint as lines,
                 case when buys then uuid() end as purchase_key,
                 case when buys then 0::tinyint end as rank,
                 case when buys then uuid()::varchar end as told_by
            from (select (hash(k % ({customers} * 3 // 2)) >> 1)::bigint as identifier_id,
                         timestamp '2023-12-01' + interval {month} month
                           + to_microseconds((random() * 30 * 86400e6)::bigint) as "at",
                         {month} * 100000000::bigint + i as position, d, name,
                         name = 'receipt.recorded' as buys
                    from (select i, (random() * 1e9)::bigint as k, (random() * 1e7)::bigint as d,
                                 {names}[1 + floor(random() * 10)::int] as name
                            from range({events // MONTHS}) r(i)))
           order by identifier_id, "at", position
        ) to '{folder}/month/{month:03d}.parquet' (format parquet, compression zstd)""")
    done.touch()
    return lake


def make_people(duck: duckdb.DuckDBPyConnection, folder: Path, customers: int) -> None:
    """Who is whom, as the program itself keeps it for a minute."""
    people = folder / "people.parquet"
    if people.exists():
        described = duck.execute(f"describe select * from '{people}'").fetchall()
        if "is_first" in {row[0] for row in described}:
            return
    csv = folder / "people.csv"
    duck.execute(f"""copy (
        select (hash(i) >> 1)::bigint as identifier_id,
               md5((i % {customers})::varchar)::uuid as customer_id
          from range({customers} * 3 // 2) r(i)
      ) to '{csv}' (format csv, header false)""")
    duck.execute(everyone.Q.keep_people.sql.format(csv=csv, path=people))
    csv.unlink()


def make_orders(folder: Path, customers: int, orders: int) -> Path:
    """Orders with the receipt that stands behind each: two lines that tell one purchase."""
    path = folder / f"orders-{orders}.parquet"
    if path.exists():
        return path
    nothing = ", ".join(f"null::{'varchar' if c.kind == 'text' else 'bigint'} as {c.name}"
                        for c in segments.LAKE_COLUMNS
                        if c.kind in ("text", "integer")
                        and c.name not in ("total_minor", "told_by"))  # fmt: skip
    duckdb.connect().execute(f"""copy (
        select (hash(d % ({customers} * 3 // 2)) >> 1)::bigint as identifier_id,
               timestamp '2023-12-01' + to_microseconds(i * {90_000_000_000_000 // orders})
                 + interval (rank) hour as "at",
               10000000000 + i * 2 + rank as position,
               ['order.placed', 'receipt.recorded'][rank] as name, {nothing},
               d % 20000 as total_minor, md5(i::varchar)::uuid as purchase_key,
               rank::tinyint as rank,
               md5((i * 2 + rank)::varchar)::uuid::varchar as told_by
          from (select i, (hash(i + 7) >> 2)::bigint as d from range({orders}) r(i)),
               (values (1), (2)) t(rank)
         order by all
      ) to '{path}' (format parquet, compression zstd)""")
    return path


def forget(folder: Path) -> None:
    """Tell the operating system to forget the files' content."""
    for path in folder.rglob("*.parquet"):
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What it gave, the seconds on the wall, and those of the processor."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    found = work()
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return found, wall, spent


def ask(lake: Lake, files: list[Path], expression: dict[str, Any]) -> Any:
    """The answer as the preview makes it, without PostgreSQL's part."""
    node = segments.LANGUAGE.read(expression)
    question = everyone.Question(
        segments.LANGUAGE.statement(node, TOKYO, micros(NOW)),
        segments.LANGUAGE.needs(node, TOKYO, micros(NOW)),
    )
    told = everyone.Files(people=lake.folder / "people.parquet")
    return asyncio.run(
        lakes.work(
            lake.folder,
            lambda duck: everyone.count(duck, lake, files, told, question),
            most_s=120,
        )
    )[:2]


def raw(files: list[Path]) -> Any:
    """The limit: DuckDB alone over the same files, no persons, the design's three behaviours."""
    duck = duckdb.connect()
    duck.execute("set threads = 2")
    listed = ", ".join(f"'{path}'" for path in files)
    return duck.execute(f"""select count(*) from (
      select identifier_id, count(*) filter (where name = 'product.viewed') as v,
             sum(total_minor) as s, max("at") filter (where name = 'page.viewed') as l
        from read_parquet([{listed}])
       where "at" > timestamp '2026-08-22'
         and name in ('page.viewed', 'product.viewed', 'receipt.recorded')
       group by identifier_id) where v >= 2 and s >= 5000""").fetchone()


def main() -> None:
    """Make the lake, then ask each question from cold and again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--make-only", action="store_true")
    given = parser.parse_args()
    lake = make(given.folder, given.customers, given.events)
    files = sorted((given.folder / "month").glob("*.parquet"))
    if given.orders:
        files.append(make_orders(given.folder, given.customers, given.orders))
    if given.make_only:
        return
    size_mb = sum(path.stat().st_size for path in files) / 1e6
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}; {given.customers:,} customers, "
          f"{given.events:,} events, {given.orders:,} orders, {len(files)} files, "
          f"{size_mb:,.0f} MB; "
          f"DuckDB {duckdb.__version__}, {lakes.engine.THREADS} threads")  # fmt: skip
    for name, expression in QUESTIONS.items():
        forget(given.folder)
        found, cold, cold_cpu = timed(lambda e=expression: ask(lake, files, e))
        _, warm, warm_cpu = timed(lambda e=expression: ask(lake, files, e))
        print(f"{name}: {found[0]:,} of {found[1]:,}; cold {cold:.2f} s ({cold_cpu:.2f} processor),"
              f" again {warm:.2f} s ({warm_cpu:.2f})")  # fmt: skip
    forget(given.folder)
    found, cold, cpu = timed(lambda: raw(files))
    print(f"limit, raw DuckDB: {found[0]:,}; cold {cold:.2f} s ({cpu:.2f} processor)")


if __name__ == "__main__":
    main()
