"""What we sell: items by sku, with their GTIN checked, names in two languages, and price.

Prices are in minor units with currency. Whether one is on a shelf is the ledger's to say.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import NotFound
from setten.stock.refusals import Refused

_Q = db.load(__file__)
ITEMS_MAX = 1_000  # a call; more in one transaction would hold the log's readers back
SKU_LENGTH_MAX = 100
ATTRIBUTES_BYTES_MAX = 16_384
PAGE_MAX = 200
_SAID_MAX = 200  # as long as a name may be
_ALPHABET_LETTERS_MIN = 3  # fewer are in nearly every item: no index of them would help
_AHEAD = 4_000  # items looked at before the index is asked: some milliseconds
_ALL = 2**31
_CURRENCY = re.compile(r"[A-Z]{3}")


class UnknownItem(NotFound):
    """There is no item with this sku."""

    code = "unknown_item"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing we sell. price_minor in minor units of currency; tax_rate 0.10 is ten percent."""

    sku: str
    name_ja: str
    name_en: str
    gtin_written: str | None = None
    gtin: str | None = None
    product_id: str | None = None
    attributes: dict[str, Any] = {}
    price_minor: int | None = None
    currency: str | None = None
    tax_rate: Decimal | None = None
    tax_included: bool = True


def gtin14(written: str) -> str | None:
    """The 14-digit form of a GTIN-8, -12, -13 or -14; None when it is none or its check digit is
    wrong."""
    # A list of all prefixes of the world comes with it: 0.1 s that few processes need.
    from biip import ParseError  # noqa: PLC0415
    from biip.gtin import Gtin  # noqa: PLC0415

    try:
        return Gtin.parse(written.strip()).as_gtin_14()
    except ParseError:
        return None


def check(item: Item) -> str | None:
    """Why an item cannot be kept, as a code; None when it can."""
    if not item.sku.strip() or len(item.sku) > SKU_LENGTH_MAX or "\x00" in item.sku:
        return "bad_sku"
    if not item.name_ja or len(item.name_ja) > 200 or len(item.name_en) > 200:
        return "bad_name"
    if item.gtin_written is not None and gtin14(item.gtin_written) is None:
        return "bad_gtin"
    if item.price_minor is not None and not 0 <= item.price_minor < 2**53:
        return "bad_price"
    if (item.price_minor is None) != (item.currency is None) or not _CURRENCY.fullmatch(
        item.currency or "JPY"
    ):
        return "bad_currency"
    if item.tax_rate is not None and not 0 <= item.tax_rate < 1:
        return "bad_tax_rate"
    if len(msgspec.json.encode(item.attributes)) > ATTRIBUTES_BYTES_MAX:
        return "too_many_attributes"
    return None


async def put(conn: Connection, items: Sequence[Item], *, now: datetime) -> list[Refused]:
    """Make or change items, and answer those refused; the others go through.

    Of two with one sku in a call the last counts.
    """
    refused = []
    kept: dict[str, Item] = {}
    for index, item in enumerate(items):
        why = check(item)
        if why is None:
            kept[item.sku] = item
        else:
            refused.append(Refused(index=index, key=item.sku[:SKU_LENGTH_MAX], reason=why))
    if kept:
        await _put(conn, list(kept.values()), now)
    return refused


async def _put(conn: Connection, items: Sequence[Item], now: datetime) -> None:
    await _Q.put.run(
        conn,
        now=now,
        skus=[i.sku for i in items],
        names_ja=[i.name_ja for i in items],
        names_en=[i.name_en or i.name_ja for i in items],
        gtins=[gtin14(i.gtin_written) if i.gtin_written else None for i in items],
        gtins_written=[i.gtin_written for i in items],
        product_ids=[i.product_id for i in items],
        attributes=[msgspec.json.encode(i.attributes).decode() for i in items],
        prices=[i.price_minor for i in items],
        currencies=[i.currency for i in items],
        tax_rates=[i.tax_rate for i in items],
        tax_includeds=[i.tax_included for i in items],
    )


def _item(row: db.Record) -> Item:
    values = dict(row)
    values["attributes"] = msgspec.json.decode(values["attributes"])
    return Item(**values)


async def find_many(conn: Connection, skus: Sequence[str]) -> dict[str, Item]:
    """Items by sku; unknown ones are absent."""
    rows = await _Q.by_sku.all(conn, skus=list(set(skus)))
    return {row["sku"]: _item(row) for row in rows}


async def get(conn: Connection, sku: str) -> Item:
    """One item. Raises UnknownItem."""
    found = await find_many(conn, [sku])
    if sku not in found:
        raise UnknownItem(sku=sku[:SKU_LENGTH_MAX])
    return found[sku]


async def skus_of(conn: Connection, gtins: Sequence[str]) -> dict[str, str]:
    """Skus by GTIN as written, for those that an item has; of two items the first by sku."""
    forms = {written: form for written in set(gtins) if (form := gtin14(written)) is not None}
    rows = await _Q.by_gtin.all(conn, gtins=list(set(forms.values())))
    found = {row["gtin"]: row["sku"] for row in rows}
    return {written: found[form] for written, form in forms.items() if form in found}


async def known(conn: Connection, skus: Sequence[str]) -> frozenset[str]:
    """Those of the skus that there are."""
    rows = await _Q.known.all(conn, skus=list(set(skus)))
    return frozenset(row["sku"] for row in rows)


async def of_product(conn: Connection, product_id: str, *, limit: int = PAGE_MAX) -> list[Item]:
    """The variants of a product, by sku."""
    rows = await _Q.of_product.all(conn, product_id=product_id, most=min(limit, PAGE_MAX))
    return [_item(row) for row in rows]


async def search(
    conn: Connection,
    said: str = "",
    *,
    after: str = "",
    limit: int = PAGE_MAX,
    last_first: bool = False,
) -> list[Item]:
    """Items whose sku, GTIN, product or name has what somebody said, by sku; pages by `after`.

    Wide and narrow letters, large and small ones are the same.
    """
    text = said.strip().replace("\n", " ")[:_SAID_MAX]
    form = unicodedata.normalize("NFKC", text)
    most = min(limit, PAGE_MAX)
    given = {
        "said": text,
        "after": after or db.end(str, largest=last_first)[0],
        "most": most,
        "gtin": gtin14(form) if form.isascii() and form.isdigit() else None,
    }
    has_keys = len(form) >= _ALPHABET_LETTERS_MIN or not form.isascii()
    ahead = _Q.search_ahead.turned(last_first)
    rows = await ahead.all(conn, ahead=_AHEAD if has_keys else _ALL, **given)
    if has_keys and len(rows) < most:
        rows = await _Q.search.turned(last_first).all(conn, **given)
    return [_item(row) for row in rows]
