"""C08: where she stands follows from what she buys, and everybody is told why."""

from __future__ import annotations

import uuid

from tests.stories.town import Town


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:10]}"


def test_a_purchase_at_the_till_changes_her_stage_in_the_same_second(town: Town) -> None:
    card = unique("card")
    told = town.tell("web", {"type": "identify", "traits": {"loyalty_card": card}})[-1]
    before = town.look_up("loyalty_card", card, after=told)
    assert before["stage"] == "acquisition"
    town.till("yokohama", "MUG-WHT", mode="tell", loyalty_card=card)
    told = town.tell("web", {"type": "page", "name": "x", "context": {
        "traits": {"loyalty_card": card}}})[-1]  # fmt: skip
    after = town.look_up("loyalty_card", card, after=told)
    assert after["stage"] == "trial"
    assert "お買い上げは1回" in after["stage_sentence"]["ja"]
    assert after["stage_sentence"]["en"].startswith("Bought once so far, last ")
    lines = town.timeline(after["customer_id"], wait_for="customer.stage_changed")
    assert [one["name"] for one in lines].count("customer.stage_changed") == 1
