"""C47 from outside: files of other systems by the command, customers and stock found over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

from tests.stories.town import Refusal, Town

ROWS = 9_000


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def bring(town: Town, kind: str, path: Path, *words: str) -> dict[str, Any]:
    """The summary of an import that may refuse rows."""
    done = subprocess.run(
        [sys.executable, "-m", "setten.cli", "import", kind, str(path), "--json", *words,
         "--data-dir", str(town.process.folder / "data")],
        capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "LANG": "ja_JP.UTF-8"},
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["files"][0]
    return {**found, "told": done.stderr}


def found(town: Town, kind: str, value: str, limit_s: float = 60) -> dict[str, Any]:
    """A customer, once the readers of the log are so far."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            return town.look_up(kind, value)
        except Refusal:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def test_a_members_file_makes_people_who_are_found_at_the_counter(
    town: Town, tmp_path: Path
) -> None:
    card, mail = unique("C").upper(), f"{unique('h')}@example.jp"
    path, keeps = tmp_path / "会員.csv", tmp_path / "refused.csv"
    text = f"会員番号,氏名,メールアドレス,性別\n{card},山田 花子,{mail},女性\n,名無し,,\n"
    path.write_bytes(text.encode("cp932"))
    tried = bring(town, "customers", path, "--dry-run")
    assert (tried["new"], tried["refused"], tried["is_dry"]) == (1, 1, True)
    assert "何も変えていません" not in tried["told"]  # that is for people, not for --json
    assert 'loyalty_card = "会員番号"' in tried["told"]
    done = bring(town, "customers", path, "--refused", str(keeps))
    assert (done["new"], done["refused"]) == (1, 1)
    customer = found(town, "loyalty_card", card)
    assert found(town, "email", mail)["customer_id"] == customer["customer_id"]
    assert customer["traits"]["name"] == "山田 花子"
    mended = keeps.read_text("utf-8-sig").replace(",,名無し,", f",{card}9,名無し,")
    assert mended != keeps.read_text("utf-8-sig")
    keeps.write_text(mended, "utf-8-sig")
    assert bring(town, "customers", keeps)["new"] == 1
    assert found(town, "loyalty_card", f"{card}9")["traits"]["name"] == "名無し"
    assert bring(town, "customers", path)["same"] == 1


def test_a_shop_comes_with_its_goods_its_levels_and_a_year_of_orders(
    town: Town, tmp_path: Path
) -> None:
    place, sku, mail = unique("shop"), unique("sku"), f"{unique('o')}@example.jp"
    files = {
        "locations": (
            "店舗コード,店名,区分,緯度,経度,営業時間",
            f"{place},試し店,店舗,35.1,139.1,10:00-20:00",
        ),
        "items": ("商品コード,商品名,販売価格,税率", f'{sku},緑のソファ,"89,800円",10%'),
        "stock": ("商品コード,店舗コード,在庫数", f"{sku},{place},4"),
        "orders": (
            "注文番号,注文日時,メール,商品コード,数量,単価,合計",
            f"{unique('B')},2026/1/5 10:00,{mail},{sku},1,89800,89800",
        ),
    }
    for kind, lines in files.items():
        path = tmp_path / f"{kind}.csv"
        path.write_text("\n".join(lines), "utf-8")
        done = bring(town, kind, path)
        assert (done["new"], done["refused"]) == (1, 0), done
    params = {"sku": sku, "location_id": place}
    (row,) = town.api("GET", "/stock/availability", params=params)["items"]
    assert row["available"] == 4
    customer = found(town, "email", mail)
    items = town.timeline(customer["customer_id"], wait_for="order.placed")
    assert [one["name"] for one in items].count("order.placed") == 1
    assert bring(town, "orders", tmp_path / "orders.csv")["same"] == 1


def test_an_import_that_was_killed_goes_on_and_ends_as_if_it_never_was(
    town: Town, tmp_path: Path
) -> None:
    """kill -9 in the middle, then --resume: the same counts, file of refused rows and people."""
    stem = unique("K").upper()
    rows = [f"{stem}{n},山田 {n},{'x' if n % 1500 == 7 else '1985-04-01'}\n" for n in range(ROWS)]
    path, keeps, whole = tmp_path / "a.csv", tmp_path / "refused.csv", tmp_path / "whole.csv"
    path.write_text("会員番号,氏名,生年月日\n" + "".join(rows), "utf-8")
    data = str(town.process.folder / "data")
    words = ["import", "customers", str(path), "--refused", str(keeps), "--data-dir", data]
    for limit in (2_000, 6_000):
        again = ["--resume"] if limit > 2_000 else []
        running = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", *words, *again],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            _wait_for_rows(town, stem, limit - 1, running)
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    done = bring(town, "customers", path, "--refused", str(keeps), "--resume")
    assert done["resumed_at"] is not None
    assert (done["rows"], done["new"], done["refused"]) == (ROWS, ROWS - 6, 6)
    repeated = bring(town, "customers", path, "--refused", str(whole))
    assert (repeated["new"], repeated["same"], repeated["refused"]) == (0, ROWS - 6, 6)
    assert keeps.read_bytes() == whole.read_bytes()
    assert (
        found(town, "loyalty_card", f"{stem}{ROWS - 1}", 60)["traits"]["name"] == f"山田 {ROWS - 1}"
    )


def _wait_for_rows(town: Town, stem: str, row: int, running: subprocess.Popen[bytes]) -> None:
    """Until somebody of this row is known, or the import is done."""
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        try:
            town.look_up("loyalty_card", f"{stem}{row - row % 1500}")
        except Refusal:
            time.sleep(0.02)
        else:
            return
