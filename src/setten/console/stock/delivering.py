"""Who brings one item to a postcode, when and for how much: asked beside the item."""

from __future__ import annotations

import msgspec
from litestar import Response, post

from setten.console import guard
from setten.console.page import Asked, Page, page_of
from setten.console.places import directory_of, named
from setten.console.stock.goods import good
from setten.platform.auth import Right
from setten.stock import catalog, delivery
from setten.stock.delivery import BadPostcode, Option, Quote, Wanted


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """A way to bring it, in the reader's language."""

    name: str
    origin: str
    option: Option


@post("/stock/delivery", status_code=200, right=Right.read_stock)
async def ask(request: Asked) -> Response[str]:
    """What can be offered for one unit. The postcode comes in the body: it is where she lives."""
    page, deps = page_of(request), guard.deps_of(request)
    form = await request.form()
    said = str(form.get("postcode", ""))
    async with deps.pool.acquire() as conn:
        names = await named(request, conn, page.locale)
        item = await catalog.get(conn, str(form.get("sku", "")))
        try:
            quote = await delivery.options(
                conn, directory_of(request), said, [Wanted(item.sku, 1)],
                subtotal_minor=item.price_minor, now=page.now,
            )  # fmt: skip
        except BadPostcode:
            quote = None
    offers = [_offer(one, names(one.origin), page) for one in quote.options] if quote else []
    view = {
        "good": good(item, page),
        "quote": quote,
        "offers": offers,
        "why": _why(quote) if quote and not offers else "",
        "said": said[:20],
    }
    return page.render("stock/delivery_offers.html" if page.is_partial else "stock/delivery.html",
                       view)  # fmt: skip


def _offer(one: Option, origin: str, page: Page) -> Offer:
    return Offer(
        name=one.name_ja if page.locale == "ja" else one.name_en, origin=origin, option=one
    )


def _why(quote: Quote) -> str:
    """Why nothing is offered, as the key of a word: what is easiest to mend comes first."""
    if quote.zone is None:
        return "nowhere"
    reasons = {one.reason for one in quote.excluded}
    for reason in ("not_enough_stock", "not_shipping", "not_carried"):
        if reason in reasons:
            return reason
    return "no_service"
