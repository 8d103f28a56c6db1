"""Stages are said as the shop says them, in the language of the page, and read back."""

from __future__ import annotations

import pytest

from setten.customers import lifecycle
from setten.customers.segments import LANGUAGE


def stage(op: str, value: object) -> dict[str, object]:
    return {"kind": "field", "name": "stage", "claim": {"op": op, "value": value}}


@pytest.mark.parametrize("name", lifecycle.STAGES)
@pytest.mark.parametrize("op", ["is", "is_not", "in", "not_in"])
def test_every_stage_has_its_word_in_both_languages(name: str, op: str) -> None:
    node = LANGUAGE.read(stage(op, [name] if "in" in op else name))
    ja, en = LANGUAGE.say(node, "ja"), LANGUAGE.say(node, "en")
    assert lifecycle.NAMES[name]["ja"] in ja
    assert name not in ja
    assert f'"{name}"' in en
    assert LANGUAGE.read_words(ja, "ja") == node == LANGUAGE.read_words(en, "en")


def test_several_stages_and_the_name_itself_are_read_too() -> None:
    node = LANGUAGE.read(stage("in", ["retention", "recovery"]))
    assert LANGUAGE.say(node, "ja") == "段階が「保持」・「回復」のどれかである"
    assert LANGUAGE.read_words("段階が「retention」である", "ja") == LANGUAGE.read(
        stage("is", "retention")
    )


def test_what_is_no_stage_stays_as_it_was_written() -> None:
    node = LANGUAGE.read(stage("is", "vip"))
    for locale in ("ja", "en"):
        assert LANGUAGE.read_words(LANGUAGE.say(node, locale), locale) == node
