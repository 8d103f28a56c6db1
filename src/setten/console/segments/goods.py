"""Names of goods in a condition, looked up in the catalogue, and told which goods they were."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from setten.console.segments.telling import Telling
from setten.customers import segments
from setten.customers.segments import GOODS_MAX, Called, folded
from setten.platform.db import Connection
from setten.platform.expressions import Locale, Node
from setten.stock import catalog
from setten.stock.catalog import Item

NAMES_MAX = 20  # looked up for one text; who names more goods lists their skus
SHOWN = 6  # names of goods that are told; the others are counted


class Taken(msgspec.Struct, frozen=True):
    """The goods that a name was taken for: how many, and the names of some."""

    name: str
    n: int
    goods: tuple[str, ...]


class Heard(msgspec.Struct, frozen=True):
    """A condition, and the goods that it asks for by name."""

    node: Node
    taken: tuple[Taken, ...]


async def hear(conn: Connection, words: str, locale: Locale, tell: Telling) -> Heard:
    """The condition of words, with goods by name.

    Raises what `segments.hear` and `segments.with_goods` raise.
    """
    return await looked_up(conn, segments.hear(words, locale, tell.scene), locale)


async def looked_up(conn: Connection, node: Node, locale: Locale) -> Heard:
    """A condition with goods by name. Raises what `segments.with_goods` raises."""
    found = {
        name: await _called(conn, name, locale) for name in segments.goods_in(node)[:NAMES_MAX]
    }
    with_skus = segments.with_goods(node, {name: _skus(name, has) for name, has in found.items()})
    return Heard(with_skus, tuple(_told(name, has, locale) for name, has in found.items() if has))


def _skus(name: str, items: Sequence[Item]) -> Called:
    said = folded(name)
    is_first = not items or any(said in folded(one.name_ja) for one in items)
    return Called(tuple(one.sku for one in items), is_first)


def _told(name: str, items: Sequence[Item], locale: Locale) -> Taken:
    names = dict.fromkeys(one.name_ja if locale == "ja" else one.name_en for one in items)
    return Taken(name, len(items), tuple(names)[:SHOWN])


async def _called(conn: Connection, name: str, locale: Locale) -> list[Item]:
    """The goods of a name, or of its singular; of an English word those that have it as a word."""
    for said in _forms(name, locale):
        if items := await catalog.search(conn, said, limit=GOODS_MAX + 1):
            begun = re.compile(rf"\b{re.escape(said)}", re.IGNORECASE)
            whole = [one for one in items if said.isascii() and begun.search(one.name_en)]
            return whole or items
    return []


def _forms(name: str, locale: Locale) -> tuple[str, ...]:
    """A name as it is said, and as it would stand in a catalogue: "sofas", 「ソファー」."""
    if locale == "ja":
        return tuple(dict.fromkeys((name, name.rstrip("ー"))))
    low = name.casefold()
    shorter = [low.removesuffix(end) for end in ("s", "es") if low.endswith(end)]
    return tuple(dict.fromkeys((name, *(one for one in shorter if one))))
