"""Goods in conditions, by name: purchases are told by sku, so a name there is that of some skus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from setten.customers.segments.vocabulary import LANGUAGE, PURCHASE, RETURN
from setten.platform.errors import Invalid
from setten.platform.expressions import Node

GOODS_MAX = 100
"""Of one name; more skus than anybody reads through, and no condition of a page's length."""

# What tills and orders tell: of goods the sku alone. Whoever reports the others says a name.
_BY_SKU = frozenset((PURCHASE, RETURN))


class NoSuchGoods(Invalid):
    """No goods of ours are called so. name: what was said."""

    code = "condition_no_goods"


class TooManyGoods(Invalid):
    """More goods are called so than a condition may list. name, most."""

    code = "condition_many_goods"


class Called(msgspec.Struct, frozen=True):
    """Goods of a name. is_first: whether events that tell a name would tell this one: the first
    name of the goods has it."""

    skus: tuple[str, ...]
    is_first: bool


def goods_in(node: Node) -> tuple[str, ...]:
    """The names of goods that an expression asks for, in the order of its words."""
    return tuple(dict.fromkeys(one["value"] for one, _ in _claims(LANGUAGE.json(node))))


def with_goods(node: Node, known: Mapping[str, Called]) -> Node:
    """The expression with names in the place of which their skus must stand.

    known: what the catalogue has of each name. Raises NoSuchGoods, TooManyGoods.
    """
    raw = LANGUAGE.json(node)
    for claim, events in list(_claims(raw)):
        name = claim["value"]
        called = known.get(name, Called((), is_first=True))
        if called.is_first and not _BY_SKU & events:
            continue
        if not called.skus:
            raise NoSuchGoods(name=name)
        if len(called.skus) > GOODS_MAX:
            raise TooManyGoods(name=name, most=GOODS_MAX)
        claim.update(property="sku", op="in", value=list(called.skus))
    return LANGUAGE.read(raw)


def _claims(raw: Any) -> Iterator[tuple[dict[str, Any], frozenset[str]]]:
    """The claims about a name of goods, each with the events that it is about."""
    if isinstance(raw, list):
        for one in raw:
            yield from _claims(one)
    elif isinstance(raw, dict):
        match = raw.get("match", raw)
        events = frozenset(match.get("events", ()) if isinstance(match, dict) else ())
        for one in (*raw.get("where", ()), *raw.get("having", ())):
            if one["property"] == "item" and one["op"] in ("contains", "is"):
                yield one, events
        for value in raw.values():
            if isinstance(value, list | dict):
                yield from _claims(value)
