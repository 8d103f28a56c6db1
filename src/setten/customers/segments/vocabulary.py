"""The words that segments are made of: what customers did, in the shop's own terms.

An event of the vocabulary is a line of the timeline. A purchase is one purchase, however many have
told of it: the line that tells it best (the till before the order); a report of it is evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from setten.customers import lifecycle
from setten.customers.segments.conditions import KINDS
from setten.customers.segments.hearing.joining import HEARD
from setten.facts import commerce, reported, stock
from setten.platform.expressions import (
    BASIC,
    SEPARATOR,
    EventKind,
    Field,
    Language,
    Property,
    Type,
    Vocabulary,
    Words,
)

PURCHASE, RETURN = "purchase", "return"
# Where a customer stands in the life cycle; who has not bought yet has no row there.
STAGE, NO_STAGE = "stage", "acquisition"
STAGES: Mapping[str, Words] = {
    name: Words(said["ja"], said["en"].lower()) for name, said in lifecycle.NAMES.items()
}
# Lines that may tell a purchase; whether they do, customers.purchases says.
TELLS_PURCHASE = (
    stock.OrderPlaced.event_name,
    stock.ReceiptRecorded.event_name,
    stock.ReturnRecorded.event_name,
    stock.ReturnMatched.event_name,
)

_TEXTS = {
    "channel": Words("接点の種類", "channel"),
    "location_id": Words("店", "shop"),
    "event": Words("イベント名", "event name"),
    "action": Words("動作", "action"),
    "sku": Words("商品番号", "sku"),
    "product_id": Words("商品ID", "product id"),
    "item": Words("商品名", "item name"),
    "category": Words("分類", "category"),
    "path": Words("ページの場所", "path"),
    "title": Words("ページの題", "title"),
    "page_name": Words("ページ名", "page name"),
    "coupon": Words("クーポン", "coupon"),
    "purpose": Words("目的", "purpose"),
    "currency": Words("通貨", "currency"),
}
_INTEGERS = {
    "total_minor": Words("金額", "amount"),
    "price_minor": Words("単価", "price"),
    "qty": Words("数量", "quantity"),
    "lines": Words("品数", "number of lines"),
}
# Who stands to her in each relation, from her side.
RELATIONS = {
    "household": Words("同じ世帯の人", "somebody in the household"),
    "gives_to": Words("贈る相手", "somebody to give to"),
    "given_by": Words("贈ってくれる人", "somebody who gives to them"),
    "referred": Words("紹介した相手", "somebody they referred"),
    "referred_by": Words("紹介してくれた人", "somebody who referred them"),
}
TEXTS = tuple(_TEXTS)
INTEGERS = tuple(_INTEGERS)
# Where a line's summary says it under a name that is taken here.
_SAID_AS = {"page_name": "name"}
# Of which a line may say several, and where its summary has them all: goods of a basket.
_SEVERAL = {"sku": "skus"}
_EVERY = {"channel", "location_id"}
_GOODS = {*_EVERY, "sku", "product_id", "item", "price_minor", "currency"}
_MONEY = {*_EVERY, "total_minor", "currency"}
_ITEMS = {*_GOODS, "qty", "lines"}


def _event(name: str, ja: str, en: str, properties: set[str]) -> EventKind:
    return EventKind(name, Words(ja, en), frozenset(properties))


VOCABULARY = Vocabulary(
    events=(
        _event(PURCHASE, "購入", "purchase", {*_MONEY, "sku", "item", "qty", "lines"}),
        _event(RETURN, "返品", "return", {*_MONEY, "sku", "item", "qty", "lines"}),
        _event(reported.PageViewed.event_name, "ページ閲覧", "page view",
               {*_EVERY, "page_name", "category", "path", "title"}),
        _event(reported.ScreenViewed.event_name, "画面閲覧", "screen view",
               {*_EVERY, "page_name", "category"}),
        _event(commerce.ProductViewed.event_name, "商品閲覧", "product view", _GOODS),
        _event(commerce.ProductClicked.event_name, "商品クリック", "product click", _GOODS),
        _event(commerce.ProductShared.event_name, "商品の共有", "product share", _GOODS),
        _event(commerce.ProductReviewed.event_name, "商品レビュー", "product review", _GOODS),
        _event(commerce.ProductWished.event_name, "ほしい物の変更", "wish list change",
               {*_GOODS, "action"}),
        _event(commerce.ProductsSearched.event_name, "商品検索", "product search", _EVERY),
        _event(commerce.ProductsListed.event_name, "商品一覧の閲覧", "product list view",
               {*_ITEMS, "action"}),
        _event(commerce.PromotionReported.event_name, "販促", "promotion", {*_EVERY, "action"}),
        _event(commerce.CartReported.event_name, "カートの変更", "cart change",
               {*_ITEMS, "action"}),
        _event(commerce.CheckoutReported.event_name, "購入手続き", "checkout",
               {*_ITEMS, *_MONEY, "action"}),
        _event(commerce.CouponReported.event_name, "クーポン利用", "coupon use",
               {*_EVERY, "action"}),
        _event(commerce.OrderReported.event_name, "注文の知らせ", "order report",
               {*_ITEMS, *_MONEY, "action", "coupon"}),
        _event(reported.CustomEvent.event_name, "独自イベント", "custom event",
               {*_EVERY, "event"}),
        _event(stock.StockHeld.event_name, "取り置き", "hold", {*_EVERY, "purpose", "sku"}),
        _event(stock.HoldCollected.event_name, "取り置きの受け取り", "hold pickup", _EVERY),
        _event(stock.HoldExpired.event_name, "取り置きの期限切れ", "hold expiry", _EVERY),
    ),
    properties=(
        *(Property(name, Type.TEXTS if name in _SEVERAL else Type.TEXT, words)
          for name, words in _TEXTS.items()),
        *(Property(name, Type.INTEGER, words) for name, words in _INTEGERS.items()),
    ),
    fields=(Field(STAGE, Type.TEXT, Words("段階", "stage"), STAGES),),
    field=Words("特徴", "trait"),
    group=Words("セグメント", "segment"),
    relations=RELATIONS,
)  # fmt: skip
LANGUAGE = Language(VOCABULARY, kinds=(*BASIC, *KINDS), heard=HEARD)


def lines_of(events: frozenset[str] | set[str]) -> set[str]:
    """The names of timeline lines that events of the vocabulary are told by."""
    told = {PURCHASE, RETURN}
    names = {name for name in events if name not in told}
    return names | set(TELLS_PURCHASE) if events & told else names


def detailed(asked: Iterable[tuple[str, str]]) -> set[str]:
    """The names of lines whose summary is to be read for these properties of events.

    asked: pairs of event and property. Where a line is from, and a purchase's money, come without.
    """
    money = _EVERY | {"total_minor", "currency"}
    events = {
        event
        for event, name in asked
        if name not in (money if event in (PURCHASE, RETURN) else _EVERY)
    }
    return lines_of(events)


def asked_of_lines(asked: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """By the name of a line, the properties that any question asks of it, always in one order.

    asked: pairs of event and property. Lines that nobody asks a property of are left out.
    """
    found: dict[str, set[str]] = {}
    for event, name in asked:
        for line in lines_of({event}):
            found.setdefault(line, set()).add(name)
    return {line: tuple(sorted(names)) for line, names in found.items()}


def purchase_name(total_minor: int) -> str:
    """What a purchase's line is called here; a return has a negative total."""
    return RETURN if total_minor < 0 else PURCHASE


