"""Resolution as a plain function: limits, order, and no dependence on the order of arrival."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from setten.customers.identity import Link, Rule, resolve

START = datetime(2026, 11, 1, tzinfo=UTC)
RULES = {
    "user_id": Rule(False, 1, 20),
    "email": Rule(False, 2, 4),
    "loyalty_card": Rule(False, 2, 20),
    "anonymous_id": Rule(True, 3, 3),
}
KINDS = {
    **dict.fromkeys(range(1, 4), "user_id"),
    **dict.fromkeys(range(4, 9), "email"),
    **dict.fromkeys(range(9, 12), "loyalty_card"),
    **dict.fromkeys(range(12, 18), "anonymous_id"),
}
ANN, BO, ANN_MAIL, CARD, COOKIE, OTHER_COOKIE = 1, 2, 4, 9, 12, 13


def link(one: int, other: int, minute: int, kind: str = "event") -> Link:
    a, b = sorted((one, other))
    at = START + timedelta(minutes=minute)
    verdict = {"manual": "joined", "parted": "parted"}.get(kind)
    return Link(a, b, kind, f"e{minute:03d}", at, None, verdict, at if verdict else None)


def people(*links: Link) -> set[frozenset[int]]:
    return {part for part in resolve(links, KINDS, RULES).parts if len(part) > 1}


def test_a_cookie_belongs_to_the_first_who_signed_in():
    assert people(link(COOKIE, BO, 2), link(COOKIE, ANN, 1)) == {frozenset((COOKIE, ANN))}


def test_one_card_joins_two_cookies():
    found = people(link(COOKIE, CARD, 1), link(OTHER_COOKIE, CARD, 2))
    assert found == {frozenset((COOKIE, OTHER_COOKIE, CARD))}


def test_a_cookie_does_not_join_two_who_both_have_a_mail_address():
    links = (link(COOKIE, 4, 1), link(BO, 5, 2), link(BO, COOKIE, 2))
    assert people(*links) == {frozenset((COOKIE, 4)), frozenset((BO, 5))}
    assert resolve(links, KINDS, RULES).refusals == {(BO, COOKIE): "weak"}


def test_a_card_joins_two_mail_addresses_of_one_person():
    assert people(link(CARD, 4, 1), link(CARD, 5, 2)) == {frozenset((CARD, 4, 5))}


def test_within_one_event_the_kind_of_the_lowest_priority_is_weighed_first():
    """Ann's card and Bo's mail address come with a mail address that nobody had."""
    one_event = [link(CARD, 5, 3), link(CARD, 6, 3), link(5, 6, 3)]
    links = [link(CARD, ANN, 1), link(5, BO, 2), *one_event]
    by_card = {**RULES, "loyalty_card": Rule(False, 2, 20, priority=10)}
    assert frozenset((ANN, CARD, 6)) in resolve(links, KINDS, by_card).parts
    by_mail = {**RULES, "email": Rule(False, 2, 4, priority=10)}
    assert frozenset((BO, 5, 6)) in resolve(links, KINDS, by_mail).parts


def test_priority_never_outweighs_an_earlier_event():
    by_mail = {**RULES, "email": Rule(False, 2, 4, priority=1)}
    links = [link(CARD, ANN, 1), link(5, BO, 2), link(CARD, 6, 3), link(5, 6, 4)]
    assert frozenset((ANN, CARD, 6)) in resolve(links, KINDS, by_mail).parts


def test_of_equal_priorities_the_stronger_kind_is_weighed_first():
    level = {kind: Rule(one.is_weak, one.most, one.shared_after, 50) for kind, one in RULES.items()}
    links = [link(CARD, ANN, 1), link(5, BO, 2), link(CARD, 5, 3), link(CARD, 6, 3), link(5, 6, 3)]
    assert frozenset((ANN, CARD, 6)) in resolve(links, KINDS, level).parts


def test_a_merge_over_the_limit_is_refused_and_the_rest_stays():
    links = (link(CARD, 4, 1), link(CARD, 5, 2), link(CARD, 6, 3))
    assert people(*links) == {frozenset((CARD, 4, 5))}
    assert resolve(links, KINDS, RULES).refusals == {(6, CARD): "limit"}


def test_two_devices_never_join_two_people():
    links = (link(COOKIE, OTHER_COOKIE, 1), link(COOKIE, 4, 2), link(OTHER_COOKIE, CARD, 3))
    assert people(*links) == {frozenset((COOKIE, 4)), frozenset((OTHER_COOKIE, CARD))}


def test_a_decision_by_hand_goes_before_older_evidence():
    links = (link(COOKIE, ANN, 1), link(BO, COOKIE, 9, "manual"))
    assert people(*links) == {frozenset((COOKIE, BO))}


def test_a_decision_by_hand_still_obeys_the_limits():
    assert people(link(ANN, BO, 1, "manual")) == set()


def test_a_mail_address_that_everybody_gives_is_nobodys():
    cards = (9, 10, 11)
    links = [link(8, card, card) for card in cards] + [link(8, user, user) for user in (1, 2, 3)]
    rules = {**RULES, "email": Rule(False, 2, 2)}
    result = resolve(links, KINDS, rules)
    assert result.shared == {8}
    assert all(len(part) == 1 for part in result.parts)


_links = st.lists(
    st.tuples(
        st.sampled_from(list(KINDS)), st.sampled_from(list(KINDS)), st.integers(0, 30)
    ).filter(lambda drawn: drawn[0] != drawn[1]),
    max_size=40,
    unique_by=lambda drawn: frozenset(drawn[:2]),
)


@given(_links, st.randoms(use_true_random=False))
def test_the_order_of_arrival_makes_no_difference(drawn, chance: random.Random):
    links = [link(*one) for one in drawn]
    shuffled = list(links)
    chance.shuffle(shuffled)
    assert set(resolve(links, KINDS, RULES).parts) == set(resolve(shuffled, KINDS, RULES).parts)


@given(_links)
def test_nobody_ever_holds_more_of_a_kind_than_allowed(drawn):
    for part in resolve([link(*one) for one in drawn], KINDS, RULES).parts:
        for kind, rule in RULES.items():
            assert sum(KINDS[one] == kind for one in part) <= rule.most


@given(_links)
def test_every_link_is_either_counted_or_refused_with_a_reason(drawn):
    links = [link(*one) for one in drawn]
    result = resolve(links, KINDS, RULES)
    home = {one: part for part in result.parts for one in part}
    for one in links:
        assert (one.pair in result.refusals) or home[one.a] is home[one.b]
