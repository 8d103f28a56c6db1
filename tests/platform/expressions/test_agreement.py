"""All renderings of an expression say the same: columns, SQL, words, JSON, and plain reading."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.platform.expressions.everyone import Everyone
from tests.platform.expressions.making import DAY, HOUR, NOW, PLAIN, expressions, plain, subjects
from tests.platform.expressions.words import LANGUAGE, TOKYO, Subject, frame_of, truth

from setten.platform.expressions import NEVER, Node

REACHED: Counter[tuple[str, str]] = Counter()
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]


def tell(request: pytest.FixtureRequest, said: str) -> None:
    """Show a line also when all is well."""
    plugins = request.config.pluginmanager
    reporter, capture = plugins.getplugin("terminalreporter"), plugins.getplugin("capturemanager")
    if reporter is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            reporter.write_line(f"\n{said}")


@pytest.fixture(scope="module", autouse=True)
def _tell(request: pytest.FixtureRequest) -> Any:
    yield
    said = ", ".join(f"{kind} {way} {n}" for (kind, way), n in sorted(REACHED.items()))
    tell(request, f"reached: {said}")


def columns(node: Node, people: tuple[Subject, ...], now: int, groups: dict[str, Node]) -> Any:
    at = LANGUAGE.evaluation(frame_of(people), TOKYO, now)
    for name, one in groups.items():
        at.groups[name] = LANGUAGE.decide(one, at)
    return LANGUAGE.decide(node, at).tolist()


@given(
    raws=st.lists(expressions("早い", 'b"', PLAIN), min_size=1, max_size=4),
    zeroth=plain(),
    first=expressions(PLAIN),
    second=expressions("早い"),
    people=st.lists(subjects(), min_size=5, max_size=8).map(tuple),
)
@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
def test_columns_and_sql_say_what_plain_reading_says(raws, zeroth, first, second, people):
    groups = {
        PLAIN: LANGUAGE.read(zeroth),
        "早い": LANGUAGE.read(first),
        'b"': LANGUAGE.read(second),
    }
    everyone = Everyone(people)
    for raw in raws:
        node = LANGUAGE.read(raw)
        plain = [truth(node, one, TOKYO, NOW, groups, people) for one in people]
        assert columns(node, people, NOW, groups) == plain
        assert everyone.ask(LANGUAGE.statement(node, TOKYO, NOW, groups=groups)) == plain
        for kind in LANGUAGE.kinds_in(node):
            REACHED[kind, "true"] += sum(plain)
            REACHED[kind, "false"] += len(plain) - sum(plain)


@given(raw=expressions("早い", 'b"'))
@settings(max_examples=200, deadline=None, suppress_health_check=SLOW)
def test_words_and_json_read_back_as_the_same_expression(raw):
    node = LANGUAGE.read(raw)
    assert LANGUAGE.read(LANGUAGE.json(node)) == node
    for locale in ("ja", "en"):
        said = LANGUAGE.say(node, locale)
        assert LANGUAGE.json(LANGUAGE.read_words(said, locale)) == LANGUAGE.json(node), said


@given(
    raw=expressions(),
    people=st.lists(subjects(), min_size=3, max_size=6).map(tuple),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=100, deadline=None, suppress_health_check=SLOW)
def test_time_alone_changes_nothing_before_the_turn_that_was_told(raw, people, seed):
    node = LANGUAGE.read(raw)
    at = LANGUAGE.evaluation(frame_of(people), TOKYO, NOW)
    turns = np.minimum(LANGUAGE.turns(node, at), at.comes())
    assert (turns > NOW).all(), "a turn that has passed would be looked at for ever"
    chance = random.Random(seed)
    for one, turn, now_in in zip(people, turns.tolist(), LANGUAGE.decide(node, at), strict=True):
        last = min(turn - 1, NOW + 800 * DAY)
        looks = {last, *(chance.randint(NOW, last) for _ in range(4)), min(last, NOW + HOUR)}
        for later in looks:
            assert truth(node, one, TOKYO, later, {}, people) == now_in, (later - NOW) / DAY
        REACHED["turn", "never" if turn == NEVER else "told"] += 1


def test_the_needs_of_an_expression_are_all_it_looks_at():
    @given(raw=expressions(), people=st.lists(subjects(), min_size=1, max_size=4).map(tuple))
    @settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
    def holds(raw: Any, people: tuple[Subject, ...]) -> None:
        node = LANGUAGE.read(raw)
        needs = LANGUAGE.needs(node, TOKYO, NOW)
        fewer = tuple(
            Subject(
                tuple(
                    event._replace(said={k: event.said[k] for k in event.said
                                         if k in needs.properties})
                    for event in one.events
                    if event.at > needs.events.get(event.name, NEVER)
                ),
                {name: value for name, value in one.fields.items() if name in needs.fields},
                frozenset(worn.what for worn in needs.standings) & one.wears,
                {name: one.related[name] for name in one.related if name in needs.relations},
            )
            for one in people
        )  # fmt: skip
        assert columns(node, fewer, NOW, {}) == columns(node, people, NOW, {})

    holds()
