"""Conditions about what stands: consent, reach, home, cart, lists. Their forms and their words.

How they are answered is in `standing`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, get_args

from setten.platform.expressions import (
    Kind,
    Locale,
    Path,
    Phrase,
    Standing,
    Token,
    TooLarge,
    UnknownName,
    Words,
    standing,
)

# Beyond, "near" says nothing of a shop; a cell of a home is a kilometre wide.
KM_MAX = 200
NAME_CHARS_MAX = 100
MARKETING = "marketing"
_PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,39}")
Channel = Literal["email", "line", "sms", "phone", "push", "whatsapp", "post"]
State = Literal["granted", "refused", "withdrawn"]
CHANNELS: Mapping[str, Words] = {
    "email": Words("メール", "email"),
    "line": Words("LINE", "LINE"),
    "sms": Words("SMS", "SMS"),
    "phone": Words("電話", "phone"),
    "push": Words("プッシュ通知", "push"),
    "whatsapp": Words("WhatsApp", "WhatsApp"),
    "post": Words("郵便", "post"),
}
STATES: Mapping[str, Words] = {
    "granted": Words("に同意している", "has agreed to"),
    "refused": Words("を断っている", "has refused"),
    "withdrawn": Words("への同意を取り消している", "has withdrawn consent to"),
}
assert tuple(CHANNELS) == get_args(Channel)
assert tuple(STATES) == get_args(State)


class Consent(Standing, frozen=True, kw_only=True, omit_defaults=True, tag="consent"):
    """What she has said to being addressed through a channel; who said nothing is in no state."""

    channel: Channel
    state: State = "granted"
    purpose: str = MARKETING


class Reachable(Standing, frozen=True, kw_only=True, omit_defaults=True, tag="reachable"):
    """She agreed, and there is an address of the channel that does not bounce."""

    channel: Channel
    purpose: str = MARKETING


class LivesNear(Standing, frozen=True, kw_only=True, omit_defaults=True, tag="lives_near"):
    """Her home lies within so many km of a shop; without one, of any shop."""

    km: int
    location_id: str | None = None


class CartNear(Standing, frozen=True, kw_only=True, omit_defaults=True, tag="cart_near"):
    """Something in her cart can be promised at a place within so many km of her home."""

    km: int


class Listed(Standing, frozen=True, kw_only=True, omit_defaults=True, tag="listed"):
    """On the imported list of this name."""

    name: str


def _check_purpose(node: Consent | Reachable, path: Path) -> None:
    if not _PURPOSE.fullmatch(node.purpose):
        raise UnknownName(path=str(path / "purpose"), name=node.purpose[:40], what="purpose")


def _check_km(node: LivesNear | CartNear, path: Path) -> None:
    if not 1 <= node.km <= KM_MAX:
        raise TooLarge(path=str(path / "km"), most=KM_MAX)


def _check_lives(node: LivesNear, path: Path) -> None:
    _check_km(node, path)
    if node.location_id is not None:
        _check_name(node.location_id, path / "location_id", "location")


def _check_listed(node: Listed, path: Path) -> None:
    _check_name(node.name, path / "name", "list")


def _check_name(name: str, path: Path, what: str) -> None:
    if not name or "\0" in name:
        raise UnknownName(path=str(path), name="", what=what)
    if len(name) > NAME_CHARS_MAX:
        raise TooLarge(path=str(path), most=NAME_CHARS_MAX)


def _take(kind: type, *names: str, when: Callable[[Any], bool] = lambda _: True) -> Any:
    def take(node: Any) -> Mapping[str, Any] | None:
        if not isinstance(node, kind) or not when(node):
            return None
        return {name: getattr(node, name) for name in names}

    return take


def _term(ja: str, en: str, take: Any, build: Any) -> Phrase:
    return Phrase(category="term", ja=ja, en=en, take=take, build=build)


def _words(category: str, words: Mapping[str, Words]) -> Token:
    def read(text: str, place: int, locale: Locale) -> Iterable[tuple[str, int]]:
        for name, one in words.items():
            label = one.say(locale)
            if text[place : place + len(label)].casefold() == label.casefold():
                yield name, place + len(label)

    return Token(category=category, say=lambda name, locale: words[name].say(locale), read=read)


def _is_marketing(node: Consent | Reachable) -> bool:
    return node.purpose == MARKETING


_CHANNEL = _words("channel", CHANNELS)
_STATE = _words("consent_state", STATES)
KINDS: tuple[Kind, ...] = (
    standing(
        Consent,
        check=_check_purpose,
        tokens=(_CHANNEL, _STATE),
        phrases=(
            _term("販促の{channel:channel}{state:consent_state}",
                  "{state:consent_state} marketing by {channel:channel}",
                  _take(Consent, "channel", "state", when=_is_marketing), Consent),
            _term("目的{purpose:quoted}の{channel:channel}{state:consent_state}",
                  "{state:consent_state} purpose {purpose:quoted} by {channel:channel}",
                  _take(Consent, "channel", "state", "purpose"), Consent),
        ),
    ),
    standing(
        Reachable,
        check=_check_purpose,
        phrases=(
            _term("販促の{channel:channel}が届く",
                  "can be reached for marketing by {channel:channel}",
                  _take(Reachable, "channel", when=_is_marketing), Reachable),
            _term("目的{purpose:quoted}の{channel:channel}が届く",
                  "can be reached for purpose {purpose:quoted} by {channel:channel}",
                  _take(Reachable, "channel", "purpose"), Reachable),
        ),
    ),
    standing(
        LivesNear,
        check=_check_lives,
        phrases=(
            _term("店{location_id:quoted}から{km:whole}km以内に住んでいる",
                  "lives within {km:whole} km of shop {location_id:quoted}",
                  _take(LivesNear, "km", "location_id",
                        when=lambda node: node.location_id is not None), LivesNear),
            _term("どこかの店から{km:whole}km以内に住んでいる",
                  "lives within {km:whole} km of any shop",
                  _take(LivesNear, "km"), LivesNear),
        ),
    ),
    standing(
        CartNear,
        check=_check_km,
        phrases=(
            _term("カートの品が自宅から{km:whole}km以内にある",
                  "has an item in the cart that is available within {km:whole} km of home",
                  _take(CartNear, "km"), CartNear),
        ),
    ),
    standing(
        Listed,
        check=_check_listed,
        phrases=(
            _term("名簿{name:quoted}に載っている", "is on list {name:quoted}",
                  _take(Listed, "name"), Listed),
        ),
    ),
)  # fmt: skip
