"""Phrases to begin with: what can be said of customers, each ready to be put into the words.

They are kept as expressions and written by the language itself, so each reads back in any language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from setten.customers.segments import LANGUAGE, VOCABULARY
from setten.platform.expressions import Locale


def _days(n: int) -> dict[str, Any]:
    return {"since": {"n": n, "unit": "day"}}


_BOUGHT = {"events": ["purchase"]}
_LOOKED = {"events": ["product.viewed"]}
_LAST_MONTH = {"n": 1, "unit": "month", "whole": True}
_VISITED = {"kind": "did", "match": {"events": ["page.viewed"]}}
PHRASES: Mapping[str, dict[str, Any]] = {
    "bought": {"kind": "did", "match": _BOUGHT, "window": _days(30)},
    "often": {"kind": "did", "match": _BOUGHT, "window": _days(365),
              "times": {"op": "at_least", "value": 3}},
    "spent": {"kind": "total", "measure": "sum", "property": "total_minor", "match": _BOUGHT,
              "window": _days(365), "claim": {"op": "at_least", "value": 50_000}},
    "ended": {"kind": "all", "of": [
        {"kind": "did", "match": _BOUGHT, "window": {"since": _LAST_MONTH, "until": _LAST_MONTH}},
        {"kind": "did", "match": _BOUGHT, "window": {"since": {**_LAST_MONTH, "n": 0}},
         "times": {"op": "is", "value": 0}}]},
    "away": {**_VISITED, "window": _days(10), "times": {"op": "is", "value": 0}},
    "silent": {"kind": "last", "match": _BOUGHT,
               "window": {"until": {"n": 60, "unit": "day"}}},
    "left": {"kind": "sequence", "within": {"n": 1, "unit": "day"},
             "steps": [{"events": ["cart.reported"]}, {"events": ["checkout.reported"]}]},
    "wanted": {"kind": "all", "of": [
        {"kind": "did", "match": _LOOKED, "window": _days(7),
         "times": {"op": "at_least", "value": 2}},
        {"kind": "did", "match": _BOUGHT, "window": _days(7), "times": {"op": "is", "value": 0}}]},
    "slowing": {"kind": "field", "name": "stage", "claim": {"op": "is", "value": "retention"}},
    "reachable": {"kind": "reachable", "channel": "line"},
    "near": {"kind": "lives_near", "km": 5},
    "cart": {"kind": "cart_near", "km": 10},
    "household": {"kind": "related", "relation": "household"},
}  # fmt: skip


class Written(msgspec.Struct, frozen=True):
    """A phrase in somebody's language, and its name."""

    name: str
    words: str


def written(locale: Locale) -> list[Written]:
    """All phrases."""
    return [
        Written(name, LANGUAGE.say(LANGUAGE.read(one), locale)) for name, one in PHRASES.items()
    ]


def known(locale: Locale) -> list[str]:
    """Everything that may be offered for what was not understood: the phrases, and each event."""
    events = [{"kind": "did", "match": {"events": [name]}} for name in VOCABULARY.events]
    return [LANGUAGE.say(LANGUAGE.read(one), locale) for one in (*PHRASES.values(), *events)]


def chosen(name: str) -> dict[str, Any] | None:
    """The expression of a phrase; None for no phrase."""
    return PHRASES.get(name)
