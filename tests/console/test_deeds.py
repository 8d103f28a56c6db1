"""Whatever staff do and whatever happens has words in both languages: no list shows a code."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from setten import facts
from setten.console.words import all_words

SOURCE = Path(__file__).parents[2] / "src/setten"
VERB = re.compile(r"[a-z_]+\.[a-z_]+")
NOTING = {"note", "note_all", "View"}


def calls() -> Iterator[ast.Call]:
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in NOTING:
                yield node


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _texts(node: ast.expr) -> list[str]:
    return [
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def test_every_deed_that_the_code_notes_has_words() -> None:
    said = {
        text
        for call in calls()
        for given in [*call.args, *(word.value for word in call.keywords if word.arg == "action")]
        for text in (_texts(given) if isinstance(given, (ast.Constant, ast.IfExp)) else [])
        if VERB.fullmatch(text)
    }
    assert len(said) > 80, "the code notes its deeds in another way now: look for them there"
    lacking = sorted(one for one in said if f"deed.{one.replace('.', '_')}" not in all_words())
    assert lacking == []


def test_every_field_that_the_audit_names_has_words() -> None:
    said = {
        text
        for call in calls()
        for word in call.keywords
        if word.arg == "fields" and isinstance(word.value, ast.Tuple)
        for text in _texts(word.value)
    }
    assert sorted(one for one in said if f"seen.{one}" not in all_words()) == []


def published() -> set[str]:
    """The names of all facts."""
    found: set[str] = set()
    for module in pkgutil.iter_modules(facts.__path__):
        held: dict[str, Any] = vars(importlib.import_module(f"setten.facts.{module.name}"))
        names = (getattr(one, "event_name", None) for one in held.values() if isinstance(one, type))
        found |= {one for one in names if isinstance(one, str)}
    return found


def test_every_published_event_has_a_short_name() -> None:
    names = published()
    assert len(names) > 50
    assert sorted(one for one in names if f"named.{one}" not in all_words()) == []


def test_imports_are_spelt_one_way() -> None:
    spelt = re.compile("取りこ|取込")
    assert [key for key, entry in all_words().items() if spelt.search(entry["ja"])] == []
