"""What looks personal, whatever its key says."""

from __future__ import annotations

import re
import unicodedata

# Remembered harmless strings, so that "ja-JP" is not searched a million times. Personal strings are
# never kept here. The bound keeps a flood of new strings from growing it.
_REMEMBERED_MAX = 50_000
_REMEMBERED_LENGTH_MAX = 128
_harmless: set[str] = set()

_SUSPECT = re.compile(
    r"@|%40"
    # phone: international, Japanese, North American; never inside a longer code
    r"|(?<![0-9A-Za-z.\-])\+\d[\d\-. ()]{7,18}\d(?![0-9A-Za-z])"
    r"|(?<![0-9A-Za-z.\-])\(?0\d{1,4}[-. )(]{0,2}\d{1,4}[-. )(]{0,2}\d{3,4}(?![0-9A-Za-z\-])"
    r"|(?<![0-9A-Za-z.\-])\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![0-9A-Za-z\-])"
    r"|(?<![0-9A-Za-z.\-])81[1-9]0?\d{8,9}(?![0-9A-Za-z])"
    # network address
    r"|(?<![0-9.])\d{1,3}(?:\.\d{1,3}){3}(?![0-9.])"
    r"|(?:[0-9a-fA-F]{1,4}:){3,}[0-9a-fA-F:]"
    # postal address: Japanese from prefecture to town, or the post mark; English street
    r"|〒|[都道府県][^\s,、]{1,12}[市区町村郡]"
    r"|\b\d+\s+\w+(?:\s\w+)?\s(?:[Ss]treet|[Ss]t\.|[Aa]venue|[Aa]ve\.|[Rr]oad|[Rr]d\.|[Ll]ane)"
    # a person addressed, an opaque token, structured text inside text
    r"|[一-龯ぁ-んァ-ヶ]様|[0-9a-fA-F]{40,}|eyJ[\w-]{10,}|^\s*[\[{]"
)
_CARD = re.compile(r"(?<!\d)[3-6](?:[ -]?\d){13,18}(?!\d)")


def holds_person(text: str) -> bool:
    """Whether a string holds a mail address, phone, postal or network address, card or token."""
    folded = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return bool(_SUSPECT.search(folded)) or any(_luhn(hit) for hit in _CARD.findall(folded))


def looks_personal(text: str) -> bool:
    """`holds_person`, remembering what is harmless: for strings that come again and again."""
    if text in _harmless:
        return False
    if holds_person(text):
        return True
    if len(text) <= _REMEMBERED_LENGTH_MAX:
        if len(_harmless) >= _REMEMBERED_MAX:
            _harmless.clear()
        _harmless.add(text)
    return False


def is_phone_number(value: int) -> bool:
    """Whether an integer reads as a Japanese phone number with or without its country."""
    return 810_000_000_00 <= value <= 819_999_999_999 or 700_000_000_0 <= value <= 999_999_999_9


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdigit()]
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(odd) + sum(sum(divmod(2 * d, 10)) for d in even)) % 10 == 0
