"""What a person at a counter says to be found: the parts that the blind index holds."""

from __future__ import annotations

import itertools
import re
import tomllib
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jaconv

_NO_DIGITS = re.compile(r"\D+")
_KATAKANA = re.compile("[ァ-ヿ]")
_SPACES = re.compile(r"[\s　・]+")
_NAME_FIELDS = frozenset({"name", "first_name", "last_name"})
_KANA_FIELDS = frozenset({"kana", "first_name_kana", "last_name_kana"})
_POST_FIELDS = frozenset({"postal_code", "postcode", "zip"})
_WORDS_MAX = 6  # of one name; what is longer is not a name that somebody says
_JAPANESE = r"々〆ー\u3041-\u3096\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # which drawing of one character
_SPELLINGS_MAX = 48  # of one word: more only where three characters of it have many forms
_HALVES_MAX = 400  # of one name said in one breath: each is one look into the index
_FORMS = {
    one: group
    for group in tomllib.loads(Path(__file__).with_name("spellings.toml").read_text("utf-8"))[
        "groups"
    ]
    for one in group
}
_RUN_TOGETHER = re.compile(f"[{_JAPANESE}]{{2,16}}")


def parts(field: str, value: Any) -> Iterator[tuple[str, str]]:
    """(part, text) pairs to index for one trait; nothing for traits nobody searches by."""
    if field == "address" and isinstance(value, dict):
        for key in _POST_FIELDS | {"postalCode"}:
            if isinstance(value.get(key), str):
                yield "post", _digits(value[key])
        return
    if not isinstance(value, str):
        return
    if field in _NAME_FIELDS or field in _KANA_FIELDS:
        for word in _words(value):
            yield "name", word
            if not word.isascii() and (bare := _SELECTORS.sub("", word)) != word:
                yield "name", bare
    elif field == "phone":
        digits = _digits(value)
        if len(digits) >= 8:
            yield "last4", digits[-4:]
    elif field in _POST_FIELDS:
        yield "post", _digits(value)


def guesses(said: str) -> Iterator[tuple[str, str]]:
    """What `said` may be: four digits, a postcode, or a name, as it was said.

    The last is all words run together; `spellings` tells how else each may stand in the index.
    """
    digits = _digits(said)
    if digits and not re.sub(r"[\d\s\-〒]", "", _fold(said)):
        if len(digits) == 4:
            yield "last4", digits
        if len(digits) == 7:
            yield "post", digits
        return
    for word in _words(said):
        yield "name", word


def halves(said: str) -> Iterator[tuple[str, str]]:
    """Family and given name of a Japanese name said in one breath, cut at every place.

    Nothing in its letters says where the cut is: 林太郎 is 林 太郎, 小林 is nobody's 小 林.
    """
    folded = jaconv.kata2hira(_SELECTORS.sub("", _fold(said)))
    if _RUN_TOGETHER.fullmatch(folded):
        yield from itertools.islice(_cuts(folded), _HALVES_MAX)


def _cuts(folded: str) -> Iterator[tuple[str, str]]:
    places = range(1, len(folded))
    yield from ((folded[:at], folded[at:]) for at in places)  # as it was said, before all others
    for at in places:
        pairs = itertools.product(spellings(folded[:at]), spellings(folded[at:]))
        yield from itertools.islice(pairs, 1, None)


def spellings(text: str) -> list[str]:
    """The ways in which a name is written that people take for one: 高橋 and 髙橋, as said first.

    Looked for at the question and not folded in the index: so names are found however long ago
    they were written down, and each by its own spelling before another's takes its place.
    """
    bare = _SELECTORS.sub("", text)
    forms = [one + _FORMS.get(one, "").replace(one, "") for one in bare]
    every = itertools.islice(itertools.product(*forms), _SPELLINGS_MAX)
    return list(dict.fromkeys([text, *("".join(one) for one in every)]))


def _words(text: str) -> list[str]:
    folded = _fold(text)
    if _KATAKANA.search(folded):  # to look is a fraction of turning each letter over
        folded = jaconv.kata2hira(folded)
    words = [word for word in _SPACES.split(folded) if word]
    whole = "".join(words)
    return list(dict.fromkeys([*words[:_WORDS_MAX], whole])) if whole else []


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _digits(text: str) -> str:
    return _NO_DIGITS.sub("", text if text.isascii() else unicodedata.normalize("NFKC", text))
