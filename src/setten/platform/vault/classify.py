"""Parting what is personal from what is not, in one pass over an event.

`split` answers the part that may stand in the log and collects the rest for the vault. It leans to
sealing: a value sealed in error can still be opened by those who may. What is on a payment card and
what somebody signs in with is left out: nobody may keep it.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from setten.platform.vault import urls
from setten.platform.vault.patterns import (
    PHONE_MIN,
    harmless,
    is_personal_number,
    looks_personal,
)
from setten.platform.vault.urls import whole

UNKNOWN_LENGTH_MAX = 64  # DESIGN: unknown strings over 64 characters are sealed
PUBLIC_LENGTH_MAX = 500  # titles and names of goods; longer ones are texts
KEY_LENGTH_MAX = 64
DEPTH_MAX = 8
NODES_MAX = 2_000  # of one event; the rest is sealed whole
_KEYS_REMEMBERED_MAX = 10_000
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")

# In this order: the first three are looked at as they are, the others by `_marked`.
_UNKNOWN, _PUBLIC, _CODE, _PERSONAL, _URL, _QUERY, _NEVER, _BAD_KEY = range(8)
_TABLE = tomllib.loads(Path(__file__).with_name("classification.toml").read_text("utf-8"))
_QUERY_KEYS = frozenset(_TABLE["query_keys"])
_NEVER_WORDS = frozenset(_TABLE["never_words"])
_PERSONAL_WORDS = frozenset(_TABLE["personal_words"])
_PERSON_WORDS = frozenset(_TABLE["person_words"])
_BY_KEY: dict[str, int] = {}
# Later lists lose against earlier ones.
for _name, _class in (
    ("never", _NEVER),
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

# What each key met so far means: where no person is known, and below a person.
_plain: dict[str, int] = {}
_in_person: dict[str, int] = {}
# Spellings met so far of keys that say how to reach somebody: a `name` beside them is a person's.
_contact_keys: set[str] = set()
_SPELLINGS_MAX = 1_000


class Splitter:
    """Parts the values of one event. `sealed` collects path → value, `nodes` counts values."""

    __slots__ = ("nodes", "sealed")

    def __init__(self) -> None:
        self.sealed: dict[str, Any] = {}
        self.nodes = 0

    def split(
        self, values: dict[str, Any], path: str, *, is_person: bool = False
    ) -> dict[str, Any]:
        """The part of `values` that is not personal; nulls are left out.

        path: where it stands, ending in a dot. is_person: these are traits of somebody.
        """
        return self._dict(values, path, is_person, 0)

    def _dict(self, node: dict[str, Any], path: str, person: bool, depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        self.nodes += len(node)
        if self.nodes > NODES_MAX or depth > DEPTH_MAX:
            self.sealed[path + "*"] = _without_secrets(node)
            return kept
        is_thing = not person and "name" in node
        if is_thing and not _contact_keys.isdisjoint(node):
            person = True
        known = _in_person if person else _plain
        for key, value in node.items():
            if key in known:
                meaning = known[key]
            else:
                meaning = _learn(key, known)
                if is_thing and _flat(key) in _CONTACT:
                    return self._dict(node, path, True, depth)
            if meaning <= _CODE:
                # Strings that were harmless before are nearly all that come: asked without a call.
                kind = value.__class__
                if kind is str:
                    if value in harmless or (meaning == _CODE and _is_plain_code(value)):
                        kept[key] = value
                        continue
                elif kind is int and value < PHONE_MIN:
                    kept[key] = value
                    continue
                value = self._leaf(key, value, path, meaning, person, depth)
            elif meaning == _PERSONAL and value.__class__ is str:
                if value:
                    self.sealed[path + key] = value
                continue
            elif meaning == _URL and value.__class__ is str and value in whole:
                kept[key] = value
                continue
            elif meaning == _BAD_KEY or (value is not None and value.__class__ is not bool):
                value = self._marked(key, value, path, meaning, person, depth)
            if value is not None:
                kept[key] = value
        return kept

    def _leaf(self, key: str, value: Any, path: str, meaning: int, person: bool, depth: int) -> Any:
        """What stays of a value whose key says nothing against it; None when all is sealed."""
        kind = value.__class__
        if kind is str:
            if len(value) <= UNKNOWN_LENGTH_MAX and not (
                _has_mail(value) if meaning == _CODE else looks_personal(value)
            ):
                return value
            return self._long(value, path + key, meaning)
        if kind is dict:
            return self._dict(value, f"{path}{key}.", person or _begins(key), depth + 1)
        if kind is list:
            return self._list(value, f"{path}{key}.", person or _begins(key), depth + 1)
        if kind is int and meaning == _UNKNOWN and is_personal_number(value):
            self.sealed[path + key] = value
            return None
        return value

    def _marked(
        self, key: str, value: Any, path: str, meaning: int, person: bool, depth: int
    ) -> Any:
        """What stays of a value whose key says something about it; None when all is sealed."""
        if meaning == _BAD_KEY:
            # The key itself may name a person, so the place is told by a number.
            self.sealed[f"{path}*{len(self.sealed)}"] = _without_secrets({key: value})
            return None
        if meaning == _NEVER:
            return None
        if meaning in (_URL, _QUERY) and not isinstance(value, str):
            return self._leaf(key, value, path, _UNKNOWN, person, depth)
        if meaning == _URL:
            return self._cut(value, path + key, urls.cut(value, _QUERY_KEYS))
        if meaning == _QUERY:
            return self._cut(value, path + key, urls.cut_query(value, _QUERY_KEYS))
        if value == "" or value == [] or value == {}:
            return None
        self.sealed[path + key] = _without_secrets(value)
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
        self.nodes += len(node)
        if self.nodes > NODES_MAX or depth > DEPTH_MAX:
            self.sealed[path + "*"] = _without_secrets(node)
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
            elif kind is int and is_personal_number(value):
                self.sealed[f"{path}{index}"] = value
            elif value is not None:
                kept.append(value)
        return kept


def _without_secrets(node: Any) -> Any:
    """What is sealed as a whole, in place, without what may not be kept. However deep it is."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for key in [key for key in one if _is_secret(key)]:
                del one[key]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return node


