"""How fast files come in: customers and receipts, by the run that the command uses.

    python bench/imports.py customers --rows 200000
    python bench/imports.py receipts --rows 500000
    python bench/imports.py receipts --file transactions.parquet --mapping completejourney

Real data from SETTEN_TEST_DATA is never copied here. Rows a minute are of the wall clock; processor
time is of this process with those that help it, and of the database's. The limit beside it: as many
rows of one COPY.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import csv
import random
import resource
import time
from pathlib import Path

import msgspec
import psutil

from honesty import conditions, database
from setten import imports
from setten.imports import Options, Summary
from setten.platform import clock, db
from setten.platform.supervisor import collector
from setten.platform.vault import Vault

FAMILIES = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤")
GIVEN = ("花子", "太郎", "健", "美咲", "翔", "陽菜", "蓮", "葵", "大輔", "さくら")
_OURS = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)  # helpers count when they have ended
TOWNS = ("東京都渋谷区神宮前", "大阪府大阪市北区梅田", "北海道札幌市中央区", "福岡県福岡市博多区")


def customers(path: Path, rows: int) -> None:
    """A members' file as a Japanese shop system writes it: an id, name, mail, phone, address."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(
            ["顧客ID", "氏名", "メールアドレス", "電話番号", "生年月日", "郵便番号", "住所", "性別"]
        )
        for n in range(rows):
            write([
                f"CS{n:09}", f"{draw.choice(FAMILIES)} {draw.choice(GIVEN)}", f"m{n}@example.jp",
                f"090-{draw.randrange(10**4):04}-{n % 10**4:04}",
                f"19{draw.randrange(40, 99)}-0{draw.randrange(1, 9)}-1{draw.randrange(9)}",
                f"{draw.randrange(10**7):07}", f"{draw.choice(TOWNS)}{draw.randrange(9)}-{n % 30}",
                draw.choice("男女"),
            ])  # fmt: skip


def receipts(path: Path, rows: int) -> None:
    """Tills' lines, four to a receipt, half of the receipts with a card."""
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(["店舗コード", "レジ番号", "伝票番号", "日時", "品番", "数量", "金額", "会員番号"])
        for n in range(rows):
            one = n // 4
            write([
                f"S{one % 40:03}", one % 5, one, f"2025-{one % 12 + 1:02}-{one % 28 + 1:02} 10:00",
                f"K{draw.randrange(20_000):05}", 1 + draw.randrange(3), draw.randrange(100, 9_999),
                f"C{one % 50_000:06}" if one % 2 else "",
            ])  # fmt: skip


async def bring(dsn: str, folder: Path, args: argparse.Namespace) -> Summary:
    """Bring the file in and print what it cost."""
    pool = await db.open_pool(dsn, size=3)
    vault = Vault(bytes(32))
    async with db.transaction(pool) as conn:
        await vault.prove(conn)
    path = args.file or folder / f"{args.kind}.csv"
    if args.file is None:
        {"customers": customers, "receipts": receipts}[args.kind](path, args.rows)
    async with pool.acquire() as conn:
        data = f"{path.name}, {path.stat().st_size / 1e6:.0f} MB"
        await conditions(conn, folder=folder, data=data, connections=3, loop="one file")
    collector.settle_down()  # as the command does
    before, wall = _processor_s(), time.monotonic()
    done = await imports.bring(
        pool,
        vault,
        imports.KINDS[args.kind],
        path,
        Options(mapping=args.mapping, creates_places=True),
        clock=clock.now,
        hands=_hands(dsn, args),
    )
    wall = time.monotonic() - wall
    after = _processor_s()
    own, base = (b - a for a, b in zip(before, after, strict=True))
    most, helper = (resource.getrusage(of).ru_maxrss / 1024 for of in _OURS)
    print(f"rows          {done.rows:,}: {done.new:,} new, {done.refused:,} refused")
    print(f"rows a minute {done.rows / wall * 60:,.0f} ({wall:.1f} s)")
    own_us, base_us = (one / done.rows * 1e6 for one in (own, base))
    print(f"a row         {own_us:.0f} µs here, {base_us:.0f} µs database")
    print(f"memory        {most:,.0f} MB at most, a child {helper:,.0f} MB")
    async with pool.acquire() as conn:
        most_rows = await _limit(conn, min(done.rows, 500_000))
        print(f"limit         {most_rows:,.0f} rows a minute by COPY")
    await pool.close()
    return done


def _hands(dsn: str, args: argparse.Namespace) -> imports.Hands:
    """Other processes that help: as many as the command takes, or as said."""
    spare = imports.spare(dsn, bytes(32))
    return spare if args.hands is None else msgspec.structs.replace(spare, count=args.hands)


def _processor_s() -> tuple[float, float]:
    """Processor time of this process and those that helped it, and of the database."""
    own = sum(sum(resource.getrusage(of)[:2]) for of in _OURS)
    base = 0.0
    for one in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            base += sum(one.cpu_times()[:2])
    return own, base


async def _limit(conn: db.Connection, rows: int) -> float:
    await conn.execute("create table bare (id bigint primary key, body text)")
    records = [(n, "x" * 200) for n in range(rows)]
    start = time.monotonic()
    await conn.copy_records_to_table("bare", records=records)
    return rows / (time.monotonic() - start) * 60


def main() -> None:
    """One file, one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["customers", "receipts"])
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--mapping")
    parser.add_argument("--hands", type=int, help="processes that help beside this one")
    parser.add_argument("--database-url")
    args = parser.parse_args()

    with database(args.database_url, _migrate) as (dsn, folder):
        asyncio.run(bring(dsn, folder, args))


def _migrate(dsn: str, _: Path) -> None:
    async def go() -> None:
        conn = await db.connect(dsn)
        try:
            await db.apply_migrations(conn)
        finally:
            await conn.close()

    asyncio.run(go())


if __name__ == "__main__":
    main()
