"""The words of refusals: facts stand in sentences as people write them."""

from setten.platform import errors


def test_several_facts_stand_in_a_row_and_none_is_a_dash() -> None:
    facts = {"skus": ["NOPE", "NONE"], "locations": []}
    said = errors.say("unknown_goods", "en", facts)[1]
    assert "Skus: NOPE, NONE. Places: —." in said
    assert "（NOPE, NONE）" in errors.say("unknown_goods", "ja", facts)[1]


def test_a_fact_that_nobody_gave_stays_as_written() -> None:
    assert "{skus}" in errors.say("unknown_goods", "en", {})[1]
