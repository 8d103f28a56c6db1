"""Goods that a condition names: where only skus are told, their skus stand in its place."""

from __future__ import annotations

from datetime import date

import pytest

from setten.customers.segments import (
    GOODS_MAX,
    LANGUAGE,
    Called,
    NoSuchGoods,
    Scene,
    TooManyGoods,
    goods_in,
    hear,
    with_goods,
)
from setten.platform.expressions import Node

SCENE = Scene({}, date(2026, 11, 22))
SOFAS = {"ソファ": Called(("SOFA-B", "SOFA-G"), is_first=True)}


def heard(words: str) -> Node:
    return hear(words, "ja", SCENE)


def test_a_purchase_asks_for_skus_and_a_view_for_the_name_that_it_told():
    node = with_goods(heard("ソファを見たがソファを買っていない"), SOFAS)
    assert LANGUAGE.say(node, "ja") == (
        "商品閲覧（商品名が「ソファ」を含む）がある、"
        "かつ購入（商品番号が「SOFA-B」・「SOFA-G」のどれかである）がない"
    )


def test_a_view_asks_for_skus_where_no_event_would_tell_that_name():
    node = with_goods(heard("「sofa」を見た"), {"sofa": Called(("SOFA-B",), is_first=False)})
    assert LANGUAGE.say(node, "ja") == "商品閲覧（商品番号が「SOFA-B」のどれかである）がある"


def test_names_are_found_in_sequences_sums_groups_and_what_came_last():
    words = (
        "（購入（商品名が「ソファ」を含む）がある）ではない、"
        "または購入（商品名が「ソファ」を含む）の金額の合計が5以上である、"
        "または購入（商品名が「ラグ」を含む）のあと購入（商品名が「ソファ」である）が3日以内にある、"
        "または最後の購入が直近30日にあった（そのとき商品名が「ソファ」を含む）"
    )
    node = heard(words)
    assert goods_in(node) == ("ソファ", "ラグ")
    known = {**SOFAS, "ラグ": Called(("RUG",), is_first=True)}
    said = LANGUAGE.say(with_goods(node, known), "ja")
    assert "商品名" not in said
    assert said.count("SOFA-G") == 4
    assert said.count("RUG") == 1


def test_what_nobody_sells_is_refused_by_its_name_for_a_purchase_and_not_for_a_view():
    with pytest.raises(NoSuchGoods) as refused:
        with_goods(heard("ソファを買った"), {})
    assert refused.value.facts["name"] == "ソファ"
    seen = heard("ソファを見た")
    assert with_goods(seen, {}) == seen


def test_more_goods_than_anybody_reads_through_are_refused():
    known = {"ソファ": Called(tuple(f"S{n}" for n in range(GOODS_MAX + 1)), is_first=True)}
    with pytest.raises(TooManyGoods):
        with_goods(heard("ソファを買った"), known)


def test_a_condition_without_goods_stays_as_it_is():
    node = heard("30日以内に2回以上買った")
    assert goods_in(node) == ()
    assert with_goods(node, {}) is node or with_goods(node, {}) == node
