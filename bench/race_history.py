"""What many callers saw at once, and whether some order of things explains all of it.

Every operation has the moments at which its caller began and was answered; what it did happened
somewhere in between. So units are *surely* out from a hold's answer until somebody began to give
them back or its time ran out, and *possibly* out from its asking until that was answered. Two
questions are decided from nothing else, at any number of processes and after any crash:
- nothing was promised twice: at no instant are more units surely out than there were;
- nobody was sent away for nothing: within each refusal there is an instant at which fewer units
  than asked were free, if all that was possibly out was.
"""

from __future__ import annotations

import bisect
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec

HOLD, RELEASE, ASK, TELL = "hold", "release", "ask", "tell"
NEVER = float("inf")
OPEN = ("held", "ready")


class Op(msgspec.Struct, kw_only=True):
    """One operation of one caller. begun, ended: seconds of one clock; status 0: no answer ever.

    lines: units by sku, summed. hold_id: of the hold made, or given back. tries: how often it was
    sent, with the same key each time.
    """

    kind: str
    begun: float
    ended: float = NEVER
    lines: dict[str, int] = {}
    status: int = 0
    code: str = ""
    hold_id: str = ""
    ttl_s: float = 0.0
    tries: int = 1

    @property
    def is_done(self) -> bool:
        """It was acknowledged."""
        return self.status in (200, 201)

    @property
    def is_refused(self) -> bool:
        """It was told that there is too little."""
        return self.status == 409 and self.code in ("not_enough_stock", "promised_to_another")


class End(msgspec.Struct, frozen=True, kw_only=True):
    """What the shop says after the run. counters: (on_hand, held) by sku; holds: state and units
    by sku of each acknowledged hold that it still knows."""

    counters: dict[str, tuple[int, int]]
    holds: dict[str, tuple[str, dict[str, int]]]


class Verdict(msgspec.Struct, kw_only=True):
    """What does not fit, each as a sentence; and the two sums that a shop is judged by."""

    oversold: list[str] = []
    unexplained: list[str] = []
    lost: list[str] = []
    other: list[str] = []
    sold_minus_stock: int = 0
    counter_minus_rows: int = 0

    @property
    def is_clean(self) -> bool:
        """Everything that was acknowledged can be explained, and all sums agree."""
        found = (self.oversold, self.unexplained, self.lost, self.other)
        return not any(found) and not self.sold_minus_stock and not self.counter_minus_rows


class _Levels:
    """Units out of one sku over time, from intervals that include both their ends."""

    def __init__(self, spans: Iterable[tuple[float, float, int]]) -> None:
        steps: list[tuple[float, int, int]] = []
        for start, end, qty in spans:
            if start <= end:
                steps += [(start, 0, qty), (end, 1, -qty)]  # at one moment they come before they go
        steps.sort()
        self._times = [when for when, _, _ in steps]
        self._levels = list(itertools.accumulate((qty for _, _, qty in steps), initial=0))

    def most(self, start: float = -NEVER, end: float = NEVER) -> int:
        """The highest level between two moments, both included."""
        first = bisect.bisect_left(self._times, start)
        last = bisect.bisect_right(self._times, end)
        return max(self._levels[first : last + 1])


def check(ops: Sequence[Op], stock: Mapping[str, int], end: End) -> Verdict:
    """Judge a history. stock: units of each sku at the beginning, at the one place of the race."""
    verdict = Verdict()
    surely, possibly = _spans(ops, end)
    for sku, units in stock.items():
        out = _Levels(surely[sku]).most()
        if out > units:
            verdict.oversold.append(f"{sku}: {out} units surely promised or sold of {units}")
    levels = {sku: _Levels(spans) for sku, spans in possibly.items()}
    for op in ops:
        if op.is_refused and not _is_explained(op, stock, levels):
            verdict.unexplained.append(f"refused at {op.begun:.3f} with enough there: {op.lines}")
        elif not op.is_refused and not op.is_done and op.code != "hold_ended":
            verdict.other.append(f"{op.kind} was answered {op.status} {op.code}")
    _count(verdict, ops, stock, end)
    return verdict


def _is_explained(op: Op, stock: Mapping[str, int], levels: Mapping[str, _Levels]) -> bool:
    return any(
        sku in levels and levels[sku].most(op.begun, op.ended) > stock[sku] - qty
        for sku, qty in op.lines.items()
    ) or any(qty > stock[sku] for sku, qty in op.lines.items())


_Spans = dict[str, list[tuple[float, float, int]]]


def _spans(ops: Sequence[Op], end: End) -> tuple[_Spans, _Spans]:
    """When units were surely, and when they were possibly out, by sku."""
    given_back = {op.hold_id: op for op in ops if op.kind == RELEASE and op.is_done}
    tried_back = {op.hold_id: op for op in ops if op.kind == RELEASE}
    tells: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for op in ops:
        if op.kind == TELL and op.is_done:
            for sku in op.lines:
                tells[sku].append((op.begun, op.ended))
    surely: _Spans = defaultdict(list)
    possibly: _Spans = defaultdict(list)
    for op in ops:
        if op.kind == RELEASE or not (op.is_done or op.status == 0):
            continue
        sure_end = maybe_end = NEVER
        if op.kind == HOLD:
            back, tried = given_back.get(op.hold_id), tried_back.get(op.hold_id)
            sure_end = min(op.begun + op.ttl_s, tried.begun if tried else NEVER)
            maybe_end = min(op.ended + op.ttl_s, back.ended if back else NEVER)
            if end.holds.get(op.hold_id, ("", {}))[0] == "short":
                sure_end = min(sure_end, _told(op, tells))
        for sku, qty in op.lines.items():
            possibly[sku].append((op.begun, maybe_end, qty))
            if op.is_done:
                surely[sku].append((op.ended, sure_end, qty))
    return surely, possibly


def _told(hold: Op, tells: Mapping[str, list[tuple[float, float]]]) -> float:
    """The first moment at which a till may have sold what this hold promised."""
    return min(
        (begun for sku in hold.lines for begun, ended in tells[sku] if ended >= hold.begun),
        default=NEVER,
    )


def _count(verdict: Verdict, ops: Sequence[Op], stock: Mapping[str, int], end: End) -> None:
    """The sums after the run: what is out beside what there was, counters beside their rows."""
    rows: dict[str, int] = defaultdict(int)
    sold: dict[str, int] = defaultdict(int)
    for op in ops:
        if op.kind == HOLD and op.is_done:
            state, lines = end.holds.get(op.hold_id, ("", {}))
            if not state:
                verdict.lost.append(f"hold {op.hold_id} was acknowledged and is not there")
            elif state != "short" and lines != op.lines:
                verdict.lost.append(f"hold {op.hold_id} was for {op.lines} and has {lines}")
            if state in OPEN:
                for sku, qty in lines.items():
                    rows[sku] += qty
        elif op.kind in (ASK, TELL) and op.is_done:
            for sku, qty in op.lines.items():
                sold[sku] += qty
    for sku, units in stock.items():
        on_hand, held = end.counters.get(sku, (0, 0))
        verdict.sold_minus_stock += max(0, rows[sku] + sold[sku] - units)
        verdict.counter_minus_rows += abs(held - rows[sku])
        verdict.counter_minus_rows += abs(on_hand + held + sold[sku] - units)
