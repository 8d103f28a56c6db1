"""The size of a segment over time, as a stepped line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from setten.customers.segments import Flow

WIDTH, HEIGHT = 720.0, 140.0


class Steps(msgspec.Struct, frozen=True, kw_only=True):
    """A line from `since` to `until`. path: SVG path data in WIDTH × HEIGHT; high: its top."""

    path: str
    low: int
    high: int


def steps(flows: Sequence[Flow], *, now_size: int, since: datetime, until: datetime) -> Steps:
    """Between two changes a size stays as it was; before the first it was what that one left.

    flows: oldest first, all within the time.
    """
    first = flows[0].size - flows[0].entered + flows[0].gone if flows else now_size
    points = [(since, first), *((one.hour_at, one.size) for one in flows)]
    sizes = [size for _, size in points] + [now_size]
    low, high = min(sizes), max(sizes)
    seconds = max(1.0, (until - since).total_seconds())

    def x(at: datetime) -> float:
        return round(WIDTH * max(0.0, (at - since).total_seconds()) / seconds, 1)

    def y(size: int) -> float:
        return round(HEIGHT * (1 - (size / high if high else 0)), 1)

    path = f"M 0 {y(first)}"
    for at, size in points[1:]:
        path += f" H {x(at)} V {y(size)}"
    return Steps(path=f"{path} V {y(now_size)} H {WIDTH}", low=low, high=high)
