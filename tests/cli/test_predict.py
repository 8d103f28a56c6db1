"""`setten predict`: a file in, a file out, and one line when that cannot be."""

import csv
import json
import os
import random
import subprocess
import sys
from datetime import date, timedelta


def setten(*args):
    return subprocess.run(
        [sys.executable, "-m", "setten.cli", *map(str, args)],
        env={"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8", **_python_path()},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _python_path():
    return {key: os.environ[key] for key in ("PYTHONPATH",) if key in os.environ}


def purchases(path):
    dice = random.Random(4)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["customer", "date", "value"])
        for person in range(80):
            for _ in range(dice.randint(1, 6)):
                day = date(2026, 1, 1) + timedelta(days=dice.randint(0, 300))
                out.writerow([f"c{person}", day.isoformat(), dice.randint(5, 90) * 100])
    return path


def test_a_file_of_purchases_becomes_a_file_of_forecasts_without_a_database(tmp_path):
    file, out = purchases(tmp_path / "p.csv"), tmp_path / "o.csv"
    done = setten("predict", "--purchases", file, "--until", "2026-09-30", "--horizon-days", 90,
                  "--out", out, "--json")  # fmt: skip
    assert done.returncode == 0, done.stderr
    with out.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    told = json.loads(done.stdout)
    assert list(rows[0]) == ["customer", "expected_purchases", "p_active", "expected_value"]
    assert told["customers"] == len(rows) <= 80
    assert all(0 <= float(row["p_active"]) <= 1 for row in rows)
    assert told["later"] > 0


def test_what_cannot_be_forecast_is_one_line(tmp_path):
    bad = tmp_path / "p.csv"
    bad.write_text("customer,when\na,b\n")
    done = setten("predict", "--purchases", bad, "--until", "2026-09-30", "--horizon-days", 90,
                  "--out", tmp_path / "o.csv")  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "customer, date, value" in done.stderr
