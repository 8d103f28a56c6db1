"""Who gets what: decided in order of asking, from numbers that are locked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from setten.facts.stock import GoodsLine
from setten.stock.allocations import Share
from setten.stock.holds.model import (
    LINES_MAX,
    QTY_MAX,
    TTL_S_MAX,
    Ask,
    BadHold,
    Hold,
    HoldLine,
    Short,
)
from setten.stock.ledger import Key

# How long a short hold lasts while its customer is active: its own length anew from her last deed,
# a quarter of an hour at most, since nobody decides for longer without looking again.
ANEW_MAX = timedelta(minutes=15)
# From when it was placed, however active she is: four lengths, an hour at most. Where nobody else
# can be promised a unit, two lengths and half an hour: the next one has waited long enough.
LENGTHS, IN_ALL = 4, timedelta(hours=1)
LENGTHS_ON_THE_LAST, IN_ALL_ON_THE_LAST = 2, timedelta(minutes=30)

_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,39}")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """short: what a wish lacks, empty when it is granted. takes: units by row that come out of what
    is set aside for its channel."""

    short: tuple[Short, ...] = ()
    takes: dict[Key, int] = {}


def check(ask: Ask) -> BadHold | None:
    """Why this cannot be a hold at all, or None."""
    if not 1 <= len(ask.lines) <= LINES_MAX:
        return BadHold(why="lines", lines_max=LINES_MAX)
    if any(not 1 <= line.qty <= QTY_MAX for line in ask.lines):
        return BadHold(why="qty", qty_max=QTY_MAX)
    if not 1 <= ask.ttl_s <= TTL_S_MAX:
        return BadHold(why="ttl_s", ttl_s_max=TTL_S_MAX)
    if not _PURPOSE.fullmatch(ask.purpose):
        return BadHold(why="purpose")
    return None


def merged(lines: Iterable[GoodsLine]) -> tuple[GoodsLine, ...]:
    """One line per sku and place, in the order of the first of each."""
    demand: dict[Key, int] = {}
    for line in lines:
        key = (line.sku, line.location_id)
        demand[key] = demand.get(key, 0) + line.qty
    return tuple(GoodsLine(sku, place, qty) for (sku, place), qty in demand.items())


def decide(
    wishes: Sequence[Sequence[GoodsLine]],
    free: Mapping[Key, int],
    *,
    channels: Sequence[str] = (),
    own: Mapping[Share, int] | None = None,
) -> list[Verdict]:
    """For each wish (lines merged) whether it is granted, every line or none.

    free: units that anybody may be promised, by row; absent rows have none. own: units set aside
    for a channel, which takes them first; `channels` are those of the wishes. First come, first
    served: what an earlier wish takes, a later one lacks.
    """
    left, apart = dict(free), dict(own or {})
    names = channels if apart else [""] * len(wishes)
    return [_decide(lines, name, left, apart) for lines, name in zip(wishes, names, strict=True)]


def _decide(
    lines: Sequence[GoodsLine], channel: str, left: dict[Key, int], apart: dict[Share, int]
) -> Verdict:
    short, takes = [], {}
    for line in lines:
        aside = apart.get((*line_key(line), channel), 0) if apart else 0
        available = left.get(line_key(line), 0) + aside
        if available < line.qty:
            short.append(
                Short(
                    sku=line.sku,
                    location_id=line.location_id,
                    wanted=line.qty,
                    available=max(0, available),
                )
            )
        elif aside:
            takes[line_key(line)] = min(aside, line.qty)
    if short:
        return Verdict(short=tuple(short))
    for line in lines:
        key = line_key(line)
        taken = takes.get(key, 0)
        if taken:
            apart[*key, channel] -= taken
        left[key] -= line.qty - taken
    return Verdict(takes=takes)


def line_key(line: GoodsLine) -> Key:
    """The row of stock that a line is about."""
    return line.sku, line.location_id


class Promise(msgspec.Struct, frozen=True):
    """An open line on a row of stock, as `choose_short` weighs it."""

    hold_id: str
    qty: int
    is_picked: bool


def choose_short(promises: Sequence[Promise], *, lacking: int) -> list[Promise]:
    """Which lines cannot be kept when `lacking` promised units are not there.

    promises: youngest first. Picked ones lie in a bag with a name on it: they are kept.
    """
    chosen = []
    for promise in promises:
        if lacking <= 0:
            break
        if not promise.is_picked:
            chosen.append(promise)
            lacking -= promise.qty
    return chosen


class Part(msgspec.Struct, frozen=True):
    """A line at the counter: units handed over, and units that are not."""

    line: HoldLine
    taken: int
    left: int


def parts(lines: Iterable[HoldLine], taken: Sequence[GoodsLine]) -> list[Part] | BadHold:
    """Each open line split into what goes and what does not; or why it cannot be split so."""
    wanted: dict[Key, int] = {}
    for one in taken:
        key = (one.sku, one.location_id)
        wanted[key] = wanted.get(key, 0) + one.qty
    found = []
    for line in lines:
        if line.is_open:
            qty = wanted.pop((line.sku, line.location_id), 0)
            if not 0 <= qty <= line.qty:
                return BadHold(why="qty", qty_max=line.qty)
            found.append(Part(line, qty, line.qty - qty))
    if wanted or not any(part.taken for part in found):
        return BadHold(why="lines", lines_max=LINES_MAX)
    return found


class Latest(msgspec.Struct, frozen=True):
    """Until when a hold can last while its customer is active. on_the_last: where nothing is left
    for anybody else."""

    at: datetime
    on_the_last: datetime


def latest(hold: Hold) -> Latest | None:
    """How far activity may extend a hold; None for one that it does not: it is nobody's, over, or
    was asked for longer than that anyway."""
    if hold.identifier_id is None or not hold.is_open:
        return None
    length = _length(hold)
    at = hold.placed_at + min(LENGTHS * length, IN_ALL)
    if at <= hold.expires_at:
        return None
    on_the_last = hold.placed_at + min(LENGTHS_ON_THE_LAST * length, IN_ALL_ON_THE_LAST)
    return Latest(at=at, on_the_last=max(hold.expires_at, on_the_last))


def active_since(hold: Hold) -> datetime:
    """From when on her deeds count for this hold: those before have had their effect."""
    return max(hold.placed_at, hold.expires_at - min(_length(hold), ANEW_MAX))


def lasting(hold: Hold, *, active_at: datetime, is_on_the_last: bool) -> datetime | None:
    """Until when it runs since its customer did something at active_at; None for no longer."""
    bound = latest(hold)
    if bound is None or active_at <= active_since(hold):
        return None
    anew = active_at + min(_length(hold), ANEW_MAX)
    until = min(anew, bound.on_the_last if is_on_the_last else bound.at)
    return until if until > hold.expires_at else None


def _length(hold: Hold) -> timedelta:
    """How long it was asked for."""
    if hold.length_s is None:
        return hold.expires_at - hold.placed_at
    return timedelta(seconds=hold.length_s)
