"""Bodies are what they say: no text for a number, no 0 for false, no field that nobody knows.

Litestar decodes JSON first and converts it generously afterwards; here the bytes are read once,
straight into the handler's Struct. A price sent as text is a mistake to be told, not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import litestar
import msgspec
from litestar.exceptions import ClientException, ValidationException
from msgspec import inspect

_UNKNOWN = re.compile(r"unknown field `(.+)`")
_STEP = re.compile(r"[^.\[\]]+|\[[^\]]*\]")  # a name, or an index: lines[0].sku
_EXACT = 2**53  # above it a float no longer says which whole number was meant


class Request(litestar.Request[Any, Any, Any]):
    """A request whose JSON is read strictly when its handler expects a Struct."""

    async def json(self) -> Any:
        """The body as the handler's `data`. Raises 400 for no JSON, 422 for what does not fit."""
        field = self.route_handler.parsed_data_field
        wanted = field.annotation if field is not None else None
        if not (isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)):
            return await super().json()
        return read(wanted, await self.body())


def read(wanted: type[msgspec.Struct], body: bytes) -> Any:
    """The body as `wanted`. Raises 400 for no JSON, 422 for what does not fit."""
    if not body:
        raise _misfit("Expected `object`, got nothing")
    try:
        found = _decoded(wanted, body)
    except msgspec.ValidationError as misfit:
        message, _, path = str(misfit).partition(" - at `$")
        raise _told(wanted, message, path.rstrip("`").lstrip(".")) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ClientException from None
    if b"\\u0000" in body and _has_nul(msgspec.to_builtins(found)):
        raise _misfit("Text has a NUL character")
    return found


def _misfit(message: str, key: str = "") -> ValidationException:
    return ValidationException(extra=[{"message": message, "key": key, "source": "body"}])


def _told(wanted: type[msgspec.Struct], message: str, path: str) -> ValidationException:
    """A misfit; of a field that nobody knows also its place and what may stand there."""
    unknown = _UNKNOWN.search(message)
    if unknown is None:
        return _misfit(message, path)
    key = f"{path}.{unknown[1]}" if path else unknown[1]
    if names := _names_at(inspect.type_info(wanted), _STEP.findall(path)):
        message = f"{message}; there may be: {', '.join(names)}"
    return _misfit(message, key)


def _names_at(found: inspect.Type, steps: Sequence[str]) -> list[str]:
    """The fields of the one Struct that stands there; none where several may."""
    if isinstance(found, inspect.UnionType):
        parts = [one for one in found.types if not isinstance(one, inspect.NoneType)]
        return _names_at(parts[0], steps) if len(parts) == 1 else []
    if isinstance(found, inspect.Metadata):
        return _names_at(found.type, steps)
    if isinstance(found, inspect.StructType):
        if not steps:
            return [field.encode_name for field in found.fields]
        inner = next((one.type for one in found.fields if one.encode_name == steps[0]), None)
    elif isinstance(found, (inspect.ListType, inspect.VarTupleType)):
        inner = found.item_type
    else:
        inner = found.value_type if isinstance(found, inspect.DictType) else None
    return _names_at(inner, steps[1:]) if inner is not None and steps else []


def _has_nul(value: Any) -> bool:
    """No name or text of the trade has one, and no text column can hold it: a sku that has one
    must not become the sku without it. What nobody reads may say what it likes."""
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(one) for key, one in value.items())
    return isinstance(value, (list, tuple)) and any(map(_has_nul, value))


@cache
def _decoder(wanted: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _decoded(wanted: type[msgspec.Struct], body: bytes) -> Any:
    """The body as `wanted`. In JSON 323.0 is the whole number 323, whoever wrote the point."""
    try:
        return _decoder(wanted).decode(body)
    except msgspec.ValidationError as misfit:
        if "got `float`" not in str(misfit):
            raise
        return msgspec.convert(_plain(body), wanted)


def _number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() and abs(value) < _EXACT else value


_plain = msgspec.json.Decoder(float_hook=_number).decode
