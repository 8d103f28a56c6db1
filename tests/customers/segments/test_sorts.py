"""A line of a sort that is known already is what it would be if it were decided anew."""

from __future__ import annotations

import itertools
import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tests import seeds
from tests.customers.segments.conftest import TOKYO

from setten.customers.segments import LANGUAGE, rules, sorts, state, vocabulary
from setten.customers.segments.memory import Memory
from setten.customers.segments.model import Live
from setten.platform.errors import SettenError
from setten.platform.expressions import Match, Needs
from setten.platform.log import Row

START = datetime(2026, 11, 1, tzinfo=UTC)
# What is one to Python need not be one to a claim, and what is no text or number is missing.
ODD: list[Any] = [
    "1",
    1,
    1.0,
    True,
    None,
    [1],
    {"a": 1},
    "SOFA",
    "sofa",
    "L'été",
    "a\0b",
    -5,
    2**60,
]
NAMES = ["product.viewed", "page.viewed", "cart.reported", "custom.event"]


def about(name: str, prop: str, op: str, value: Any) -> dict[str, Any]:
    where = [{"property": prop, "op": op, "value": value}]
    return {"kind": "did", "match": {"events": [name], "where": where}}


QUESTIONS = [
    about("product.viewed", "sku", "is", "1"),
    about("product.viewed", "sku", "starts_with", "SO"),
    about("product.viewed", "price_minor", "is", 1),
    about("product.viewed", "price_minor", "less_than", 0),
    about("cart.reported", "qty", "at_least", 1),
    about("page.viewed", "path", "contains", "f"),
    about("custom.event", "location_id", "is", "kobe"),
    {"kind": "did", "match": {"events": ["page.viewed"]}},
]


def needs() -> Needs:
    live = [Live(n, f"S{n}", 1, LANGUAGE.read(asked)) for n, asked in enumerate(QUESTIONS)]
    return rules.needs(live, TOKYO, 0)


def row(number: int, chance: random.Random) -> Row:
    at = START + timedelta(minutes=chance.randrange(900))
    words = ("sku", "price_minor", "path", "quantity")
    said = {word: chance.choice(ODD) for word in words if chance.random() < 0.8}
    return Row(
        xid=1, position=number, arrived_on=date(2026, 11, 1), event_id=f"e{number}",
        name=chance.choice(NAMES), occurred_at=at, received_at=at, sent_at=None, original_at=None,
        source_id=1, channel="web", location_id=chance.choice([None, "kobe", "osaka"]),
        identifiers=(1,), sealed_id=None, body=json.dumps(said | {"item": said}),
    )  # fmt: skip


def decided(asked: Needs) -> tuple[Memory, sorts.Sorts]:
    memory = Memory()
    memory.mean((), asked)
    return memory, sorts.Sorts(asked, memory._packed)


def test_what_is_remembered_of_a_sort_is_what_would_be_decided(monkeypatch):
    seed = seeds.drawn()
    chance = random.Random(seed)
    asked = needs()
    memory, known = decided(asked)
    monkeypatch.setattr(sorts, "SORTS_KEPT", 40)
    numbers = itertools.count(1)
    for _ in range(30):
        rows = [row(next(numbers), chance) for _ in range(chance.randrange(1, 25))]
        anew = memory._packed(
            state.lines_of(rows, asked), np.array([one.position for one in rows], np.int64)
        )
        assert np.array_equal(known.lines(rows), anew), seed


def test_what_nobody_asks_of_a_line_changes_no_match():
    seed = seeds.drawn()
    chance = random.Random(seed)
    asked = needs()
    rows = [row(number, chance) for number in range(200)]
    every = (*vocabulary.TEXTS, *vocabulary.INTEGERS)
    said = [state.said_by(one, every) for one in rows]
    ats, places = np.zeros(len(rows), np.int64), np.arange(len(rows))
    names = [one.name for one in rows]
    whole = state._frame(
        len(rows), state._Lines(places, ats, places, names, said, (0, 0)), asked, {}
    )
    short = state.lines_of(rows, asked)
    for test in asked.tests:
        if isinstance(test, Match):
            assert np.array_equal(short.fulfilling(test), whole.fulfilling(test)), (seed, test)


def test_a_line_is_its_own_though_others_are_of_its_sort():
    chance = random.Random(1)
    _, known = decided(needs())
    one = row(1, chance)
    first, again = known.lines([one]), known.lines([one])
    first[:] = -1
    assert not np.array_equal(first, again)
    assert np.array_equal(again, known.lines([one]))


def test_what_parts_several_texts_is_in_none_of_them():
    assert vocabulary.text_in({"sku": "A\x1fB"}, "sku") is None
    assert vocabulary.text_in({"title": "A\x1fB"}, "title") is None
    assert vocabulary.text_in({"sku": "A", "skus": ["A", "B", "\0", 7, "C\x1f"]}, "sku") == "A\x1fB"
    assert vocabulary.text_in({"sku": "A", "skus": [7]}, "sku") is None
    where = {"property": "sku", "op": "is", "value": "A\x1fB"}
    raw = {"kind": "did", "match": {"events": ["purchase"], "where": [where]}}
    with pytest.raises(SettenError):
        vocabulary.LANGUAGE.read(raw)
