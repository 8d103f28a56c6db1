"""The pattern page: every look of the console, once."""

from __future__ import annotations

from litestar import Response, get

from setten.console.page import STAFF, Asked, page_of
from setten.customers import lifecycle


@get("/patterns", right=STAFF)
async def patterns(request: Asked) -> Response[str]:
    """A look that is not here is not used elsewhere."""
    page = page_of(request)
    stages = [words[page.locale] for words in lifecycle.NAMES.values()]
    return page.render("shell/patterns.html", {"stages": stages})
