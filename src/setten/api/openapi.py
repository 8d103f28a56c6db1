"""The published description of the API: `GET /api/openapi.json`, OpenAPI 3.1.

Litestar writes it from the handlers; what every route shares (problems, the bearer key, the
headers of a write) is added here once instead of at each handler.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server

from setten import __version__
from setten.api import idempotency, problems

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
_KEY_BOUNDS = {"minLength": 1, "maxLength": idempotency.KEY_LENGTH_MAX}
# A receipt is unique by what is printed on it, so the header is welcome there but not needed.
_OWN_KEYS = frozenset({"/api/v1/receipts"})
_ONE_OF_THREE: dict[str, dict[str, str]] = {
    "code": {"type": "string"},
    "customer_id": {"type": "string", "format": "uuid"},
    "location_id": {"type": "string"},
}
_SENTENCE_END = re.compile(r"\. |[;:,.] (?=\d{3} )")  # a status and its code are no summary
_PLACE = re.compile(r"\{(\w+)\}")
# Bodies that name one thing in exactly one way, and one that names at most one of two.
_EXACTLY_ONE: dict[str, dict[str, dict[str, Any]]] = {
    "LookupIn": {
        "order_id": {"type": "string", "format": "uuid"},
        "order_number": {"type": "string"},
        "receipt_id": {"type": "string", "format": "uuid"},
        "receipt": {"type": "object"},
        "customer_id": {"type": "string", "format": "uuid"},
    },
    "OfPurchaseIn": {
        "order_id": {"type": "string", "format": "uuid"},
        "receipt_id": {"type": "string", "format": "uuid"},
        "receipt": {"type": "object"},
    },
    "HandOverIn": {
        "code": {"type": "string"},
        "name": {"type": "string"},
        "is_named": {"const": True},
    },
}
_NOT_BOTH = {"ReturnIn": ("order_id", "receipt_id")}
_NO_NUL = r"^[^\u0000]*$"
_NARROWER = frozenset({"format", "enum", "pattern", "const"})
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
    schemas = components.setdefault("schemas", {})
    _close(schemas)
    _tell_of_texts(schemas)
    _need_one(schemas)
    schemas["Problem"] = _PROBLEM_SCHEMA
    for path, item in schema.get("paths", {}).items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(operation, needs_key=path not in _OWN_KEYS)
    _link(schema)
    return schema


def _link(schema: dict[str, Any]) -> None:
    """Say which calls can go on with what a call has made or found: by the names of its ids."""
    targets = [
        (frozenset(_PLACE.findall(path)), operation["operationId"])
        for path, item in schema.get("paths", {}).items()
        for method, operation in item.items()
        if method in _METHODS and "{" in path
    ]
    for path, item in schema.get("paths", {}).items():
        operation = item.get("post")
        if operation is None or "{" in path:
            continue
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                continue
            ids = dict(_ids_in(schema, answer))
            links = {
                name: {
                    "operationId": name,
                    "parameters": {one: f"$response.body#{ids[one]}" for one in sorted(places)},
                }
                for places, name in targets
                if places <= ids.keys()
            }
            if links:
                answer["links"] = links


def _ids_in(schema: dict[str, Any], answer: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(name, pointer) of the ids of an answer: its own, else those of the first of its lists."""
    body = answer.get("content", {}).get("application/json", {}).get("schema", {})
    properties = _resolved(schema, body).get("properties", {})
    for name, told in properties.items():
        inner = _resolved(schema, _resolved(schema, told).get("items", {})).get("properties", {})
        yield from ((one, f"/{name}/0/{one}") for one in inner if one.endswith("_id"))
    yield from ((name, f"/{name}") for name in properties if name.endswith("_id"))


def _resolved(schema: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    name = str(told.get("$ref", "")).removeprefix("#/components/schemas/")
    found: dict[str, Any] = schema["components"]["schemas"].get(name, told) if name else told
    return found


def _close(schemas: dict[str, Any]) -> None:
    """Say of bodies that refuse unknown fields that they do; Litestar leaves it out."""
    closed = {found.__name__ for found in _structs(msgspec.Struct) if _is_closed(found)}
    for described in schemas.values():
        if described.get("title") in closed:
            described["additionalProperties"] = False


def _tell_of_texts(described: Any) -> None:
    """Say of every text that it has no NUL: bodies with one are refused (`api.strict`)."""
    if isinstance(described, list):
        for one in described:
            _tell_of_texts(one)
    elif isinstance(described, dict):
        if described.get("type") == "string" and not described.keys() & _NARROWER:
            described["pattern"] = _NO_NUL
        choices = described.get("oneOf", [])
        if {"type": "number"} in choices:  # a whole number is a number: one of them must do
            described["oneOf"] = [one for one in choices if one != {"type": "integer"}]
        if isinstance(described.get("additionalProperties"), dict):
            described["propertyNames"] = {"pattern": _NO_NUL}
        for one in described.values():
            _tell_of_texts(one)


def _need_one(schemas: dict[str, Any]) -> None:
    """Where a body names one of some things: JSON Schema can say so, the Struct cannot."""
    for described in schemas.values():
        properties = described.get("properties", {})
        if _ONE_OF_THREE.keys() <= properties.keys() and "lines" not in properties:
            described["anyOf"] = [
                {"required": [name], "properties": {name: told}}
                for name, told in _ONE_OF_THREE.items()
            ]
        if ways := _EXACTLY_ONE.get(described.get("title", "")):
            described["oneOf"] = [
                {"required": [name], "properties": {name: told}} for name, told in ways.items()
            ]
        if pair := _NOT_BOTH.get(described.get("title", "")):
            told = {name: {"type": "string"} for name in pair}
            described["not"] = {"required": list(pair), "properties": told}


def _structs(base: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for found in base.__subclasses__():
        yield found
        yield from _structs(found)


def _is_closed(found: type[msgspec.Struct]) -> bool:
    return found.__module__.startswith("setten.") and (
        found.__struct_config__.forbid_unknown_fields
    )


def _complete(operation: dict[str, Any], *, needs_key: bool) -> None:
    if said := operation.get("description", "").strip():
        operation["summary"] = _SENTENCE_END.split(" ".join(said.split()))[0].rstrip(".")
    for parameter in operation.get("parameters", ()):
        if parameter["name"].lower() == "idempotency-key":
            parameter["required"] = needs_key
            parameter["schema"] = {"type": "string", **_KEY_BOUNDS}
    responses = operation.setdefault("responses", {})
    for status, says in _PROBLEMS.items():
        responses[status] = {
            "description": says,
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
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
        use_handler_docstrings=True,
    )
