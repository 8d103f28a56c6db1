"""Whose name is shown when the identifiers of a customer have told different ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from setten.platform.vault import Trait

WRITTEN = frozenset(("name", "first_name", "last_name"))
READ = frozenset(("kana", "name_kana", "first_name_kana", "last_name_kana"))


def of_one(traits: Sequence[Trait]) -> list[Trait]:
    """The traits without the names of other people: a name and its reading are one person's.

    Of identifiers that have told names the one with the newest word is believed; what others told
    of a name stays only where they say the same name, or a reading and no name.
    """
    told: dict[int, list[Trait]] = {}
    for one in traits:
        if one.field in WRITTEN and one.value:
            told.setdefault(one.identifier_id, []).append(one)
    if len(told) < 2:
        return list(traits)
    newest = max(told, key=lambda number: max(one.occurred_at for one in told[number]))
    names = {number: _name(words) for number, words in told.items()}
    others = {number for number, name in names.items() if name != names[newest]}
    return [
        one for one in traits if one.identifier_id not in others or one.field not in WRITTEN | READ
    ]


def _name(words: Sequence[Trait]) -> str:
    """A name however its parts came: without spaces, the newest word of each."""
    said: dict[str, Any] = {
        one.field: one.value for one in sorted(words, key=lambda one: one.occurred_at)
    }
    whole = said.get("name") or f"{said.get('last_name', '')}{said.get('first_name', '')}"
    return "".join(str(whole).split()).casefold()
