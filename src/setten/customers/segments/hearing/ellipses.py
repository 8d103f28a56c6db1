"""Clauses that are said with less than a clause: "bought in spring but not this month"."""

from __future__ import annotations

from typing import Any

import msgspec

from setten.customers.segments.conditions import Channel, Consent, Reachable
from setten.customers.segments.hearing import periods
from setten.platform.expressions import (
    All,
    Claim,
    Did,
    First,
    Last,
    Match,
    Node,
    Not,
    Sequence,
    Span,
    Total,
    Unreadable,
    Where,
    Window,
)

NEVER = Claim(op="is", value=0)
AFTERWARDS = Span(365, "day")
"""How long after one thing the other may come where nobody says it."""
Deed = Did | Total | First | Last


class Short(Node, frozen=True, kw_only=True, tag="short"):
    """Not what was said before: at another time, elsewhere, through another channel.

    Only what is said of it replaces what was said of the other. at: where it was said. is_since:
    after the other; of what, match says, where it is not the same.
    """

    at: int = -1
    match: Match | None = None
    is_done: bool = False
    window: Window | None = None
    wheres: tuple[Where, ...] = ()
    channel: Channel | None = None
    is_since: bool = False


class Bare(Node, frozen=True, kw_only=True, tag="bare"):
    """Something was not done, and nobody said since when."""

    of: Did


class _Before(msgspec.Struct):
    """What was said before, as far as a short clause may take it up."""

    deed: Deed | None = None
    word: Consent | Reachable | None = None
    is_deed_last: bool = False


def filled(node: Node, text: str) -> Node:
    """The condition with what short clauses leave out. Raises Unreadable where nothing says it."""
    return _filled(node, _Before(), text, is_all=False)


def _filled(node: Node, before: _Before, text: str, *, is_all: bool) -> Node:
    if isinstance(node, Short):
        node = _whole(node, before, text)
    elif isinstance(node, Bare):
        node = _since(node.of, before) if is_all else node.of
    elif parts := node.parts():
        inner = isinstance(node, All)
        node = node.with_parts(tuple(_filled(one, before, text, is_all=inner) for one in parts))
    _note(node, before)
    return node


def _note(node: Node, before: _Before) -> None:
    if isinstance(node, Did | Total | First | Last):
        before.deed, before.is_deed_last = node, True
    elif isinstance(node, Consent | Reachable):
        before.word, before.is_deed_last = node, False


def _whole(short: Short, before: _Before, text: str) -> Node:
    if short.channel is not None:
        if before.word is None or before.is_deed_last:
            raise _unreadable(short, text)
        return Not(of=msgspec.structs.replace(before.word, channel=short.channel))
    if before.deed is None or not before.is_deed_last:
        raise _unreadable(short, text)
    deed, window = before.deed, short.window
    if short.is_since:
        if short.match and (short.is_done or short.match.events != deed.match.events):
            return _afterwards(short, deed)
        window = periods.after(deed.window)
        if window is None:
            raise _unreadable(short, text)
    said = {one.property for one in short.wheres}
    kept = tuple(one for one in deed.match.where if one.property not in said)
    match = Match(events=deed.match.events, where=(*kept, *short.wheres))
    return Did(match=match, window=window or deed.window, times=NEVER)


def _afterwards(short: Short, deed: Deed) -> Node:
    """One thing after the other, or never after it."""
    assert short.match is not None
    found = Sequence(
        steps=(deed.match, short.match), within=AFTERWARDS, window=Window(since=deed.window.since)
    )
    return found if short.is_done else Not(of=found)


def _since(did: Did, before: _Before) -> Did:
    """Who did one thing last week "but did not buy" has not bought since."""
    deed: Any = before.deed
    if not isinstance(deed, Did | Total) or deed.match.events == did.match.events:
        return did
    if (isinstance(deed, Did) and deed.times == NEVER) or deed.window.since is None:
        return did
    return msgspec.structs.replace(did, window=Window(since=deed.window.since))


def _unreadable(short: Short, text: str) -> Unreadable:
    rest = text[short.at : short.at + 40]
    return Unreadable(at=short.at, character=short.at + 1, rest=rest, begins=short.at)
