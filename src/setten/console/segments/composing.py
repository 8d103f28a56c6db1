"""A condition from the fields of a form, and joining it to what stands there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar.datastructures import FormMultiDict

from setten.console.segments.telling import Telling
from setten.customers.lifecycle import STAGES
from setten.customers.segments import (
    CHANNELS,
    KM_MAX,
    LANGUAGE,
    RELATIONS,
    STATES,
    VOCABULARY,
)
from setten.platform.errors import Invalid
from setten.platform.expressions import Locale, Node

SHAPES = ("did", "not", "times", "sum", "last", "stage", "field", "group",
          "consent", "reachable", "lives_near", "cart_near", "listed", "related")  # fmt: skip
"""What one may add by the form; everything else is written in words."""

UNITS = ("day", "week", "month", "year")
PERIODS: Mapping[str, tuple[str, int]] = {
    "today": ("day", 0), "yesterday": ("day", 1), "this_week": ("week", 0),
    "last_week": ("week", 1), "this_month": ("month", 0), "last_month": ("month", 1),
    "this_year": ("year", 0), "last_year": ("year", 1),
}  # fmt: skip
"""Whole days, weeks, months and years that move with the calendar, and how many back."""

JOINS = ("all", "any")
_N_MAX = 10_000
_MOST = {"amount": 10**12, "km": KM_MAX}


class Unfinished(Invalid):
    """The form does not make a condition yet. field: which part is missing or wrong."""

    code = "condition_unfinished"


def added(
    written: Node | None,
    fresh: Mapping[str, Any],
    form: FormMultiDict,
    locale: Locale,
    tell: Telling,
) -> str:
    """What was written with another condition joined to it, in words.

    Raises what `Language.read` raises.
    """
    if written is None:
        return tell.say(LANGUAGE.read(fresh), locale)
    stands = LANGUAGE.json(written)
    join = form.get("join") if form.get("join") in JOINS else "all"
    parts = stands["of"] if stands["kind"] == join else [stands]
    return tell.say(LANGUAGE.read({"kind": join, "of": [*parts, fresh]}), locale)


def condition(form: FormMultiDict) -> dict[str, Any]:
    """The JSON form of one condition. Raises Unfinished."""
    make = _SHAPES.get(str(form.get("shape") or ""))
    if make is None:
        raise Unfinished(field="shape")
    return make(form)


def _did(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "did", "match": _match(form), **_window(form)}


def _not(form: FormMultiDict) -> dict[str, Any]:
    return {**_did(form), "times": {"op": "is", "value": 0}}


def _times(form: FormMultiDict) -> dict[str, Any]:
    return {**_did(form), "times": {"op": "at_least", "value": _whole(form, "count")}}


def _sum(form: FormMultiDict) -> dict[str, Any]:
    return {
        "kind": "total", "measure": "sum", "property": "total_minor", "match": _match(form),
        **_window(form), "claim": {"op": "at_least", "value": _whole(form, "amount")},
    }  # fmt: skip


def _last(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "last", "match": _match(form), "window": {"until": _span(form)}}


def _field(form: FormMultiDict) -> dict[str, Any]:
    value = str(form.get("value") or "").strip()
    if not value:
        raise Unfinished(field="value")
    name = _text(form, "trait")
    return {"kind": "field", "name": name, "claim": {"op": "is", "value": value}}


def _stage(form: FormMultiDict) -> dict[str, Any]:
    stage = str(form.get("stage") or "")
    if stage not in STAGES:
        raise Unfinished(field="stage")
    return {"kind": "field", "name": "stage", "claim": {"op": "is", "value": stage}}


def _group(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "group", "name": _text(form, "segment")}


def _consent(form: FormMultiDict) -> dict[str, Any]:
    return {
        "kind": "consent",
        **_choice(form, "channel", CHANNELS),
        **_choice(form, "state", STATES),
    }


def _reachable(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "reachable", **_choice(form, "channel", CHANNELS)}


def _lives_near(form: FormMultiDict) -> dict[str, Any]:
    """No shop chosen means any."""
    place = str(form.get("place") or "")
    found = {"kind": "lives_near", "km": _whole(form, "km")}
    return {**found, "location_id": place} if place else found


def _cart_near(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "cart_near", "km": _whole(form, "km")}


def _listed(form: FormMultiDict) -> dict[str, Any]:
    return {"kind": "listed", "name": _text(form, "list")}


def _related(form: FormMultiDict) -> dict[str, Any]:
    """No segment chosen means anybody."""
    found = {"kind": "related", **_choice(form, "relation", RELATIONS)}
    within = str(form.get("within") or "").strip()
    return {**found, "of": {"kind": "group", "name": within}} if within else found


def _choice(form: FormMultiDict, name: str, of: Mapping[str, object]) -> dict[str, Any]:
    found = str(form.get(name) or "")
    if found not in of:
        raise Unfinished(field=name)
    return {name: found}


_SHAPES: Mapping[str, Callable[[FormMultiDict], dict[str, Any]]] = {
    "did": _did,
    "not": _not,
    "times": _times,
    "sum": _sum,
    "last": _last,
    "stage": _stage,
    "field": _field,
    "group": _group,
    "consent": _consent,
    "reachable": _reachable,
    "lives_near": _lives_near,
    "cart_near": _cart_near,
    "listed": _listed,
    "related": _related,
}
assert tuple(_SHAPES) == SHAPES


def _match(form: FormMultiDict) -> dict[str, Any]:
    event = str(form.get("event") or "")
    if event not in VOCABULARY.events:
        raise Unfinished(field="event")
    place = str(form.get("place") or "")
    where = [{"property": "location_id", "op": "is", "value": place}] if place else []
    if goods := str(form.get("goods") or "").strip():
        if "item" not in VOCABULARY.events[event].properties:
            raise Unfinished(field="goods")
        where.append({"property": "item", "op": "contains", "value": goods})
    return {"events": [event], "where": where}


def _window(form: FormMultiDict) -> dict[str, Any]:
    """A period; or so long back; nothing typed means ever."""
    if (period := str(form.get("period") or "")) in PERIODS:
        unit, n = PERIODS[period]
        whole = {"n": n, "unit": unit, "whole": True}
        return {"window": {"since": whole, "until": whole} if n else {"since": whole}}
    return {"window": {"since": _span(form)}} if str(form.get("n") or "").strip() else {}


def _span(form: FormMultiDict) -> dict[str, Any]:
    unit = str(form.get("unit") or "")
    if unit not in UNITS:
        raise Unfinished(field="unit")
    return {"n": _whole(form, "n"), "unit": unit}


def _whole(form: FormMultiDict, name: str) -> int:
    text = str(form.get(name) or "").strip().replace(",", "")
    most = _MOST.get(name, _N_MAX)
    if not text.isdecimal() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
        raise Unfinished(field=name)
    return int(text)


def _text(form: FormMultiDict, name: str) -> str:
    text = str(form.get(name) or "").strip()
    if not text:
        raise Unfinished(field=name)
    return text
