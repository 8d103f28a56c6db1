"""A true `Allow` on OPTIONS.

Litestar answers it from the methods a path had when its first handler was registered, and forgets
those of handlers registered later on the same path.
"""

from __future__ import annotations

from functools import cache

from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class TrueAllow(ASGIMiddleware):
    """Writes `Allow` anew on the answer to OPTIONS, from all methods of the path."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Pass the request on; mend the one header on the way back."""
        if scope.get("method") != "OPTIONS":
            await next_app(scope, receive, send)
            return

        async def mend(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                allowed = _methods(scope["litestar_app"]).get(str(scope.get("path_template")))
                if allowed and "allow" in headers:
                    headers["allow"] = allowed
            await send(message)

        await next_app(scope, receive, mend)


@cache
def _methods(app: Litestar) -> dict[str, str]:
    """`Allow` by path template. An application's routes never change once it serves."""
    found: dict[str, set[str]] = {}
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            found.setdefault(route.path_format, set()).update(route.methods)
    return {path: ", ".join(sorted(methods)) for path, methods in found.items()}
