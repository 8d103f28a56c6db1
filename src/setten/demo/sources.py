"""Who tells of what in the demo: each source under the name that a shop would give it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from setten.customers import ingest
from setten.platform import ids
from setten.platform.db import Connection

T = TypeVar("T")


class Told(msgspec.Struct, frozen=True, array_like=True):
    """A source. is_record: whether its word on orders counts before any other's."""

    name_ja: str
    name_en: str
    channel: str
    system: str
    is_record: bool = False


SMALL: Mapping[str, Told] = {
    "web": Told("オンラインストア（パソコン）", "Online store, computers", "web", "web"),
    "phone": Told("オンラインストア（スマートフォン）", "Online store, phones", "web", "web"),
    "app": Told("公式アプリ", "Shop app", "app", "app"),
    "shop": Told("オンラインストアの受注", "Online store, orders", "web", "shop", True),
    "chat": Told("サイトのチャット", "Website chat", "chat", "chat"),
    "mail": Told("メール便り", "Letters by mail", "mail", "mail"),
    "line": Told("LINE 公式アカウント", "LINE account", "line", "line"),
}
WHOLE: Mapping[str, Told] = {
    **SMALL,
    "ads": Told("ネット広告", "Online ads", "ads", "ads"),
    "social": Told("Instagram の投稿", "Instagram posts", "social", "social"),
    "flyer": Told("折込チラシの QR", "Code on the flyer", "post", "flyer"),
    "shelf": Told("棚札の QR", "Code on the shelf", "store", "shelf"),
    "members": Told("会員システム", "Member system", "store", "crm"),
}


async def make(
    conn: Connection, told: Mapping[str, Told], *, locale: str, now: datetime
) -> dict[str, str]:
    """Make sources of events; answers their write keys by our own short names."""
    keys = {}
    for key, one in told.items():
        keys[key] = ids.token()
        await ingest.sources.create(
            conn, name=one.name_en if locale == "en" else one.name_ja, channel=one.channel,
            write_key=keys[key], system=one.system, is_record=one.is_record, now=now,
        )  # fmt: skip
    return keys


def by_key(found: Iterable[tuple[str, T]]) -> dict[str, T]:
    """By our short names what stands in the product under either name."""
    known = {name: key for key, one in WHOLE.items() for name in (one.name_ja, one.name_en)}
    return {known[name]: value for name, value in found if name in known}
