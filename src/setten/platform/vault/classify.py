"""Parting what is personal from what is not, in one pass over an event.

`split` answers the part that may stand in the log and collects the rest for the vault. It leans to
sealing: a value sealed in error can still be opened by those who may.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from setten.platform.vault import urls
from setten.platform.vault.patterns import is_phone_number, looks_personal

UNKNOWN_LENGTH_MAX = 64  # DESIGN: unknown strings over 64 characters are sealed
PUBLIC_LENGTH_MAX = 500  # titles and names of goods; longer ones are texts
KEY_LENGTH_MAX = 64
DEPTH_MAX = 8
NODES_MAX = 2_000  # of one event; the rest is sealed whole
_KEYS_REMEMBERED_MAX = 10_000
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")

# In this order: the first three are looked at as they are, the others by `_marked`.
_UNKNOWN, _PUBLIC, _CODE, _PERSONAL, _URL, _QUERY, _BAD_KEY = range(7)
_TABLE = tomllib.loads(Path(__file__).with_name("classification.toml").read_text("utf-8"))
_QUERY_KEYS = frozenset(_TABLE["query_keys"])
_PERSONAL_WORDS = frozenset(_TABLE["personal_words"])
_PERSON_WORDS = frozenset(_TABLE["person_words"])
_BY_KEY: dict[str, int] = {}
# Later lists lose against earlier ones.
for _name, _class in (
    ("personal", _PERSONAL),
    ("urls", _URL),
    ("query_strings", _QUERY),
    ("codes", _CODE),
    ("public", _PUBLIC),
):
    for _key in _TABLE[_name]:
        _BY_KEY.setdefault(_key, _class)
_IN_PERSON_KEYS = frozenset(_TABLE["personal_in_person"])
_SCOPES = frozenset(_TABLE["person_scopes"])
_CONTACT = frozenset(_TABLE["contact"])

# What a key means: (class, class below a person, whether a person begins here).
_Meaning = tuple[int, int, bool]
_remembered: dict[str, _Meaning] = {}


class Splitter:
    """Parts the values of one event. `sealed` collects path → value."""

    __slots__ = ("_nodes", "sealed")

    def __init__(self) -> None:
        self.sealed: dict[str, Any] = {}
        self._nodes = 0

    def split(
        self, values: dict[str, Any], path: str, *, is_person: bool = False
    ) -> dict[str, Any]:
        """The part of `values` that is not personal; nulls are left out.

        path: where it stands, ending in a dot. is_person: these are traits of somebody.
        """
        return self._dict(values, path, is_person, 0)

    def _dict(self, node: dict[str, Any], path: str, person: bool, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        self._nodes += len(node)
        if self._nodes > NODES_MAX or depth > DEPTH_MAX:
            self.sealed[path + "*"] = node
            return kept
        if not person and "name" in node:
            person = _is_contact(node)
        for key, value in node.items():
            if value is None:
                continue
            plain, inside, begins = _remembered.get(key) or _meaning(key)
            meaning = inside if person else plain
            if value is True or value is False:
                if meaning != _BAD_KEY:
                    kept[key] = value
                    continue
            elif meaning < _PERSONAL:
                kind = type(value)
                if kind is str:
                    if len(value) <= UNKNOWN_LENGTH_MAX and not looks_personal(value):
                        kept[key] = value
                        continue
                    value = self._long(value, path + key, meaning)
                elif kind is dict:
                    value = self._dict(value, f"{path}{key}.", person or begins, depth + 1)
                elif kind is list:
                    value = self._list(value, f"{path}{key}.", person or begins, depth + 1)
                elif kind is int and meaning == _UNKNOWN and is_phone_number(value):
                    self.sealed[path + key] = value
                    continue
                if value is not None:
                    kept[key] = value
                continue
            value = self._marked(key, value, path, meaning, person or begins, depth)
            if value is not None:
                kept[key] = value
        return kept

    def _marked(
        self, key: str, value: Any, path: str, meaning: int, person: bool, depth: int
    ) -> Any:
        """What stays of a value whose key says something about it; None when all is sealed."""
        if meaning == _BAD_KEY:
            # The key itself may name a person, so the place is told by a number.
            self.sealed[f"{path}*{len(self.sealed)}"] = {key: value}
            return None
        if meaning in (_URL, _QUERY) and not isinstance(value, str):
            if isinstance(value, dict):
                return self._dict(value, f"{path}{key}.", person, depth + 1)
            if isinstance(value, list):
                return self._list(value, f"{path}{key}.", person, depth + 1)
            return value
        if meaning == _URL:
            return self._cut(value, path + key, urls.cut(value, _QUERY_KEYS))
        if meaning == _QUERY:
            return self._cut(value, path + key, urls.cut_query(value, _QUERY_KEYS))
        if value == "" or value == [] or value == {}:
            return None
        self.sealed[path + key] = value
        return None

    def _cut(self, whole: str, path: str, kept: str) -> str | None:
        if kept != whole:
            self.sealed[path] = whole
        return kept[:PUBLIC_LENGTH_MAX] or None

    def _long(self, value: str, path: str, meaning: int) -> str | None:
        """What stays of a string that is long or looks personal."""
        if value.startswith(("http://", "https://", "//")):
            return self._cut(value, path, urls.cut(value, _QUERY_KEYS))
        if len(value) <= PUBLIC_LENGTH_MAX and (
            (meaning == _CODE and not _has_mail(value))
            or (meaning == _PUBLIC and not looks_personal(value))
        ):
            return value
        self.sealed[path] = value
        return None

    def _list(self, node: list[Any], path: str, person: bool, depth: int) -> list[Any] | None:
        self._nodes += len(node)
        if self._nodes > NODES_MAX or depth > DEPTH_MAX:
            self.sealed[path + "*"] = node
            return None
        kept: list[Any] = []
        for index, value in enumerate(node):
            kind = type(value)
            if kind is dict:
                kept.append(self._dict(value, f"{path}{index}.", person, depth + 1))
            elif kind is str:
                if len(value) > UNKNOWN_LENGTH_MAX or looks_personal(value):
                    value = self._long(value, f"{path}{index}", _UNKNOWN)
                if value is not None:
                    kept.append(value)
            elif kind is list:
                inner = self._list(value, f"{path}{index}.", person, depth + 1)
                if inner is not None:
                    kept.append(inner)
            elif kind is int and is_phone_number(value):
                self.sealed[f"{path}{index}"] = value
            elif value is not None:
                kept.append(value)
        return kept


def _is_contact(node: dict[str, Any]) -> bool:
    """Whether the `name` in here is a person's: what else is said is how to reach somebody."""
    return any(_flat(key) in _CONTACT for key in node)


