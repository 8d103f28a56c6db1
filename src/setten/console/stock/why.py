"""Why this number: a promise opened into everything that stands behind it."""

from __future__ import annotations

from datetime import date

from litestar import Response, get
from litestar.params import FromQuery

from setten.console import guard, places
from setten.console.chain.places import channel_word
from setten.console.page import Asked, Page, page_of
from setten.console.places import named
from setten.console.stock.goods import good, goods
from setten.console.stock.moved import effect_of, move_word
from setten.console.stock.promising import CHANNELS
from setten.console.stock.queue import last_chance
from setten.platform.auth import Right
from setten.platform.errors import Invalid
from setten.stock import catalog, explaining, locations

CHANNEL_MAX = 40
SKU_MAX = 200  # as long as a sku can be


@get("/stock/why", right=Right.read_stock)
async def why(
    request: Asked,
    sku: FromQuery[str] = "",
    at: FromQuery[str] = "",
    channel: FromQuery[str] = "",
    by: FromQuery[str] = "",
) -> Response[str]:
    """What can be promised of an item at a place, as a sum whose every part opens."""
    page = page_of(request)
    if not (sku and at):
        return await _choose(request, page, sku, at)
    async with guard.deps_of(request).pool.acquire() as conn:
        found = await explaining.explain(
            conn, sku, at, now=page.now, channel=channel[:CHANNEL_MAX] or None, by=_day(by)
        )
        item = await catalog.get(conn, sku)
        names = await named(request, conn, page.locale)
        shown = await goods(conn, [part.sku for part in found.parts], page)
    view = {
        "why": found,
        "good": good(item, page),
        "place": names(at),
        "holds": [(one, last_chance(one, names.find(at), page.now)) for one in found.holds],
        "parts": [(part, shown[part.sku]) for part in found.parts],
        "moves": [
            (entry, move_word(entry, page.words()), effect_of(entry)) for entry in found.entries
        ],
        "channel": channel[:CHANNEL_MAX],
        "channels": [(one, channel_word(one, page.words())) for one in _channels(found, channel)],
        "by": by,
    }
    return page.render("stock/why.html", view)


async def _choose(request: Asked, page: Page, sku: str, at: str) -> Response[str]:
    """Asked without the goods or the place: the form that asks for both."""
    async with guard.deps_of(request).pool.acquire() as conn:
        every = await locations.list_all(conn)
    view = {
        "sku": sku[:SKU_MAX],
        "at": at or page.shop,
        "places": [(one.location_id, places.name_of(one, page.locale)) for one in every],
    }
    return page.render("stock/why_choose.html", view)


def _channels(found: explaining.Explanation, asked: str) -> list[str]:
    """Those that people ask about, those that have units of their own here, and the one asked."""
    own = [one.channel for one in found.allocations]
    return list(dict.fromkeys(one for one in (*CHANNELS, *own, asked[:CHANNEL_MAX]) if one))


def _day(said: str) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError as cause:
        raise Invalid(errors="by") from cause
