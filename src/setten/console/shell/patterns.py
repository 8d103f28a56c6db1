"""The pattern page: every look of the console, once."""

from __future__ import annotations

from litestar import Response, get

from setten.console.page import STAFF, Asked, page_of


@get("/patterns", right=STAFF)
async def patterns(request: Asked) -> Response[str]:
    """A look that is not here is not used elsewhere."""
    return page_of(request).render("shell/patterns.html")
