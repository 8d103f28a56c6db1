"""Refusals: five kinds, each with a stable code and a message in the reader's language.

Domains raise them and never name an HTTP status; each surface maps the kind in one place.
The words are in `messages.toml`, keyed by code.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, ClassVar


class SettenError(Exception):
    """Base of all expected refusals. `facts` are fields a client or a page may show."""

    code: ClassVar[str] = "error"

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts = facts


class Invalid(SettenError):
    """What was sent cannot be used."""

    code = "invalid"


class NotFound(SettenError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"


class Denied(SettenError):
    """The caller has no right to this."""

    code = "denied"


class Unauthenticated(Denied):
    """We do not know who is calling."""

    code = "unauthenticated"


class Conflict(SettenError):
    """The present state refuses it."""

    code = "conflict"


class Unavailable(SettenError):
    """Try again later. `retry_after_s` says when."""

    code = "unavailable"

    def __init__(self, *, retry_after_s: int = 1, **facts: Any) -> None:
        super().__init__(**facts)
        self.retry_after_s = retry_after_s


class TooMany(Unavailable):
    """The caller asks more often than allowed."""

    code = "too_many_requests"


@cache
def _messages() -> dict[str, dict[str, dict[str, str]]]:
    with Path(__file__).with_name("messages.toml").open("rb") as file:
        return tomllib.load(file)


def say(code: str, locale: str, facts: dict[str, Any] | None = None) -> tuple[str, str]:
    """(title, detail) for `code` in `locale` ("ja" or "en"); unknown facts stay as written."""
    entry = _messages().get(code) or _messages()["error"]
    words = entry.get(locale) or entry["en"]
    return words["title"], _fill(words["detail"], facts or {})


def codes() -> frozenset[str]:
    """All codes that have words."""
    return frozenset(_messages())


class _Kept(dict[str, Any]):
    def __getitem__(self, key: str) -> Any:
        fact = super().__getitem__(key)
        if isinstance(fact, list | tuple):  # a sentence shows nobody a list's brackets
            return ", ".join(map(str, fact)) or "—"
        return fact

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fill(text: str, facts: dict[str, Any]) -> str:
    return text.format_map(_Kept(facts))
