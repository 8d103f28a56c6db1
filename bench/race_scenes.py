"""The scenes of the race suite, and the line in which each is told."""

from __future__ import annotations

import bisect
import functools
import itertools
import random
from collections.abc import Callable, Sequence

import msgspec

import honesty
from race_history import RELEASE, Op, Verdict

CANCELS = 0.3
Lines = list[tuple[str, int]]


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One race. units of each sku; pick: what the next caller wants; short_ttl: the share of holds
    that run out within a second or two; tills: the share of callers who are tills."""

    name: str
    skus: int
    units: int
    pick: Callable[[random.Random, Sequence[str]], Lines]
    short_ttl: float = 0.0
    tills: float = 0.0
    kills: int = 0


def _one(chance: random.Random, skus: Sequence[str]) -> Lines:
    return [(chance.choice(skus), 1)]


def _zipf(chance: random.Random, skus: Sequence[str]) -> Lines:
    weights = _weights(len(skus))
    return [(skus[bisect.bisect_left(weights, chance.random() * weights[-1])], 1)]


@functools.cache
def _weights(count: int) -> list[float]:
    return list(itertools.accumulate(1 / rank for rank in range(1, count + 1)))


def _cart(chance: random.Random, skus: Sequence[str]) -> Lines:
    return [(sku, chance.randint(1, 2)) for sku in chance.sample(skus, 3)]


def _twice(chance: random.Random, skus: Sequence[str]) -> Lines:
    sku = chance.choice(skus)
    return [(sku, 1), (sku, chance.randint(1, 2))]


SCENES = (
    Scene(name="hot", skus=1, units=400, pick=_one),
    Scene(name="uniform", skus=1_000, units=5, pick=_one),
    Scene(name="zipf", skus=1_000, units=20, pick=_zipf),
    Scene(name="carts", skus=12, units=200, pick=_cart),
    Scene(name="twice", skus=3, units=300, pick=_twice),
    Scene(name="expiry", skus=2, units=60, pick=_one, short_ttl=0.7),
    Scene(name="tills", skus=5, units=120, pick=_one, tills=0.3),
    Scene(name="kills", skus=5, units=400, pick=_cart, kills=2),
)
ONE_LINE = ("hot", "uniform", "zipf")  # what a shop of single reservations can run too


def tell(name: str, history: Sequence[Op], took_s: float, verdict: Verdict) -> None:
    """The line of a scene, and whatever cannot be explained."""
    wishes = [op for op in history if op.kind != RELEASE]
    done = sum(op.is_done for op in wishes)
    again = sum(op.tries > 1 for op in history)
    answered = [op.ended - op.begun for op in history if op.status]
    print(f"{name:<10} {len(history) / took_s:>6,.0f} operations/s  "
          f"{done:>6,} of {len(wishes):>6,} granted ({done / max(1, len(wishes)):.0%})  "
          f"{honesty.percentiles(answered)}")  # fmt: skip
    print(f"{'':<10} sold - stock {verdict.sold_minus_stock}, counter - sum of rows "
          f"{verdict.counter_minus_rows}, asked again {again}, unexplained "
          f"{len(verdict.unexplained)}: {'explained' if verdict.is_clean else 'BROKEN'}",
          flush=True)  # fmt: skip
    for found in (verdict.oversold, verdict.lost, verdict.unexplained, verdict.other):
        for line in found[:5]:
            print(f"{'':<10} ! {line}")
