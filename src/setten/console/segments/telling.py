"""Conditions in the reader's words: shops by their names, which are read back as their ids."""

from __future__ import annotations

import msgspec

from setten.console import guard, places
from setten.console.page import Asked, Page
from setten.customers import segments
from setten.customers.segments import LANGUAGE, Scene, folded
from setten.platform.db import Connection
from setten.platform.expressions import Locale, Node


class Telling(msgspec.Struct, frozen=True):
    """What words need besides the language: the names of shops, and which of them are read back."""

    names: places.Named
    scene: Scene

    def say(self, node: Node, locale: Locale) -> str:
        """A condition in a language, with shops by their names."""
        return segments.say(node, locale, self.scene, self.names.into(locale))


async def telling(request: Asked, conn: Connection, page: Page) -> Telling:
    """The shops by every name that people write, the day of the business, and the segments."""
    named = await places.named(request, conn, page.locale)
    shops: dict[str, str] = {}
    # Ids first: what is one is never taken for another's name.
    for one in named.shops():
        shops.setdefault(folded(one.location_id), one.location_id)
    for one in named.shops():
        for name in (one.name_en, one.name_ja, one.name_ja.removesuffix("店")):
            if name:
                shops.setdefault(folded(name), one.location_id)
    zone = guard.deps_of(request).settings.zone
    groups = frozenset(one.name for one in await segments.listed(conn))
    return Telling(named, Scene(shops, page.now.astimezone(zone).date(), groups))


def said(expression: object, page: Page, tell: Telling) -> str:
    """An expression in the words of the page."""
    return tell.say(LANGUAGE.read(expression), page.locale_name)
