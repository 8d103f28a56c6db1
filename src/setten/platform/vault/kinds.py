"""Kinds of identifiers, their one spelling, and how they are shown without being told.

Order is strength: an event that carries several happened under the strongest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Literal, get_args

import msgspec
import phonenumbers

from setten.platform.errors import Invalid

VALUE_LENGTH_MAX = 320  # the longest mail address that SMTP can carry
_DOTS = "••"
Kind = Literal[
    "user_id",
    "loyalty_card",
    "line_id",
    "whatsapp_id",
    "email",
    "phone",
    "device_id",
    "anonymous_id",
]


class UnusableIdentifier(Invalid):
    """This cannot be an identifier of its kind."""

    code = "unusable_identifier"


class Identifier(msgspec.Struct, frozen=True, gc=False):
    """A kind and a normalised value. Make it with `normalise`."""

    kind: str
    value: str

    def __repr__(self) -> str:  # an identifier in a log line would be a leak
        return f"Identifier({self.kind}, …)"


def _text(value: str) -> str:
    # Plain ASCII is NFKC already, and nearly everything is.
    return (value if value.isascii() else unicodedata.normalize("NFKC", value)).strip()


_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


def _email(value: str) -> str:
    """Whole, lower-cased, NFKC: dots and plus parts belong to the address."""
    text = _text(value).lower()
    if not _MAIL.fullmatch(text):
        raise UnusableIdentifier(kind="email")
    return text


# Mobiles and such, as nearly all numbers of people here are: reading one by the library costs more
# than everything else that is done with an identifier.
_MOBILE = re.compile(r"0([5-9]0)-?(\d{4})-?(\d{4})", re.ASCII)


def _phone(value: str) -> str:
    """E.164, read as a Japanese number when no country is given."""
    text = _text(value)
    if plain := _MOBILE.fullmatch(text):
        return f"+81{plain[1]}{plain[2]}{plain[3]}"
    try:
        number = phonenumbers.parse(text, "JP")
    except phonenumbers.NumberParseException as cause:
        raise UnusableIdentifier(kind="phone") from cause
    if not phonenumbers.is_possible_number(number):
        raise UnusableIdentifier(kind="phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _card(value: str) -> str:
    # Capitals ("ŉ" becomes "ʼN") and letters that lose the space between them are not NFKC any
    # more, so the text is folded again each time.
    text = _text(re.sub(r"[\s\-‐-―−ー]", "", _text(_text(value).upper())))
    if not text:
        raise UnusableIdentifier(kind="loyalty_card")
    return text


# Normalised values that stand for nobody (STANDARDS 5, and what Japanese lists write so), for every
# kind: all who have none would be one person.
_BLOCKED = re.compile(
    r"[0\-ー]*|-1|null|none|nil|undefined|anonymous|guest|unknown|#?n/?a|test|nan|\[object object\]"
    r"|なし|無し|無|ナシ|不明|未登録|未設定|未入力|該当なし|登録なし|会員登録なし",
    re.IGNORECASE,
)
_BLOCKED_LENGTH_MAX = len("[object object]")  # the longest of them

_NORMALISERS: dict[str, Callable[[str], str]] = {
    "user_id": _text,
    "loyalty_card": _card,
    "line_id": _text,
    "whatsapp_id": _text,
    "email": _email,
    "phone": _phone,
    "device_id": _text,
    "anonymous_id": _text,
}
KINDS: tuple[str, ...] = get_args(Kind)
assert tuple(_NORMALISERS) == KINDS, "every kind has a spelling, in the order of strength"
STRENGTH: dict[str, int] = {kind: rank for rank, kind in enumerate(KINDS)}


def normalise(kind: str, value: str) -> Identifier:
    """The identifier for a value as somebody wrote it.

    Raises UnusableIdentifier (facts: kind, why) for an unknown kind, an empty, over-long or
    blocked value, or one that its kind cannot have.
    """
    how = _NORMALISERS.get(kind)
    if how is None:
        raise UnusableIdentifier(kind=kind[:40], why="kind")
    if len(value) > VALUE_LENGTH_MAX or "\x00" in value:
        raise UnusableIdentifier(kind=kind, why="length")
    # As written too: taking a hyphen off "-1" would make a card of it.
    written = value.strip() if value.isascii() else _text(value)
    if _is_blocked(written):
        raise UnusableIdentifier(kind=kind, why="blocked")
    if how is _text:
        return Identifier(kind, written)
    text = how(value)
    if _is_blocked(text):
        raise UnusableIdentifier(kind=kind, why="blocked")
    return Identifier(kind, text)


def _is_blocked(text: str) -> bool:
    # The expression is slow to say no, and what is long is blocked only if it is all zeros.
    if len(text) > _BLOCKED_LENGTH_MAX and text.strip("0-"):
        return False
    return _BLOCKED.fullmatch(text) is not None


def mask(kind: str, value: str) -> str:
    """A value that its owner recognises and a passer-by does not learn."""
    if kind == "email":
        local, _, domain = value.partition("@")
        return f"{local[:1]}•••@{domain}"
    if kind == "phone":
        national = phonenumbers.format_number(
            phonenumbers.parse(value, "JP"), phonenumbers.PhoneNumberFormat.NATIONAL
        )
        groups = national.split("-")
        if len(groups) < 3:
            return f"{_DOTS}{value[-4:]}"
        return f"{groups[0]}-••••-{groups[-1]}"
    return f"{_DOTS}{value[-4:]}"