def cut_url(text: str) -> str:
    """An address cut to what names the page, the goods and the campaign."""
    return urls.cut(text, _QUERY_KEYS)


def is_personal(key: str) -> bool:
    """Whether what stands under this key is personal wherever it stands, as `split` has met it."""
    return _plain.get(key) == _PERSONAL


def _flat(key: str) -> str:
    return key if key.isalpha() and key.islower() else "".join(filter(str.isalnum, key)).lower()


def _is_plain_code(value: str) -> bool:
    return (
        len(value) <= UNKNOWN_LENGTH_MAX
        and value.isascii()
        and "@" not in value
        and "%" not in value
    )


def _has_mail(value: str) -> bool:
    return "@" in value or "＠" in value or "%40" in value


def _learn(key: str, known: dict[str, int]) -> int:
    """What a key means, remembered in `known`; a key that may name a person is not kept."""
    if len(key) > KEY_LENGTH_MAX or looks_personal(key):
        return _BAD_KEY
    if len(known) >= _KEYS_REMEMBERED_MAX:
        known.clear()
    found = _mean(key, is_person=known is _in_person)
    if _flat(key) in _CONTACT:
        if len(_contact_keys) >= _SPELLINGS_MAX:
            return found  # not remembered, so that it is looked at each time
        _contact_keys.add(key)
    known[key] = found
    return found


def _mean(key: str, *, is_person: bool) -> int:
    if _is_secret(key):
        return _NEVER
    flat = _flat(key)
    if is_person and flat in _IN_PERSON_KEYS:
        return _PERSONAL
    known = _BY_KEY.get(flat)
    if known is None:
        known = _PERSONAL if _is_personal(_key_words(key)) else _UNKNOWN
    return known


@lru_cache(maxsize=4_096)
def _is_secret(key: str) -> bool:
    """Whether what stands below this key may not be kept."""
    flat = _flat(key)
    if _BY_KEY.get(flat) == _NEVER or flat in _NEVER_WORDS:
        return True
    # Digits are words of their own elsewhere: card_cvv2 is "card", "cvv", "2".
    return not _NEVER_WORDS.isdisjoint(_key_words(key))


def _key_words(key: str) -> list[str]:
    return [word.lower() for word in _WORDS.findall(key)]


@lru_cache(maxsize=4_096)
def _begins(key: str) -> bool:
    """Whether a person stands below this key."""
    return _flat(key) in _SCOPES


def _is_personal(words: list[str]) -> bool:
    if any(word in _PERSONAL_WORDS for word in words):
        return True
    return (
        len(words) > 1
        and words[-1] in ("name", "id", "no", "number")
        and any(word in _PERSON_WORDS for word in words[:-1])
    )


__all__ = ["DEPTH_MAX", "NODES_MAX", "Splitter", "cut_url", "is_personal"]
