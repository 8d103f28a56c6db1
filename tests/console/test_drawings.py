"""Thumbs of goods: the drawing that goods name, in the tint of their variant."""

from __future__ import annotations

import pytest

from setten.console.assets import assets
from setten.console.stock.goods import drawn, name_of
from setten.demo.chain import catalogue
from setten.stock.catalog import Item


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({"drawing": "sofa", "colour": "緑", "colour_en": "green"}, "sofa:green"),
        ({"drawing": "sofa", "colour": "Oak"}, "sofa:natural"),
        ({"drawing": "sofa", "colour_en": "ultraviolet"}, "sofa"),
        ({"drawing": "no such thing", "colour_en": "navy"}, "box:blue"),
        ({"drawing": ["sofa"], "colour_en": 7}, "box"),
        ({}, "box"),
    ],
)
def test_goods_are_drawn_as_they_are_named(attributes: dict[str, object], shown: str) -> None:
    assert drawn(attributes) == shown


def test_every_tint_of_the_demo_is_painted_and_most_goods_have_one() -> None:
    shown = [drawn(dict(good.attributes)) for good in catalogue.goods()]
    tints = {one.partition(":")[2] for one in shown} - {""}
    styles = b"".join(text for name, text in assets().files.items() if name.endswith(".css"))
    assert len(tints) > 7
    assert all(f".goods.of-{tint} ".encode() in styles for tint in tints)
    assert sum(":" in one for one in shown) > 0.6 * len(shown)


@pytest.mark.parametrize(
    ("name", "attributes", "called"),
    [
        ("プルオーバー", {"colour": "紺", "size": "M"}, "プルオーバー M 紺"),
        ("プルオーバー 紺", {"colour": "紺", "size": "Ｍ"}, "プルオーバー 紺 Ｍ"),
        ("Tシャツ", {"size": "T"}, "Tシャツ"),
        ("SMサイズ計", {"size": "S"}, "SMサイズ計 S"),
        ("ラグ 200 × 140", {"size": "200×140"}, "ラグ 200 × 140"),
        ("カップ", {"color": "RED", "brand": "KOMOREBI"}, "カップ RED"),
        ("カップ", {"colour": "", "size": None}, "カップ"),
        ("カップ", {"colour": ["赤"], "size": 23}, "カップ 23"),
        ("カップ", {"colour": "とても長い説明" * 9}, "カップ"),
    ],
)
def test_goods_of_one_name_are_told_apart_by_size_and_colour(
    name: str, attributes: dict[str, object], called: str
) -> None:
    item = Item(sku="X", name_ja=name, name_en=name, attributes=attributes)
    assert name_of(item, "ja") == called


def test_an_english_name_takes_the_english_words_where_there_are_any() -> None:
    item = Item(
        sku="X", name_ja="靴", name_en="Shoes", attributes={"colour": "紺", "colour_en": "navy"}
    )
    assert name_of(item, "en") == "Shoes, navy"


def test_names_that_say_their_variant_stay_as_they_are() -> None:
    for good in catalogue.goods():
        item = Item(
            sku=good.sku,
            name_ja=good.name_ja,
            name_en=good.name_en,
            attributes=dict(good.attributes),
        )
        assert (name_of(item, "ja"), name_of(item, "en")) == (good.name_ja, good.name_en)
