"""What an expression may be, what is refused, and how it reads."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platform.expressions.words import LANGUAGE

from setten.platform import errors
from setten.platform.expressions import (
    BadExpression,
    BadWindow,
    TooLarge,
    UnknownName,
    Unreadable,
    WrongType,
)

BUY = {"kind": "did", "match": {"events": ["buy"]}}
LAST_30 = {"since": {"n": 30, "unit": "day"}}
BUYS = {"events": ["buy"]}
ONE_DAY = {"n": 1, "unit": "day"}
AT_KOBE = {"events": ["buy"], "where": [{"property": "place", "op": "is", "value": "kobe"}]}

SAID = [
    (BUY, "purchase happened", "購入がある"),
    (
        {**BUY, "window": LAST_30, "times": {"op": "at_least", "value": 3}},
        "purchase happened at least 3 times in the last 30 days",
        "直近30日に購入が3回以上ある",
    ),
    (
        {"kind": "did", "match": AT_KOBE, "times": {"op": "is", "value": 0}},
        'no purchase (shop is "kobe") happened',
        "購入（店が「kobe」である）がない",
    ),
    (
        {"kind": "total", "measure": "sum", "property": "amount", "match": {"events": ["buy"]},
         "window": LAST_30, "claim": {"op": "more_than", "value": 10000}},
        "the total amount of purchase in the last 30 days is more than 10000",
        "直近30日に購入の金額の合計が10000より大きい",
    ),
    (
        {"kind": "last", "match": {"events": ["visit"]},
         "window": {"until": {"n": 10, "unit": "day"}}},
        "the last visit came at least 10 days ago",
        "最後の来店が10日以上前にあった",
    ),
    (
        {"kind": "first", "match": {"events": ["buy"]},
         "having": [{"property": "place", "op": "is", "value": "神戸"}]},
        'the first purchase came (then shop is "神戸")',
        "最初の購入があった（そのとき店が「神戸」である）",
    ),
    (
        {"kind": "sequence", "steps": [{"events": ["look"]}, AT_KOBE],
         "within": {"n": 7, "unit": "day"}},
        'look then purchase (shop is "kobe") within 7 days',
        "閲覧のあと購入（店が「kobe」である）が7日以内にある",
    ),
    (
        {"kind": "all", "of": [
            {"kind": "field", "name": "rank", "claim": {"op": "in", "value": ["gold", "銀"]}},
            {"kind": "any", "of": [BUY, {"kind": "not", "of": {"kind": "group", "name": "VIP"}}]},
        ]},
        'rank is one of "gold", "銀" and (purchase happened or not (is in segment "VIP"))',
        "ランクが「gold」・「銀」のどれかである、かつ"
        "（購入がある、または（セグメント「VIP」に入っている）ではない）",
    ),
    (
        {"kind": "field", "name": "newsletter", "claim": {"op": "is", "value": True}},
        'trait "newsletter" is yes',
        "属性「newsletter」がはいである",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "en", "ja"), SAID, ids=[said[1] for said in SAID])
def test_an_expression_reads_as_a_person_would_say_it(raw: Any, en: str, ja: str):
    node = LANGUAGE.read(raw)
    assert LANGUAGE.say(node, "en") == en
    assert LANGUAGE.say(node, "ja") == ja
    assert LANGUAGE.read_words(en, "en") == LANGUAGE.read_words(ja, "ja") == node


def test_words_are_read_however_they_are_spaced_and_cased():
    said = "  Purchase   happened AT LEAST 3 times\n in the last 1 day "
    node = LANGUAGE.read_words(said, "en")
    assert LANGUAGE.say(node, "en") == "purchase happened at least 3 times in the last 1 day"


def test_rewriting_takes_away_what_says_nothing():
    visit = {"kind": "did", "match": {"events": ["visit"]}}
    inner = {"kind": "all", "of": [BUY, {"kind": "not", "of": {"kind": "not", "of": BUY}}]}
    node = LANGUAGE.read({"kind": "all", "of": [{"kind": "any", "of": [inner]}, visit]})
    assert LANGUAGE.json(node) == {"kind": "all", "of": [BUY, visit]}


def test_what_is_so_anyway_is_not_kept():
    said = {**BUY, "times": {"op": "at_least", "value": 1}, "window": {}}
    assert LANGUAGE.json(LANGUAGE.read(said)) == BUY


def test_rewriting_keeps_apart_what_only_python_takes_for_equal():
    parts = [
        {"kind": "field", "name": "age", "claim": {"op": "is", "value": value}}
        for value in (1, True, 1.5)
    ]
    assert len(LANGUAGE.read({"kind": "any", "of": parts}).parts()) == 3


def did(**more: Any) -> dict[str, Any]:
    return {"kind": "did", "match": {"events": ["buy"]}, **more}


def where(property: str, op: str, *value: Any) -> dict[str, Any]:
    claim = {"property": property, "op": op, **({"value": value[0]} if value else {})}
    return {"kind": "did", "match": {"events": ["buy"], "where": [claim]}}


def field(**claim: Any) -> dict[str, Any]:
    return {"kind": "field", "name": "x", "claim": claim}


def total(**more: Any) -> dict[str, Any]:
    return {"kind": "total", "measure": "sum", "property": "amount",
            "match": {"events": ["buy"]}, "claim": {"op": "is", "value": 1}, **more}  # fmt: skip


def deep(levels: int) -> Any:
    return {"kind": "not", "of": deep(levels - 1)} if levels else BUY


REFUSED = [
    (None, BadExpression), ([], BadExpression), ("did", BadExpression), ({}, BadExpression),
    ({"kind": "nothing"}, BadExpression), ({"kind": ["did"]}, BadExpression),
    ({"kind": "did"}, BadExpression), (did(extra=1), BadExpression),
    (did(match={"events": "buy"}), BadExpression), ({"kind": "all", "of": []}, BadExpression),
    ({"kind": "all", "of": [1]}, BadExpression), ({"kind": "not", "of": None}, BadExpression),
    (did(window={"since": {"n": "3", "unit": "day"}}), BadExpression),
    (did(window={"since": {"n": 3, "unit": "century"}}), BadExpression),
    (did(window={"since": "soon"}), BadWindow),
    (did(window={"since": {"n": 0, "unit": "day"}}), BadWindow),
    (did(match={"events": []}), UnknownName), (did(match={"events": ["nothing"]}), UnknownName),
    (where("thing", "is", "x"), UnknownName), (where("nothing", "is", "x"), UnknownName),
    (where("amount", "contains", "x"), WrongType), (where("amount", "is", "1"), WrongType),
    (where("amount", "is", 1.5), WrongType), (where("amount", "is", True), WrongType),
    (where("place", "is", 1), WrongType), (where("place", "is", ["kobe"]), WrongType),
    (where("place", "in", "kobe"), WrongType), (where("place", "in", []), WrongType),
    (where("place", "is"), WrongType), (where("place", "known", "x"), WrongType),
    (where("place", "between", ["a", "b"]), WrongType),
    (where("amount", "between", [1]), WrongType),
    (where("amount", "is", 2**60), TooLarge), (where("place", "is", "x" * 201), TooLarge),
    (where("place", "is", "a\0b"), TooLarge), (where("place", "in", ["x"] * 1001), TooLarge),
    (where("place", "sounds_like", "x"), WrongType), (field(op="in", value=["a", 1]), WrongType),
    (field(op="at_least", value="a"), WrongType), (field(op="is"), WrongType),
    (did(times={"op": "in", "value": [1, 2]}), WrongType),
    (did(times={"op": "unknown"}), WrongType),
    (did(times={"op": "at_least", "value": 1.5}), WrongType),
    (total(property="place"), WrongType), (total(property="thing"), UnknownName),
    (total(measure="average"), BadExpression), (deep(12), TooLarge),
    ({"kind": "any", "of": [BUY] * 200}, TooLarge),
    ({"kind": "group", "name": ""}, UnknownName),
    ({"kind": "group", "name": "x" * 101}, TooLarge),
    ({"kind": "sequence", "steps": [BUYS], "within": ONE_DAY}, BadExpression),
    ({"kind": "sequence", "steps": [BUYS] * 9, "within": ONE_DAY}, BadExpression),
    ({"kind": "sequence", "steps": [BUYS] * 2, "within": {"n": 1, "unit": "month"}}, BadWindow),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "refusal"), REFUSED, ids=[str(r[0])[:60] for r in REFUSED])
def test_what_is_no_expression_is_refused_with_its_place(raw: Any, refusal: type[Exception]):
    with pytest.raises(refusal) as refused:
        LANGUAGE.read(raw)
    assert type(refused.value) is refusal
    assert "path" in refused.value.facts


@pytest.mark.parametrize(
    "text", [b"{", b"\xff", b"[" * 40_000, b"{" + b" " * 70_000 + b"}", b"NaN"]
)
def test_json_that_is_none_or_too_much_is_refused(text: bytes):
    with pytest.raises((BadExpression, TooLarge)):
        LANGUAGE.read_json(text)


def test_a_path_says_where_it_is_wrong():
    raw = {"kind": "all", "of": [BUY, {"kind": "not", "of": where("amount", "is", "1")}]}
    with pytest.raises(WrongType) as refused:
        LANGUAGE.read_json(json.dumps(raw))
    assert refused.value.facts["path"] == "of.1.of.match.where.0.value"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", 0),
        ("nonsense", 0),
        ("purchase happened at least many times", 27),
        ("purchase happened and", 17),
        ("purchase happened in the last 3 fortnights", 31),
        ('rank is "gold', 8),
    ],
)
def test_words_that_are_not_understood_are_refused_where_reading_stopped(text: str, at: int):
    with pytest.raises(Unreadable) as refused:
        LANGUAGE.read_words(text, "en")
    facts = refused.value.facts
    assert abs(facts["at"] - at) <= 1
    # People count from one.
    assert f"at character {facts['at'] + 1}:" in errors.say(refused.value.code, "en", facts)[1]
    assert f"{facts['at'] + 1} 文字目" in errors.say(refused.value.code, "ja", facts)[1]


def test_a_long_or_nested_text_is_refused_and_does_not_take_for_ever():
    for text in ("(" * 7_000, "not (" * 1_500, "purchase happened and " * 600):
        with pytest.raises((Unreadable, TooLarge)):
            LANGUAGE.read_words(text, "en")
