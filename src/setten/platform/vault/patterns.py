"""What looks personal, whatever its key says."""

from __future__ import annotations

import re
import unicodedata

# Remembered harmless strings, so that "ja-JP" is not searched a million times. Personal strings are
# never kept here. The bound keeps a flood of new strings from growing it. All are short enough to
# stand under any key.
_REMEMBERED_MAX = 50_000
_REMEMBERED_LENGTH_MAX = 64
harmless: set[str] = set()

# Each pattern is tried only where a cheaper look says that it could fit: most strings have few
# digits and no mark at all, and this runs for every string of every event.
_MARKS = re.compile(r"[@〒]|%40|[?#&][^\s=&#?]{1,40}=|^\s*[\[{]|eyJ[\w-]{10}|[0-9a-fA-F]{40}")
# Dashes that people type between digits; NFKC leaves them as they are.
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−ー"), "-")
_MANY_DIGITS = re.compile(r"\d(?:[^\da-z]{0,2}\d){6}")
_PHONE = re.compile(
    # international, Japanese, North American; never inside a longer code
    r"(?<![0-9A-Za-z.\-])(?:"
    r"\+\d[\d\-. ()]{7,18}\d(?![0-9A-Za-z])"
    r"|\(?0\d{1,4}[-. )(]{0,2}\d{1,4}[-. )(]{0,2}\d{3,4}(?![0-9A-Za-z\-])"
    r"|\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![0-9A-Za-z\-])"
    r"|81[1-9]0?\d{8,9}(?![0-9A-Za-z]))"
)
# Cards begin with 3 to 6, or with 22 to 27; dates begin with 20.
_CARD = re.compile(r"(?<![\dA-Za-z])(?:[3-6]|2(?=[2-7]))(?:[ -]?\d){13,18}(?![\dA-Za-z])")
# As people write it, whatever stands between the groups, before them (card4111…) and behind them
# (the day on which it runs out, a code).
_GAP = r"[^\dA-Za-z\n]{1,3}"
_CARD_IN_GROUPS = re.compile(
    rf"(?<!\d)(?=((?:[3-6]\d{{3}}|2[2-7]\d\d)(?:{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}"
    rf"|{_GAP}\d{{6}}{_GAP}\d{{4,5}}|\d{{10,12}}))(?!\d))"
)
_CARD_DIGITS_MIN = 14
_IPV4 = re.compile(r"(?<![0-9.])\d{1,3}(?:\.\d{1,3}){3}(?![0-9.])")
_IPV6 = re.compile(r"(?:[0-9a-fA-F]{1,4}:){3,}[0-9a-fA-F:]|[0-9a-fA-F]{1,4}::[0-9a-fA-F]")
_STREET = re.compile(
    r"\b\d+\s+\w+(?:\s\w+)?\s(?:street|st\b|avenue|ave\b|road|rd\b|lane|drive|boulevard|blvd)",
    re.IGNORECASE,
)
# From a prefecture to a town, or somebody addressed with respect.
_JAPANESE = re.compile(r"[都道府県][^\s,、]{1,12}[市区町村郡]|[一-龯ぁ-んァ-ヶ]様")
_UUID = re.compile(
    r"[a-z\-]{0,16}(?:\d{13}-)?"
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
)


PHONE_MIN = 700_000_000_0  # the smallest integer that `is_personal_number` takes for a phone's


def holds_person(text: str) -> bool:
    """Whether a string holds a mail address, phone, postal or network address, card or token.

    A query string counts too: what stands in it has keys of its own.
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES)
        if _JAPANESE.search(text):
            return True
    if _MARKS.search(text):
        return True
    if text.count(".") >= 3 and _IPV4.search(text):
        return True
    if ":" in text and _IPV6.search(text):
        return True
    if not _MANY_DIGITS.search(text):
        return " " in text and bool(_STREET.search(text))
    return bool(_PHONE.search(text)) or holds_card_number(text) or bool(_STREET.search(text))


def holds_card_number(text: str) -> bool:
    """Whether a string holds what may be the number of a payment card. Full-width digits too."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_DASHES)
    if len(text) < _CARD_DIGITS_MIN:
        return False
    return any(_luhn(hit) for hit in (*_CARD.findall(text), *_CARD_IN_GROUPS.findall(text)))


def looks_personal(text: str) -> bool:
    """`holds_person`, remembering what is harmless: for strings that come again and again."""
    if text in harmless:
        return False
    if holds_person(text):
        return True
    if len(text) <= _REMEMBERED_LENGTH_MAX:
        if len(harmless) >= _REMEMBERED_MAX:
            harmless.clear()
        harmless.add(text)
    return False


def is_random_id(text: str) -> bool:
    """Whether a string is a UUID, bare or as the known clients write their messageIds."""
    return _UUID.fullmatch(text) is not None


def is_personal_number(value: int) -> bool:
    """Whether an integer reads as a Japanese phone number with or without its country, or as the
    number of a payment card."""
    if 810_000_000_00 <= value <= 819_999_999_999 or PHONE_MIN <= value <= 999_999_999_9:
        return True
    return value >= 10 ** (_CARD_DIGITS_MIN - 1) and holds_card_number(str(value))


def _luhn(text: str) -> bool:
    digits = [int(c) for c in text if c.isdecimal()]
    odd, even = digits[-1::-2], digits[-2::-2]
    return (sum(odd) + sum(sum(divmod(2 * d, 10)) for d in even)) % 10 == 0