def _flat(key: str) -> str:
    return key if key.isalpha() and key.islower() else "".join(filter(str.isalnum, key)).lower()


def _has_mail(value: str) -> bool:
    return "@" in value or "＠" in value or "%40" in value


def _meaning(key: str) -> _Meaning:
    if len(key) > KEY_LENGTH_MAX or looks_personal(key):
        return (_BAD_KEY, _BAD_KEY, False)
    found = _mean(key)
    if len(_remembered) >= _KEYS_REMEMBERED_MAX:
        _remembered.clear()
    _remembered[key] = found
    return found


def _mean(key: str) -> _Meaning:
    flat = _flat(key)
    begins = flat in _SCOPES
    words = [word.lower() for word in _WORDS.findall(key)]
    known = _BY_KEY.get(flat)
    if known is None and _is_personal(words):
        known = _PERSONAL
    plain = _UNKNOWN if known is None else known
    inside = _PERSONAL if flat in _IN_PERSON_KEYS else plain
    return (plain, inside, begins)


def _is_personal(words: list[str]) -> bool:
    if any(word in _PERSONAL_WORDS for word in words):
        return True
    return (
        len(words) > 1
        and words[-1] in ("name", "id", "no", "number")
        and any(word in _PERSON_WORDS for word in words[:-1])
    )


def is_personal_key(key: str) -> bool:
    """Whether a trait of this name is personal data."""
    return (_remembered.get(key) or _meaning(key))[1] >= _PERSONAL


__all__ = ["DEPTH_MAX", "NODES_MAX", "Splitter", "is_personal_key"]
