"""Any order of the same events ends in the same people: thousands of random histories."""

from __future__ import annotations

import random
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.customers.identity.memory import Happening, Verdict, World, evidence, whole

from setten.customers.identity import Rule

BOOK = {
    "user_id": Rule(False, 1, 2, 10),
    "loyalty_card": Rule(False, 2, 2, 20),
    "email": Rule(False, 2, 3, 30),
    "device_id": Rule(True, 2, 2, 70),
    "anonymous_id": Rule(True, 3, 2, 80),
}
KINDS = dict(
    enumerate(
        ["user_id"] * 4 + ["loyalty_card"] * 4 + ["email"] * 5 + ["device_id"] * 3
        + ["anonymous_id"] * 6,
        start=1,
    )
)  # fmt: skip
HISTORIES, HISTORIES_LONG = 2_000, 30_000

_who = st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4, unique=True).map(sorted)
_events = st.lists(st.tuples(_who, st.integers(0, 20), st.booleans()), min_size=2, max_size=28).map(
    lambda drawn: [
        Happening(number, tuple(who), minute, is_alias)
        for number, (who, minute, is_alias) in enumerate(drawn)
    ]
)
_blocked = st.frozensets(st.sampled_from(list(KINDS)), max_size=2)


@pytest.fixture(scope="module")
def reached() -> Counter[str]:
    """What the histories have led to; printed, so that a proof of nothing is seen."""
    return Counter()


def _arrive(
    events: list[Happening], verdicts: list[Verdict], blocked: frozenset[int],
    chance: random.Random,
) -> World:  # fmt: skip
    """Read everything in an order and in batches of its own."""
    world = World(KINDS, BOOK, blocked)
    order: list[Happening | Verdict] = [*events, *verdicts]
    chance.shuffle(order)
    batch: list[Happening] = []
    late: list[Verdict] = []
    for one in order:
        if isinstance(one, Happening):
            batch.append(one)
            if chance.random() < 0.7:
                continue
        world.read(batch)
        batch = []
        if isinstance(one, Verdict) and not world.decide(one):
            late.append(one)
    world.read(batch)
    assert all(world.decide(one) for one in late)
    return world


def _note(reached: Counter[str], world: World) -> None:
    reached["histories"] += 1
    reached["merges"] += world.merges
    reached["splits"] += world.splits
    reached.update(f"refused: {why}" for why in world.refusals.values() if why)
    reached["links counted"] += sum(why is None for why in world.refusals.values())
    reached["aliases"] += sum(link.kind == "alias" for link in world.links.values())
    reached["shared identifiers"] += sum(node.is_shared for node in world.nodes.values())
    reached["largest person"] = max(
        reached["largest person"], *(len(part) for part in world.people())
    )


def test_any_order_and_any_batches_end_in_the_same_people(reached, is_long, capsys):
    @settings(
        max_examples=HISTORIES_LONG if is_long else HISTORIES, deadline=None, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(_events, _blocked, st.data(), st.randoms(use_true_random=False))
    def holds(events, blocked, data, chance):
        pairs = sorted(evidence(events))
        picked = (
            data.draw(st.lists(st.sampled_from(pairs), max_size=3, unique=True)) if pairs else []
        )
        words = ("parted", "parted", "joined")
        verdicts = [Verdict(pair, words[n], n) for n, pair in enumerate(picked)]
        people, refusals = whole(events, {one.pair: one for one in verdicts}, KINDS, BOOK, blocked)
        for _ in range(2):
            world = _arrive(events, verdicts, blocked, chance)
            assert world.people() == people
            assert world.refusals == refusals
        _note(reached, world)

    holds()
    with capsys.disabled():
        sys.stdout.write(f"\nhistories reached: {dict(sorted(reached.items()))}\n")
    for what in ("limit", "weak", "shared", "parted", "blocked"):
        assert reached[f"refused: {what}"], f"no history came to a link refused as {what}"
    assert reached["splits"]
    assert reached["aliases"]
