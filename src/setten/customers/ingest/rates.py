"""How much a source may send: a bucket per source in each worker, which has a share of the rate."""

from __future__ import annotations

import math

from setten.customers.ingest.model import BATCH_EVENTS_MAX, RETRY_AFTER_S_MAX
from setten.facts.ids import SourceId


class Buckets:
    """Token buckets of one process. They are sizes and times, so losing them loses nothing."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._levels: dict[SourceId, tuple[float, float]] = {}

    def take(self, source_id: SourceId, events: int, *, rate_per_s: int, now_s: float) -> int:
        """Take `events` out; 0 when allowed, else after how many seconds to come back.

        A bucket with one token lets a whole delivery through and goes below zero for it: a
        batch is never refused for being larger than what is left. now_s: a monotonic clock.
        """
        share = rate_per_s / self._workers
        depth = max(share, float(BATCH_EVENTS_MAX))
        level, at_s = self._levels.get(source_id, (depth, now_s))
        level = min(depth, level + (now_s - at_s) * share)
        if level < 1:
            self._levels[source_id] = (level, now_s)
            return min(RETRY_AFTER_S_MAX, max(1, math.ceil((1 - level) / share)))
        self._levels[source_id] = (level - events, now_s)
        return 0
