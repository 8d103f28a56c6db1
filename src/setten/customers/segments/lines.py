"""What the lake keeps for segments: the same lines and figures that live segments are fed with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from setten.customers import timeline
from setten.customers.segments.vocabulary import INTEGERS, TEXTS, said_as, value_in
from setten.platform.lake import Column, Line
from setten.platform.log import Row

VOIDED = "purchase.voided"
# A receipt without an order: nobody else tells of it, so a question need not look for rivals.
RANK_ALONE = 0
_PROPERTIES = {said_as(name): name for name in (*TEXTS, *INTEGERS)}
COLUMNS: tuple[Column, ...] = (
    *(Column(name, "text") for name in TEXTS),
    *(Column(name, "integer") for name in INTEGERS),
    # Of lines that tell a purchase: which one, how well, and by which event, so that a question
    # finds the one that counts among all that told of it, whenever they came.
    Column("purchase_key", "uuid"),
    Column("rank", "small"),
    Column("told_by", "text"),
)


def lines(row: Row) -> Iterator[Line]:
    """The lines of the lake that an event leaves; none of what is on no timeline."""
    if row.name in timeline.HIDDEN:
        return
    said = _said(row)
    fact = timeline.fact_of(row)
    told = () if fact is None else timeline.told(fact)
    if not told:
        yield Line(row.name, said)
    for one in told:
        telling = _telling(row, one)
        if one.rank == timeline.RANK_VOID:
            yield Line(VOIDED, telling)
        else:
            figures = {"total_minor": one.total_minor, "currency": one.currency}
            yield Line(row.name, {**said, **telling, **figures})


def _said(row: Row) -> dict[str, Any]:
    summary = timeline.summary(row.body)
    summary["channel"], summary["location_id"] = row.channel, row.location_id
    # By what was said, which is a few words of the twenty there are.
    return {name: value_in(summary, name) for key in summary if (name := _PROPERTIES.get(key))}


def _telling(row: Row, told: timeline.Told) -> dict[str, Any]:
    # 128 bits of the key: shorter than the key, and never two purchases with one.
    digest = hashlib.blake2b(told.purchase_key.encode(), digest_size=16).digest()
    is_rival = told.rank == timeline.RANK_VOID or told.purchase_key.startswith(timeline.ORDER_KEY)
    rank = told.rank if is_rival else RANK_ALONE
    return {"purchase_key": str(UUID(bytes=digest)), "rank": rank, "told_by": row.event_id}
