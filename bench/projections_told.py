"""What `projections.py` prints of a run: where the time went, and the worst delays."""

from __future__ import annotations

import argparse
import os
from typing import Any

import honesty

STRETCHES = 10
COUNTS = frozenset({"wal", "events", "idle"})  # what is counted and is no processor's time


def tell(
    args: argparse.Namespace,
    offered: dict[str, Any],
    was: dict[str, Any],
    now: dict[str, Any],
    before: dict[str, float],
    after: dict[str, float],
) -> None:
    """Print where the time went, in microseconds of processor for each event of the log."""
    events = after["events"] - before["events"]
    each = 1e6 / events
    print(f"offered       {offered['events']:,} events, worst start {offered['late_s'] * 1000:.0f} "
          f"ms late; with our own facts {events:,.0f} in the log; "
          f"acknowledged in {honesty.percentiles(offered['took'])}; "
          f"refused {offered['refused']}")  # fmt: skip
    print(f"wal           {(after['wal'] - before['wal']) / events:,.0f} bytes an event")
    print(f"idle          {(after['idle'] - before['idle']) / args.seconds:.2f} processors of "
          f"{os.cpu_count()} while offering and catching up")  # fmt: skip
    print(f"{'µs an event':<26}{'python':>8}{'postgres':>10}{'batches':>9}{'events each':>13}"
          f"{'statements each':>17}{'longest ms':>12}")  # fmt: skip
    total = [0.0, 0.0]
    for name, reader in now["readers"].items():
        first = was["readers"][name]
        python, postgres, batches, statements = (
            reader[key] - first[key] for key in ("python_s", "postgres_s", "batches", "statements")
        )
        total[0] += python * each
        total[1] += postgres * each
        shown = f"{python * each:>8.1f}{postgres * each:>10.1f}{batches:>9,}"
        batches = max(1, batches)
        print(
            f"  {name:<24}{shown}{events / batches:>13,.0f}{statements / batches:>17.1f}"
            f"{reader['longest_s'] * 1000:>12.0f}"
        )
    own = {part: (s - was["process_s"][part]) * each for part, s in now["process_s"].items()}
    whole = sum(own.values())
    print(f"  {'loops and drivers':<24}{whole - total[0]:>8.1f}")
    print(f"  {'readers in all':<24}{whole:>8.1f}{total[1]:>10.1f}")
    for part, met in now["stalls"].items():
        stood = {name: seconds * 1000 for name, seconds in met.items()}
        print(f"  {part + ' process':<24}{own[part]:>8.1f}; stood still: longest turn of the loop "
              f"{stood['turn']:.0f} ms; collector in all {stood['collecting']:.0f}, longest "
              f"{stood['collector']:.0f} ms")  # fmt: skip
    sender = "append" if args.append else "client"
    print(f"  {sender:<24}{offered['process_s'] * each:>8.1f}")
    used = {kind: s - before.get(kind, 0.0) for kind, s in after.items() if kind not in COUNTS}
    for kind in sorted(used):
        if used[kind] * each >= 0.5:
            print(f"  {kind:<24}{'':>8}{used[kind] * each:>10.1f}")
    tell_whole(
        offered["events"],
        {part: s - was["process_s"][part] for part, s in now["process_s"].items()}
        | {sender: offered["process_s"], "web": used["web"], "jobs": used["jobs (python)"]}
        | {"database": used["database in all"]},
    )
    told = sorted(now["slowest"].items(), key=lambda one: -one[1][0])
    for text, (seconds, count) in told[: args.statements]:
        print(f"  {seconds * 1e6 / events:>7.1f} µs an event waited in {count:,} × {text}")


def tell_whole(offered: int, seconds: dict[str, float]) -> None:
    """What an event costs that somebody sent, with all that follows from it."""
    parts = ", ".join(f"{part} {s * 1e6 / offered:.0f}" for part, s in seconds.items() if s)
    print(f"whole         {sum(seconds.values()) * 1e6 / offered:.0f} µs of processor for each "
          f"offered event: {parts}")  # fmt: skip


def tell_stretches(name: str, lags: list[float], parts: int = STRETCHES) -> None:
    """The worst delay of each part of the run: a shop that fills up is not one that is full."""
    size = -(-len(lags) // parts)
    worst = [max(lags[at : at + size]) * 1000 for at in range(0, len(lags), size)]
    print(f"worst         {name}, tenths of the run: "
          f"{' '.join(f'{one:,.0f}' for one in worst)} ms")  # fmt: skip