def value_in(summary: Mapping[str, Any], name: str) -> str | int | None:
    """A property's value, of whichever type it is."""
    return text_in(summary, name) if name in _TEXTS else integer_in(summary, name)


def said_as(name: str) -> str:
    """What a line's summary calls a property."""
    return _SAID_AS.get(name, name)


def said_under(name: str) -> tuple[str, ...]:
    """Everything of a line's summary that says a property."""
    several = _SEVERAL.get(name)
    return (said_as(name), several) if several else (said_as(name),)


def text_in(summary: Mapping[str, Any], name: str) -> str | None:
    """A property's text; what is no text, or cannot be kept as one, is missing.

    Of several they all, parted by SEPARATOR.
    """
    if (several := _SEVERAL.get(name)) and isinstance(many := summary.get(several), list):
        kept = [one for one in many if _is_kept(one)]
        return SEPARATOR.join(kept) if kept else None
    value = summary.get(_SAID_AS.get(name, name))
    return value if _is_kept(value) else None


def _is_kept(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "\0" not in value and SEPARATOR not in value


def integer_in(summary: Mapping[str, Any], name: str) -> int | None:
    """A property's whole number; beyond 53 bits no engine adds it up alike, so it is missing."""
    value = summary.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 2**53:
        return None
    return value
