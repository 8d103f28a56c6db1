"""How goods are named and drawn on a page."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import quote

import msgspec

from setten.console import formats
from setten.console.assets import assets
from setten.console.page import Page
from setten.platform.db import Connection
from setten.stock import catalog
from setten.stock.catalog import Item


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """One item, ready for a page. drawing: a symbol, and after a colon the variant's colour."""

    sku: str
    name: str
    drawing: str
    href: str
    meta: str = ""
    price: str = ""


# Words of colours, and the tint of a thumb that each comes nearest to. Others get none.
_TINTS = {
    "white": "white", "kohiki": "white", "clear": "white",
    "natural": "natural", "oak": "natural", "ash": "natural", "beige": "natural",
    "grey": "grey", "gray": "grey", "smoke": "grey", "silver": "grey",
    "black": "black", "charcoal": "black",
    "blue": "blue", "navy": "blue", "indigo": "blue", "lapis": "blue",
    "green": "green", "grass green": "green", "olive": "green", "oribe green": "green",
    "yellow": "yellow", "mustard": "yellow", "brass": "yellow", "yuzu": "yellow",
    "red": "red", "terracotta": "red", "coral": "red", "madder": "red",
    "rose": "rose", "dusty rose": "rose", "cherry": "rose", "lavender": "rose", "pink": "rose",
    "brown": "brown", "walnut": "brown", "amber": "brown", "adzuki": "brown",
}  # fmt: skip


def drawn(attributes: Mapping[str, object]) -> str:
    """The drawing of goods, tinted as the variant is."""
    symbol = str(attributes.get("drawing", ""))
    said = str(attributes.get("colour_en") or attributes.get("colour") or "").lower()
    tint = _TINTS.get(said, "")
    return (symbol if symbol in drawings() else "box") + (f":{tint}" if tint else "")


@cache
def drawings() -> frozenset[str]:
    """The drawings there are: symbols `g-…` of the icon sheet."""
    return frozenset(re.findall(r'id="g-([a-z]+)"', assets().files["icons.svg"].decode()))


def address(sku: str) -> str:
    """The page of an item, whatever signs its sku has."""
    return f"/stock/items/{quote(sku)}"


_VARIANT = (("size",), ("colour", "color"))
"""Attributes that tell goods of one name apart, as imports and programs write them."""

_VARIANT_MAX = 40  # longer is a description, not what a shop calls a variant


def name_of(item: Item, locale: str) -> str:
    """An item in the reader's language, with the size and colour that its name does not say."""
    name = item.name_ja if locale == "ja" else item.name_en or item.name_ja
    said = (_attribute(item.attributes, keys, locale) for keys in _VARIANT)
    more = [one for one in said if one and not _says(name, one)]
    return (" " if locale == "ja" else ", ").join([name, *more])


def _attribute(attributes: Mapping[str, object], keys: Iterable[str], locale: str) -> str:
    """The first of some attributes that has a word, in the reader's language where it has one."""
    for key in keys:
        found = (locale != "ja" and attributes.get(f"{key}_en")) or attributes.get(key)
        text = " ".join(str(found).split()) if isinstance(found, str | int | float) else ""
        if text and len(text) <= _VARIANT_MAX:
            return text
    return ""


def _says(name: str, word: str) -> bool:
    """Whether a name holds a word however spaced; M is none in "Mug", nor S in "5XS"."""
    name, word = (unicodedata.normalize("NFKC", one).casefold() for one in (name, word))
    word = "".join(word.split())
    head = r"(?<![a-z0-9])" if re.match("[a-z0-9]", word) else ""
    tail = r"(?![a-z0-9])" if re.search("[a-z0-9]$", word) else ""
    return re.search(head + r"\s*".join(map(re.escape, word)) + tail, name) is not None


def good(item: Item, page: Page) -> Good:
    """An item with its drawing, link, GTIN and price."""
    price = formats.money(item.price_minor, item.currency or "JPY") if item.price_minor else ""
    return Good(
        sku=item.sku,
        name=name_of(item, page.locale),
        drawing=drawn(item.attributes),
        href=address(item.sku),
        meta=item.gtin_written or item.sku,
        price=price,
    )


def unknown(sku: str) -> Good:
    """A sku that the catalogue does not know: shown by itself, linked nowhere."""
    return Good(sku=sku, name=sku, drawing="box", href="", meta="")


def with_more(first: Good, lines: int, page: Page) -> str:
    """The first of some goods by name, and how many more lines there are."""
    if lines < 2:
        return first.name
    return page.words()("order.with_more", item=first.name, n=lines - 1)


async def goods(conn: Connection, skus: Iterable[str], page: Page) -> Mapping[str, Good]:
    """Each sku as a page shows it, known or not."""
    wanted = list(dict.fromkeys(skus))
    found = await catalog.find_many(conn, wanted) if wanted else {}
    return {sku: good(found[sku], page) if sku in found else unknown(sku) for sku in wanted}
