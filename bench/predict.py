"""How good `setten predict` is on the published CDNOW sample: fitted to 39 weeks, the next 39.

    python bench/predict.py CDNOW_sample.txt.gz

Prints what the best published model of the class reaches beside ours.
"""

from __future__ import annotations

import csv
import gzip
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import numpy as np

UNTIL, DAYS = date(1997, 9, 30), 273
Row = tuple[str, date, str]


def read(file: Path) -> list[Row]:
    """Customer, day and dollars of each purchase."""
    with gzip.open(file, "rt") as lines:
        rows = [line.split() for line in lines]
    return [
        (row[1], date(int(row[2][:4]), int(row[2][4:6]), int(row[2][6:])), row[4])
        for row in rows
        if row
    ]


def forecast(rows: list[Row], folder: Path) -> dict[str, float]:
    """Expected purchases by customer, by the command itself."""
    purchases, out = folder / "purchases.csv", folder / "forecast.csv"
    with purchases.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "date", "value"])
        writer.writerows(rows)
    command = [sys.executable, "-m", "setten.cli", "predict", "--purchases", purchases,
               "--until", UNTIL.isoformat(), "--horizon-days", str(DAYS), "--out", out]  # fmt: skip
    print(" ".join(map(str, ["setten", *command[3:]])))
    subprocess.run(list(map(str, command)), check=True)
    with out.open(newline="") as file:
        return {r["customer"]: float(r["expected_purchases"]) for r in csv.DictReader(file)}


def main() -> None:
    """Forecast, and hold it against what came."""
    rows = read(Path(sys.argv[1]))
    came = defaultdict(set)
    for customer, day, _ in rows:
        if UNTIL < day <= UNTIL + timedelta(days=DAYS):
            came[customer].add(day)
    with tempfile.TemporaryDirectory() as name:
        found = forecast(rows, Path(name))
    expected = np.array(list(found.values()))
    actual = np.array([len(came[customer]) for customer in found])
    rmse = float(np.sqrt(np.mean((expected - actual) ** 2)))
    correlation = float(np.corrcoef(expected, actual)[0, 1])
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{len(found):,} people, {actual.sum():,} purchases came, {expected.sum():,.0f} "
          f"expected; {spent.ru_utime + spent.ru_stime:.1f} s of processor")  # fmt: skip
    print(f"{'':24}{'RMSE':>8}{'correl.':>9}{'total':>9}")
    print(f"{'asked':24}{'<= 1.60':>8}{'> .6302':>9}{'+- 5 %':>9}")
    print(f"{'best published of class':24}{1.603:8.3f}{'.6302':>9}{'-11.5 %':>9}")
    total = f"{expected.sum() / actual.sum() - 1:+.1%}"
    print(f"{'setten predict':24}{rmse:8.3f}{correlation:9.4f}{total:>9}")


if __name__ == "__main__":
    main()
