"""One line of a timeline as people read it: a sentence, what stands under it, the money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

import msgspec
from markupsafe import Markup, escape

from setten.console import formats
from setten.console.customers.channels import Mark, mark
from setten.console.page import Page
from setten.console.places import Named
from setten.console.stock.goods import Good
from setten.console.words import PLACE, Words, all_words
from setten.customers.timeline import Item

PAID = frozenset({"order.placed", "receipt.recorded", "return.recorded", "return.matched"})
"""Events whose money was really taken; what others tell of money is shown muted."""

LOOKING = frozenset({"product.viewed", "page.viewed", "screen.viewed", "cart.reported",
                     "checkout.reported", "products.searched", "products.listed"})  # fmt: skip
"""What she does with a screen in her hand: within two minutes she still has it there."""

GAP = {"ja": "　", "en": " · "}


ENDINGS = {"note.written": "voice", "customer.stage_changed": "stage",
           "fulfilment.changed": "state", "cart.left": "reason",
           "stock.held": "purpose"}  # fmt: skip
"""Which part of an event chooses among its sentences, where it is not the action."""

HOLD = "stock.hold_"
"""What becomes of a hold is told by its purpose: goods that are sent are handed over to nobody."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One event, ready to be drawn."""

    event_id: str
    href: str
    at: datetime
    mark: Mark
    what: Markup
    meta: str
    money: str
    is_paid: bool
    is_now: bool
    is_signal: bool


class Day(msgspec.Struct, frozen=True):
    """The lines of one day, under its head."""

    key: date
    head: str
    lines: list[Line]


def skus_of(items: Iterable[Item]) -> list[str]:
    """The goods that these lines name, to be looked up at once."""
    return [str(one.summary["sku"]) for one in items if one.summary.get("sku")]


def line(item: Item, page: Page, names: Named, shown: Mapping[str, Good], customer: str) -> Line:
    """An event as a line of a customer's timeline."""
    t, f = page.words(), page.shown()
    is_now = item.name in LOOKING and f.is_now(item.occurred_at)
    return Line(
        event_id=item.event_id,
        href=f"/events/{quote(item.event_id)}?customer={customer}",
        at=item.occurred_at,
        mark=mark(item.channel, t, event=item.name),
        what=_sentence(item, is_now, t, names, shown),
        meta=GAP[page.locale].join(_meta(item, t, names)),
        money=_money(item),
        is_paid=item.name in PAID,
        is_now=is_now,
        is_signal=item.name == "stock.hold_short",
    )


def days(lines: Sequence[Line], page: Page, *, after: date | None = None) -> list[Day]:
    """Lines under the heads of their days; a day that stands on the page already gets no head."""
    f, found = page.shown(), list[Day]()
    for one in lines:
        key = f.local(one.at).date()
        if not found or found[-1].key != key:
            found.append(Day(key, "" if key == after else f.day_head(one.at), []))
        found[-1].lines.append(one)
    return found


def _sentence(
    item: Item, is_now: bool, t: Words, names: Named, shown: Mapping[str, Good]
) -> Markup:
    said = item.summary
    place = names(str(said.get("at") or item.location_id or said.get("location_id") or "") or None)
    values = {
        "item": _item_name(said, shown, t),
        "place": place or t("event_value.shop"),
        "title": str(said.get("title") or said.get("name") or said.get("path") or "—"),
        "name": str(said.get("event") or item.name),
        "ref": str(said.get("order_ref") or said.get("order_id") or "—"),
        "n": max(0, int(said.get("lines") or 1) - 1),
    }
    return _filled(_key(item, is_now, said), values, t)


def _item_name(said: Mapping[str, Any], shown: Mapping[str, Good], t: Words) -> str:
    sku = str(said.get("sku") or "")
    good = shown.get(sku)
    name = good.name if good and good.href else str(said.get("item") or sku)
    return name or t("event_value.item")


def _key(item: Item, is_now: bool, said: Mapping[str, Any]) -> str:
    """The key of the words that fit this event best."""
    name = item.name
    if name == "product.viewed" and is_now:
        return "event.product.viewed.now"
    if name == "customer.identified" and item.channel == "other":  # no touchpoint: a file, a CRM
        return "event.customer.identified.other"
    if name == "receipt.recorded":
        return "event.receipt.recorded" + _receipt_ending(said)
    if name == "custom.event":
        known = f"custom.{str(said.get('event') or '').lower()}"
        if said.get("title") and f"{known}.titled" in all_words():
            return f"{known}.titled"
        return known if known in all_words() else "event.custom.event"
    usual = "purpose" if name.startswith(HOLD) else "action"
    ending = said.get(ENDINGS.get(name, usual))
    for key in (f"event.{name}.{ending}", f"event.{name}"):
        if key in all_words():
            return key
    return "event.custom.event"


def _receipt_ending(said: Mapping[str, Any]) -> str:
    if not said.get("sku"):
        return ".plain"
    if int(said.get("total_minor") or 0) < 0:
        return ".return"
    return ".more" if int(said.get("lines") or 1) > 1 else ""


def _filled(key: str, values: Mapping[str, object], t: Words) -> Markup:
    """The sentence with its values escaped, and what it is about in bold."""
    text = all_words()[key][t.locale]
    out, last = [], 0
    for found in PLACE.finditer(text):
        out.append(escape(text[last : found.start()]))
        value = escape(str(values[found[1]]))
        out.append(Markup("<b>") + value + Markup("</b>") if found[1] == "item" else value)
        last = found.end()
    out.append(escape(text[last:]))
    return Markup("").join(out)


def _meta(item: Item, t: Words, names: Named) -> list[str]:
    """The small facts under a sentence."""
    said, found = item.summary, list[str]()
    if item.name == "receipt.recorded" and said.get("register"):
        found.append(_till(str(said["register"]), str(said.get("sequence") or ""), t))
    if item.name == "order.reported":
        found.append(t("event_meta.evidence"))
    if item.name == "note.written" and said.get("by_name"):
        found.append(t("event_meta.by", name=str(said["by_name"])))
    if item.name == "stock.hold_short" and said.get("alternative"):
        found.append(t("event_meta.alternative", place=names(str(said["alternative"]))))
    if item.name.startswith("stock.") and int(said.get("lines") or 1) > 1:
        found.append(t("event_meta.items", n=int(said["lines"])))
    if said.get("variant"):
        found.append(str(said["variant"]))
    if item.location_id and item.name not in ("receipt.recorded",) and "stock." not in item.name:
        found.append(names(item.location_id))
    return found


def _till(register: str, sequence: str, t: Words) -> str:
    """The number that is printed on a receipt; lines of before it was kept know the till alone."""
    if not sequence:
        return t("event_meta.register", ref=register)
    return t("event_meta.receipt", ref=f"{register}-{sequence}")


def _money(item: Item) -> str:
    total = item.summary.get("total_minor")
    if total is None:
        return ""
    return formats.money(int(total), str(item.summary.get("currency") or "JPY"))
