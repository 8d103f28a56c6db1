"""Why rows were refused, in the reader's language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
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


def rows(numbers: Sequence[int], *, has_headings: bool, more: bool = False, locale: str) -> str:
    """Rows by their numbers, as one finds them: below the headings, and in a spreadsheet."""
    is_ja, dots = locale == "ja", " …" if more else ""
    between = "、" if is_ja else ", "
    said = between.join(map(str, numbers)) + dots
    lines = between.join(str(one + 1) for one in numbers) + dots
    word = "row" if len(numbers) == 1 and not more else "rows"
    if not has_headings:
        return f"{said}行目" if is_ja else f"{word.replace('row', 'line')} {said}"
    if is_ja:
        return f"見出しの下から{said}行目（表計算では{lines}行目）"
    return f"{word} {said} below the headings ({word} {lines} in a spreadsheet)"


def codes() -> frozenset[str]:
    """All reasons that have words."""
    return frozenset(_words())
