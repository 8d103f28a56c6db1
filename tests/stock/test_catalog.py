"""Finding goods by a piece of their name, their code, or what is printed under the bars."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.stock.conftest import NOW, Shop

from setten.platform import db
from setten.stock import catalog
from setten.stock.catalog import Item

GOODS = (
    Item(sku="CHAIR-1", name_ja="折りたたみ椅子", name_en="Folding chair", product_id="P-77"),
    Item(sku="KASA-9", name_ja="長傘 ﾚｲﾝﾎﾞｰ", name_en="Umbrella", gtin_written="4901234567894"),
    Item(sku="SOFA-GRN", name_ja="ソファ 緑", name_en="Green sofa", product_id="P-77"),
    Item(sku="100%_x", name_ja="綿１００％", name_en="All cotton"),
)


async def keep(shop: Shop, *items: Item) -> None:
    async with db.transaction(shop.pool) as conn:
        assert await catalog.put(conn, items, now=NOW) == []


async def found(shop: Shop, said: str, **more: object) -> list[str]:
    async with shop.pool.acquire() as conn:
        return [one.sku for one in await catalog.search(conn, said, **more)]  # type: ignore[arg-type]


SAID = {
    "椅子": ["CHAIR-1"], "傘": ["KASA-9"], "レインボー": ["KASA-9"], "ソファ": ["SOFA-GRN"],
    "ｓｏｆａ": ["SOFA-GRN", "sofa"], "GREEN": ["SOFA-GRN"], "P-77": ["CHAIR-1", "SOFA-GRN"],
    "4901234567894": ["KASA-9"], "4901234567895": [], "49012345678": [], "100%": ["100%_x"],
    "%_": ["100%_x"], "\\": [], "fa 緑": [], "緑\nG": [], "  椅子  ": ["CHAIR-1"], "子 f": [],
    "x" * 500: [], "f": ["CHAIR-1", "SOFA-GRN", "sofa"],
}  # fmt: skip


async def test_a_piece_of_a_name_is_enough(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await keep(shop, *GOODS)
    for ahead in (0, 4_000):
        monkeypatch.setattr(catalog, "_AHEAD", ahead)
        for said, skus in SAID.items():
            assert (said, await found(shop, said)) == (said, skus)


async def test_pages_follow_each_other_whichever_way_they_are_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [Item(sku=f"T-{n:02}", name_ja="水玉 タオル" if n % 2 else "鍋", name_en="x")
            for n in range(30)]  # fmt: skip
    await keep(shop, *many)
    for ahead in (0, 7, 4_000):
        monkeypatch.setattr(catalog, "_AHEAD", ahead)
        pages, after = [], ""
        while page := await found(shop, "タオル", after=after, limit=4):
            pages += page
            after = page[-1]
        assert pages == [f"T-{n:02}" for n in range(1, 30, 2)]


TEXT = st.text(alphabet="あアｱ傘緑aAｂ1２ -%", min_size=1, max_size=12)


@given(TEXT, st.data())
@settings(max_examples=200)
def test_whatever_is_in_a_text_has_keys_that_the_text_has(text: str, data: st.DataObject) -> None:
    """The rule of migration 0141, in plain words: no piece is missed by the index."""
    start = data.draw(st.integers(0, len(text) - 1))
    piece = text[start : data.draw(st.integers(start + 1, len(text)))]

    def groups(said: str) -> set[str]:
        keys = set()
        for i in range(len(said) - 1):
            pair, three = said[i : i + 2], said[i : i + 3]
            if not pair.isascii():
                keys.add(pair)
            elif len(three) == 3 and three.isascii():
                keys.add(three)
        return keys

    whole, part = (unicodedata.normalize("NFKC", one).lower() for one in (text, piece))
    if part in whole:
        assert groups(part) <= groups(whole)


async def test_items_of_before_are_found_and_a_changed_name_is_found_anew(shop: Shop) -> None:
    await keep(shop, *GOODS)
    await keep(shop, Item(sku="CHAIR-1", name_ja="丸椅子", name_en="Stool"))
    assert await found(shop, "折りたたみ") == []
    assert await found(shop, "丸椅子") == ["CHAIR-1"]
    assert await found(shop, "") == sorted([one.sku for one in GOODS] + ["mug", "sofa", "lamp",
                                                                          "rug"])  # fmt: skip
