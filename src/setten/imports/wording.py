"""Why rows were refused, in the reader's language."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

_NO_FIELD = re.compile(r"\s*[（(]\{field\}[）)]")  # nothing is better than an empty bracket


@cache
def _words() -> dict[str, dict[str, str]]:
    with Path(__file__).with_name("reasons.toml").open("rb") as file:
        return tomllib.load(file)


def say(reason: str, field: str | None, locale: str) -> str:
    """The words of a reason in `locale` ("ja" or "en"); the code itself where it has none."""
    said = _words().get(reason)
    if said is None:
        return reason
    return (said[locale] if field else _NO_FIELD.sub("", said[locale])).replace(
        "{field}", field or ""
    )


def codes() -> frozenset[str]:
    """All reasons that have words."""
    return frozenset(_words())
