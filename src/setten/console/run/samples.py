"""Files to begin with: the headings of each kind with a few rows to write over.

All of it comes in as it is, so that somebody without a file of their own sees what happens.
"""

from __future__ import annotations

from litestar import Response, get
from litestar.params import FromPath

from setten.console.page import Asked, page_of
from setten.console.run import tables
from setten.platform.auth import Right
from setten.platform.errors import NotFound

Table = tuple[tuple[str, ...], ...]
SAMPLES: dict[tuple[str, str], Table] = {
    ("locations", "ja"): (
        ("店舗コード", "店舗名", "区分", "緯度", "経度", "営業時間", "定休日"),
        ("S001", "銀座店", "店舗", "35.6717", "139.7650", "10:00-20:00", ""),
        ("S002", "横浜店", "店舗", "35.4660", "139.6220", "10:00-19:00", "水"),
        ("W001", "川崎倉庫", "倉庫", "35.5308", "139.7030", "", ""),
        ("WEB", "オンライン", "オンライン", "", "", "", ""),
    ),
    ("locations", "en"): (
        ("store code", "store name", "type", "latitude", "longitude", "opening hours", "closed"),
        ("S001", "Ginza", "shop", "35.6717", "139.7650", "10:00-20:00", ""),
        ("S002", "Yokohama", "shop", "35.4660", "139.6220", "10:00-19:00", "wed"),
        ("W001", "Kawasaki warehouse", "warehouse", "35.5308", "139.7030", "", ""),
        ("WEB", "Online", "online", "", "", "", ""),
    ),
    ("items", "ja"): (
        ("商品コード", "JANコード", "商品名", "販売価格（税込）", "税率", "カテゴリ", "色"),
        ("MUG-WHT", "4569999000171", "マグ 白", "1680", "10%", "食器", "白"),
        ("TOWEL-BLU", "", "今治タオル", "2200", "10%", "タオル", "藍"),
        ("TEA-100", "", "煎茶 100g", "1296", "8%", "食品", ""),
    ),
    ("items", "en"): (
        ("item code", "barcode", "item name", "price", "tax rate", "category", "color"),
        ("MUG-WHT", "4569999000171", "White mug", "1680", "10%", "Tableware", "white"),
        ("TOWEL-BLU", "", "Imabari towel", "2200", "10%", "Towels", "indigo"),
        ("TEA-100", "", "Sencha 100 g", "1296", "8%", "Food", ""),
    ),
    ("stock", "ja"): (
        ("商品コード", "店舗コード", "在庫数"),
        ("MUG-WHT", "S001", "12"),
        ("MUG-WHT", "W001", "120"),
        ("TOWEL-BLU", "S002", "8"),
        ("TEA-100", "S001", "30"),
    ),
    ("stock", "en"): (
        ("item code", "store code", "quantity"),
        ("MUG-WHT", "S001", "12"),
        ("MUG-WHT", "W001", "120"),
        ("TOWEL-BLU", "S002", "8"),
        ("TEA-100", "S001", "30"),
    ),
    ("receipts", "ja"): (
        ("店舗コード", "レジ番号", "伝票番号", "日時", "商品コード", "数量", "金額", "会員番号"),
        ("S001", "1", "0001", "2026-01-05 10:12", "MUG-WHT", "2", "3360", "4001"),
        ("S001", "1", "0001", "2026-01-05 10:12", "TEA-100", "1", "1296", "4001"),
        ("S001", "1", "0002", "2026-01-05 10:31", "TEA-100", "1", "1296", ""),
    ),
    ("receipts", "en"): (
        ("store code", "till", "receipt no", "datetime", "item code", "quantity", "amount",
         "member no"),
        ("S001", "1", "0001", "2026-01-05 10:12", "MUG-WHT", "2", "3360", "4001"),
        ("S001", "1", "0001", "2026-01-05 10:12", "TEA-100", "1", "1296", "4001"),
        ("S001", "1", "0002", "2026-01-05 10:31", "TEA-100", "1", "1296", ""),
    ),
    ("customers", "ja"): (
        ("会員番号", "氏名", "フリガナ", "メールアドレス", "電話番号", "生年月日", "郵便番号",
         "住所", "登録日"),
        ("4001", "見本 花子", "ミホン ハナコ", "hanako@example.jp", "090-0000-4001", "1985-04-12",
         "104-0061", "東京都中央区銀座1-1", "2024-06-01"),
        ("4002", "見本 太郎", "ミホン タロウ", "taro@example.jp", "090-0000-4002", "1979-11-03",
         "220-0011", "神奈川県横浜市西区高島1-1", "2025-02-15"),
    ),
    ("customers", "en"): (
        ("member no", "full name", "email", "phone number", "date of birth", "postcode", "address",
         "registration date"),
        ("4001", "Ann Sample", "ann@example.com", "090-0000-4001", "1985-04-12", "104-0061",
         "1-1 Ginza, Chuo, Tokyo", "2024-06-01"),
        ("4002", "Bo Sample", "bo@example.com", "090-0000-4002", "1979-11-03", "220-0011",
         "1-1 Takashima, Yokohama", "2025-02-15"),
    ),
}  # fmt: skip
"""By kind and language: headings, then rows."""


@get("/run/imports/samples/{kind:str}", right=Right.manage_sources)
async def sample(request: Asked, kind: FromPath[str]) -> Response[str]:
    """A file of this kind to begin with, in the reader's language."""
    table = SAMPLES.get((kind, page_of(request).locale))
    if table is None:
        raise NotFound()
    return tables.as_csv(kind, table[0], table[1:])
