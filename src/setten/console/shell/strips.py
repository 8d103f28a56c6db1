"""The ink strips of a day: each channel's touches by quarter of an hour, darker for more.

Up to now as thick bands; what is still to come as the same weekday a week before, thin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from setten.console.customers.channels import MARKS, mark
from setten.console.words import Words
from setten.insight.touchpoints import SLOTS, Strip

LEFT, SLOT, ROW, BAND, THIN = 86.0, 6.9, 25, 19, 5
TOP = 20
WASHES = 5
TOLD_FROM = 10
"""A change of so few touches is no change: one visit more would read as +100%."""


class Band(msgspec.Struct, frozen=True):
    """Neighbouring quarters of one shade, as a rectangle."""

    x: float
    y: float
    width: float
    height: int
    wash: int


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One channel's day. change: against the same hours a week ago, "" when there is none."""

    kind: str
    sign: str
    word: str
    n: int
    before: int
    change: str
    y: float
    bands: list[Band]


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture. now_x: where the present stands."""

    channels: list[Channel]
    hours: list[tuple[float, int]]
    height: int
    now_x: float
    total: int
    before: int
    change: str


def drawn(today: Sequence[Strip], before: Sequence[Strip], *, slot: int, t: Words) -> Drawing:
    """The picture of a day of which `slot` is the present quarter."""
    ours, theirs = _by_kind(today), _by_kind(before)
    kinds = sorted(ours.keys() | theirs.keys(), key=lambda k: (-sum(ours.get(k, [])), k))
    nothing = [0] * SLOTS
    channels = [
        _channel(kind, ours.get(kind, nothing), theirs.get(kind, nothing), row, slot, t)
        for row, kind in enumerate(kinds)
    ]
    total, was = sum(one.n for one in channels), sum(one.before for one in channels)
    return Drawing(
        channels=channels,
        hours=[(round(LEFT + hour * 4 * SLOT, 1), hour) for hour in range(0, 25, 3)],
        height=TOP + ROW * len(channels),
        now_x=round(LEFT + (slot + 1) * SLOT, 1),
        total=total,
        before=was,
        change=change(total, was),
    )


def _by_kind(strips: Sequence[Strip]) -> Mapping[str, list[int]]:
    """Channels of one family and one sign together: the till and the shop are the store."""
    found: dict[str, list[int]] = {}
    for one in strips:
        kind, _ = MARKS.get(one.channel.lower(), ("other", "info"))
        sums = found.setdefault(kind, [0] * SLOTS)
        for slot, n in enumerate(one.slots):
            sums[slot] += n
    return found


def _channel(
    kind: str, ours: Sequence[int], theirs: Sequence[int], row: int, slot: int, t: Words
) -> Channel:
    shown = mark(kind, t)
    n, before = sum(ours), sum(theirs[: slot + 1])
    most = max(*ours, *theirs)
    y = TOP + ROW * row
    past = [_wash(one, most) for one in ours[: slot + 1]]
    ahead = [_wash(one, most) for one in theirs[slot + 1 :]]
    bands = _bands(past, 0, y, BAND)
    bands += _bands(ahead, slot + 1, y + (BAND - THIN) / 2, THIN)
    return Channel(
        kind=kind,
        sign=shown.sign,
        word=t(f"channel.{kind}"),
        n=n,
        before=before,
        change=change(n, before),
        y=y,
        bands=bands,
    )


def _wash(n: int, most: int) -> int:
    """0 for nothing, else 1 to WASHES by the channel's own busiest quarter."""
    return -(-WASHES * n // most) if most else 0


def _bands(washes: Sequence[int], begin: int, y: float, height: int) -> list[Band]:
    """Runs of one shade as one rectangle each."""
    found: list[Band] = []
    start = 0
    for at in range(1, len(washes) + 1):
        if at == len(washes) or washes[at] != washes[start]:
            x = LEFT + (begin + start) * SLOT
            # A hair wider than its quarters, so that neighbours leave no seam.
            width = (at - start) * SLOT + 0.3
            found.append(Band(round(x, 1), y, round(width, 1), height, washes[start]))
            start = at
    return found


def change(now: int, before: int) -> str:
    """`+6%` or `−12%` against before; "" when there is too little to compare with."""
    if before < TOLD_FROM:
        return ""
    percent = round(100 * (now - before) / before)
    sign = "−" if percent < 0 else "+" if percent else "±"
    return f"{sign}{abs(percent):,}%"
