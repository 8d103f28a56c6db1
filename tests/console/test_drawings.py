"""Thumbs of goods: the drawing that goods name, in the tint of their variant."""

from __future__ import annotations

import pytest

from setten.console.assets import assets
from setten.console.stock.goods import drawn
from setten.demo.chain import catalogue


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
