"""Bodies are what they say: no text for a number, no 0 for false, no field that nobody knows.

Litestar decodes JSON first and converts it generously afterwards; here the bytes are read once,
straight into the handler's Struct. A price sent as text is a mistake to be told, not guessed at.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import litestar
import msgspec
from litestar.exceptions import ClientException, ValidationException

# An escaped NUL, not a backslash followed by u0000. No name or text of the trade has one, and no
# text column can hold it: a sku that has one must not become the sku without it.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Request(litestar.Request[Any, Any, Any]):
    """A request whose JSON is read strictly when its handler expects a Struct."""

    async def json(self) -> Any:
        """The body as the handler's `data`. Raises 400 for no JSON, 422 for what does not fit."""
        field = self.route_handler.parsed_data_field
        wanted = field.annotation if field is not None else None
        if not (isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)):
            return await super().json()
        body = await self.body()
        if b"\\u0000" in body and _NUL.search(body):
            raise ValidationException(
                extra=[{"message": "Text has a NUL character", "key": "", "source": "body"}]
            )
        try:
            return _decoder(wanted).decode(body)
        except msgspec.ValidationError as misfit:
            raise ValidationException(extra=[_told(str(misfit))]) from None
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            raise ClientException from None


@cache
def _decoder(wanted: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _told(said: str) -> dict[str, str]:
    """msgspec's `Expected … - at `$.lines[0].qty`` as message and key."""
    message, _, path = said.partition(" - at `$")
    return {"message": message, "key": path.rstrip("`").lstrip("."), "source": "body"}
