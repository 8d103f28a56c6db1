"""A person's links as a drawing: identifiers one below the other, an arc for each link.

Rows are one unit high, so that the drawing stretches with the rows beside it; x runs from 0, far
from the rows, to WIDTH, where an arc ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from setten.customers.identity import LinkShown

WIDTH = 100.0
_FLAT = 14.0
"""How far the arc between two neighbours reaches from the rows; the longest reaches WIDTH."""


class Arc(msgspec.Struct, frozen=True):
    """One link. path: SVG path data; a straight line away leads to somebody else."""

    link: LinkShown
    path: str


def drawn(links: Sequence[LinkShown], rows: Sequence[int]) -> list[Arc]:
    """An arc for each link with an end among `rows`, the identifier numbers from top to bottom."""
    place = {number: row + 0.5 for row, number in enumerate(rows)}
    return [arc for link in links if (arc := _arc(link, place)) is not None]


def _arc(link: LinkShown, place: Mapping[int, float]) -> Arc | None:
    ends = sorted(place[one] for one in (link.a, link.b) if one in place)
    if not ends:
        return None
    if len(ends) == 1:  # the other end is another customer's
        y = ends[0]
        return Arc(link, f"M {WIDTH} {y} H 0")
    top, bottom = ends
    span = (bottom - top - 1) / max(1, len(place) - 2)
    x = WIDTH - _FLAT - (WIDTH - _FLAT) * span
    # A Bézier curve reaches three quarters of the way to its handles.
    handle = round(WIDTH - (WIDTH - x) * 4 / 3, 1)
    return Arc(link, f"M {WIDTH} {top} C {handle} {top} {handle} {bottom} {WIDTH} {bottom}")
