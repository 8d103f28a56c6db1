"""Measures for Prometheus, added up over all our processes.

A feature declares its own with `counter`, `gauge` or `histogram` at import. Labels are few and
small: names of sources, results, routes; never an id of a person, and never text from outside.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

# prometheus_client looks at this once, at its import: so the supervisor sets it for its children.
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE = CONTENT_TYPE_LATEST
PREFIX = "setten_"
# From a cached read to the longest request we allow, in seconds.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class _Process:
    """Which process this is. Each change of each measure asks, four times a request; the system is
    asked after a fork only."""

    def __init__(self) -> None:
        self._id = os.getpid()
        os.register_at_fork(after_in_child=self._look)

    def __call__(self) -> int:
        return self._id

    def _look(self) -> None:
        self._id = os.getpid()


if FOLDER_VARIABLE in os.environ:
    values.ValueClass = values.MultiProcessValue(_Process())  # type: ignore[no-untyped-call]  # not ours


def counter(name: str, means: str, labels: Sequence[str] = ()) -> Counter:
    """A count that only grows. `name` without prefix and without `_total`."""
    return Counter(PREFIX + name, means, labels)


def gauge(name: str, means: str, labels: Sequence[str] = ()) -> Gauge:
    """A level; over processes the most recently set one counts."""
    return Gauge(PREFIX + name, means, labels, multiprocess_mode="mostrecent")


def histogram(name: str, means: str, labels: Sequence[str] = ()) -> Histogram:
    """Durations, in seconds; `name` ends in `_seconds`."""
    assert name.endswith("_seconds"), "units last"
    return Histogram(PREFIX + name, means, labels, buckets=SECONDS)


def render() -> bytes:
    """All measures in Prometheus' text form: of all processes, or of this one if it is alone."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]  # not ours
    return generate_latest(registry)


def forget_process(folder: Path, pid: int) -> None:
    """Levels that a dead process held are no longer true; its counts stay."""
    mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]  # not ours
