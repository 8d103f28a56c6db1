"""Random histories and random expressions, small enough to meet each other often."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from tests.platform.expressions.words import WORN, Happening, Subject

from setten.platform.expressions import SEPARATOR, micros

HOUR = 3_600_000_000
DAY = 24 * HOUR
NOW = micros(datetime.fromisoformat("2026-03-29T14:00:00+09:00"))  # no such day a month before
PLACES = ["kobe", "神戸", 'a"b', "「c」", "\\", ""]
WORDS = [*PLACES, "kob", "x y", "はい", "3"]
AMOUNTS = st.sampled_from([0, 1, 500, 1_000, -300, 2**40])
# Moments that lie on edges of windows as often as between them.
ATS = st.one_of(
    st.integers(NOW - 70 * DAY, NOW + 2 * HOUR),
    st.builds(
        lambda days, hours, more: NOW - days * DAY - hours * HOUR + more,
        st.sampled_from([0, 1, 2, 7, 14, 28, 29, 30, 31, 60, 365]),
        st.integers(0, 15),
        st.sampled_from([-1, 0, 1]),
    ),
)
THINGS = st.lists(st.sampled_from([*WORDS[:3], ""]), min_size=1, max_size=3).map(SEPARATOR.join)
NAMES = ["visit", "buy", "buy.back", "look"]
CARRIED = {"visit": ["place"], "buy": ["place", "amount", "way"], "buy.back": ["amount"],
           "look": ["thing"]}  # fmt: skip
FIELDS = ["rank", "age", "x 「y」"]
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(WORDS), st.sampled_from([0, 1, 3, -2, 1.0, 2.5, True, False]), st.none(),
    st.just([1]),
)  # fmt: skip


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    events = []
    for position, (at, name) in enumerate(
        draw(st.lists(st.tuples(ATS, st.sampled_from(NAMES)), min_size=2, max_size=9))
    ):
        said: dict[str, Any] = {}
        for carried in CARRIED[name]:
            if carried == "amount":
                said[carried] = draw(st.one_of(st.none(), AMOUNTS))
            elif carried == "thing":  # one or several
                said[carried] = draw(st.one_of(st.none(), THINGS))
            else:
                said[carried] = draw(st.one_of(st.none(), st.sampled_from(WORDS[:3])))
        events.append(Happening(at, position, name, said))
    fields = {
        name: value
        for name in FIELDS
        if (value := draw(VALUES)) is not None
    }  # fmt: skip
    numbers = st.lists(st.integers(0, 7), max_size=2).map(tuple)
    return Subject(
        tuple(events), fields, draw(st.frozensets(st.sampled_from(WORN))),
        {"kin": draw(numbers), "friend": draw(numbers)},
    )  # fmt: skip


TEXT_CLAIMS = st.one_of(
    st.builds(lambda op, value: {"op": op, "value": value},
              st.sampled_from(["is", "is_not", "contains", "starts_with"]),
              st.sampled_from(WORDS)),
    st.builds(lambda op, values: {"op": op, "value": values}, st.sampled_from(["in", "not_in"]),
              st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.sampled_from([{"op": "known"}, {"op": "unknown"}]),
)  # fmt: skip


def number_claims(numbers: st.SearchStrategy[Any], *, counts: bool = False) -> Any:
    ops = ["is", "is_not", "at_least", "at_most", "more_than", "less_than"]
    found = [
        st.builds(lambda op, value: {"op": op, "value": value}, st.sampled_from(ops), numbers),
        st.builds(lambda low, high: {"op": "between", "value": [low, high]}, numbers, numbers),
    ]
    if not counts:
        found += [
            st.builds(lambda op, values: {"op": op, "value": values},
                      st.sampled_from(["in", "not_in"]), st.lists(numbers, min_size=1, max_size=3)),
            st.sampled_from([{"op": "known"}, {"op": "unknown"}]),
        ]  # fmt: skip
    return st.one_of(found)


FIELD_CLAIMS = st.one_of(
    TEXT_CLAIMS,
    number_claims(st.sampled_from([0, 1, 3, 1.0, 2.5])),
    st.builds(lambda value: {"op": "is", "value": value}, st.booleans()),
)


@st.composite
def matches(draw: st.DrawFn, *, must: str | None = None) -> dict[str, Any]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    if must is not None and not any(must in CARRIED[name] for name in names):
        names = ["buy"]
    return {"events": names, **draw(some_wheres(names, "where"))}


@st.composite
def some_wheres(draw: st.DrawFn, names: list[str], key: str) -> dict[str, Any]:
    wheres = []
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        carried = draw(st.sampled_from([c for name in names for c in CARRIED[name]]))
        claims = number_claims(AMOUNTS) if carried == "amount" else TEXT_CLAIMS
        wheres.append({"property": carried, **draw(claims)})
    return {key: wheres} if wheres else {}


SPANS = st.sampled_from(
    [{"n": n, "unit": unit} for n, unit in
     [(1, "hour"), (90, "minute"), (1, "day"), (2, "day"), (7, "day"), (2, "week"), (30, "day"),
      (1, "month"), (2, "month"), (1, "year")]]
)  # fmt: skip
WHOLE = st.sampled_from(
    [{"n": n, "unit": unit, "whole": True} for unit in ("day", "week", "month", "year")
     for n in (0, 1, 2)]
)  # fmt: skip
DATES = ["2025-12-31", "2026-02-28", "2026-03-01", "2026-03-29", "2026-04-02"]


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.integers(0, 3)) == 0:
        return {"window": draw(whole_windows())}
    since, until = draw(
        st.sampled_from([(0, 0), (1, 0), (1, 0), (1, 0), (0, 1), (2, 0), (0, 2), (2, 2), (2, 1),
                         (1, 2), (1, 1)])
    )  # fmt: skip
    found: dict[str, Any] = {}
    if (since, until) == (1, 1):
        found = {"since": {"n": 1, "unit": "month"}, "until": {"n": 2, "unit": "day"}}
    elif (since, until) == (2, 2):
        found = dict(zip(("since", "until"),
                         sorted(draw(st.lists(st.sampled_from(DATES), min_size=2, max_size=2))),
                         strict=True))  # fmt: skip
    else:
        for name, which in (("since", since), ("until", until)):
            if which:
                found[name] = draw(SPANS if which == 1 else st.sampled_from(DATES))
    return {"window": found} if found else {}


@st.composite
def whole_windows(draw: st.DrawFn) -> dict[str, Any]:
    """Of whole days, weeks, months and years: one of them, or such an edge or two."""
    edge = draw(WHOLE)
    shape = draw(st.sampled_from(["one", "one", "since", "until", "mixed", "other"]))
    if shape == "mixed":
        return {"since": {"n": 1, "unit": "year"}, "until": {**edge, "n": edge["n"] or 1}}
    if shape == "other":
        return {"since": edge, "until": {"n": 2, "unit": "day"}}
    if shape == "since" or not edge["n"]:
        return {"since": edge}
    return {"until": edge} if shape == "until" else {"since": edge, "until": edge}


@st.composite
def leaves(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["did", "did", "total", "first", "last", "sequence", "field",
                                 "wears"]))  # fmt: skip
    found: dict[str, Any] = {"kind": kind}
    if kind == "wears":
        return {**found, "what": draw(st.sampled_from(WORN))}
    if kind == "field":
        name = draw(st.sampled_from(FIELDS))
        claim = draw(TEXT_CLAIMS if name == "rank" else FIELD_CLAIMS)
        return {**found, "name": name, "claim": claim}
    found |= draw(windows())
    if kind == "sequence":
        within = draw(st.sampled_from([{"n": 1, "unit": "hour"}, {"n": 2, "unit": "day"},
                                       {"n": 4, "unit": "week"}]))  # fmt: skip
        steps = draw(st.lists(matches(), min_size=2, max_size=3))
        return {**found, "steps": steps, "within": within}
    if kind == "total":
        claim = draw(number_claims(AMOUNTS))
        measure = draw(st.sampled_from(["sum", "least", "most"]))
        return {**found, "measure": measure, "property": "amount", "claim": claim,
                "match": draw(matches(must="amount"))}  # fmt: skip
    match = draw(matches())
    found["match"] = match
    if kind in ("first", "last"):
        return found | draw(some_wheres(match["events"], "having"))
    if draw(st.booleans()):
        found["times"] = draw(number_claims(st.integers(0, 4), counts=True))
    return found


PLAIN = "平"
"""A group that asks of nobody's relations: what is asked of somebody related may ask for it."""


def plain(*groups: str) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of expressions that ask of nobody's relations."""
    return _joined(_ends(*groups))


def _ends(*groups: str) -> st.SearchStrategy[dict[str, Any]]:
    if not groups:
        return leaves()
    return leaves() | st.builds(lambda n: {"kind": "group", "name": n}, st.sampled_from(groups))


def expressions(*groups: str) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of expressions that may ask for these groups."""
    ends = _ends(*groups)
    # Who is asked about somebody related is asked about nobody related, nor by way of a group.
    others = plain(*(group for group in groups if group == PLAIN))
    return _joined(st.one_of(ends, ends, ends, related(others)))


def related(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON of conditions about somebody related, or that there is one."""
    return st.builds(
        lambda name, of: {"kind": "related", "relation": name} | ({"of": of} if of else {}),
        st.sampled_from(["kin", "friend"]),
        st.one_of(st.none(), inner, inner, inner),
    )


def _joined(ends: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        ends,
        lambda inner: st.one_of(
            st.builds(lambda kind, of: {"kind": kind, "of": of}, st.sampled_from(["all", "any"]),
                      st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda of: {"kind": "not", "of": of}, inner),
        ),
        max_leaves=4,
    )  # fmt: skip
