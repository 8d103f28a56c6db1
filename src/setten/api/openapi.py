"""The published description of the API: `GET /api/openapi.json`, OpenAPI 3.1.

Litestar writes it from the handlers; what every route shares (problems, the bearer key, the
headers of a write) is added here once instead of at each handler.
"""

from __future__ import annotations

from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server

from setten import __version__
from setten.api import problems

_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
_PROBLEMS: dict[str, str] = {
    "400": "The request cannot be read.",
    "401": "No valid key.",
    "403": "The key's scope does not reach here.",
    "404": "There is no such thing.",
    "405": "This address does not take this method.",
    "406": "Only JSON is served.",
    "409": "The present state refuses it.",
    "413": "Too large.",
    "415": "Only JSON is read.",
    "422": "Read, but not usable; `errors` says which fields.",
    "429": "Too often; see Retry-After.",
    "503": "Not available now; see Retry-After.",
}
_PROBLEM_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable; decide by this, not by the words."},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class _Rendered(JsonRenderPlugin):
    """The schema with what every route shares."""

    def render(self, request: Any, openapi_schema: dict[str, Any]) -> bytes:
        return super().render(request, shared(openapi_schema))


def shared(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with the problem responses on every operation of the server API."""
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = _PROBLEM_SCHEMA
    for item in schema.get("paths", {}).values():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(operation)
    return schema


def _complete(operation: dict[str, Any]) -> None:
    responses = operation.setdefault("responses", {})
    for status, says in _PROBLEMS.items():
        responses[status] = {
            "description": says,
            "content": {
                problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }


def config(base_url: str) -> OpenAPIConfig:
    """Litestar's OpenAPI settings for this installation."""
    return OpenAPIConfig(
        title="Setten",
        version=__version__,
        description="One customer, one stock, one voice, one measure.",
        path="/api",
        render_plugins=[_Rendered(path="/openapi.json")],
        servers=[Server(url=base_url)],
        components=[
            Components(
                security_schemes={
                    "key": SecurityScheme(type="http", scheme="bearer", description="An API key.")
                }
            )
        ],
        security=[{"key": []}],
    )
