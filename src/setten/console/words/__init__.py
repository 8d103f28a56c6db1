"""The words of the console, in Japanese and English: one key, two sentences, never a mixed page.

The `.toml` files beside this one hold `[key]` tables with `ja` and `en`; `{name}` places a value.
English plurals are written `{n|item|items}`: the first word when n is 1, else the second.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

LOCALES = ("ja", "en")
PLACE = re.compile(r"\{(\w+)(?:\|([^|{}]*)\|([^{}]*))?\}")


class UnknownWord(KeyError):
    """A page asked for a key that no file of words holds: a mistake of ours, not of a person."""


@cache
def all_words() -> Mapping[str, Mapping[str, str]]:
    """Every key with its sentence per locale, read once. Keys are `file.table` or `table`."""
    found: dict[str, Mapping[str, str]] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        for key, entry in _flat(tomllib.loads(path.read_text("utf-8"))):
            assert key not in found, f"{key} stands in two files"
            found[key] = entry
    return found


def _flat(tree: Mapping[str, object], prefix: str = "") -> list[tuple[str, Mapping[str, str]]]:
    out: list[tuple[str, Mapping[str, str]]] = []
    for name, value in tree.items():
        assert isinstance(value, dict), f"{prefix}{name} is not a table"
        if set(value) <= set(LOCALES) and all(isinstance(text, str) for text in value.values()):
            out.append((prefix + name, value))
        else:
            out.extend(_flat(value, f"{prefix}{name}."))
    return out


class Words:
    """One locale's voice: `t("pickup.units", n=3)` gives the sentence with its values in place."""

    def __init__(self, locale: str) -> None:
        self.locale = locale if locale in LOCALES else "ja"

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of `key`. Raises UnknownWord when there is none."""
        entry = all_words().get(key)
        if entry is None:
            raise UnknownWord(key)
        return PLACE.sub(lambda found: _put(found, values), entry[self.locale])

    def has(self, key: str) -> bool:
        """Whether `key` has a sentence: for words named by data, such as an event's name."""
        return key in all_words()


def _put(found: re.Match[str], values: Mapping[str, object]) -> str:
    value = values[found[1]]
    if found[2] is None:
        return f"{value:,}" if isinstance(value, int) else str(value)
    return found[2] if value == 1 else found[3]
