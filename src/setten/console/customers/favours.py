"""What a customer has with us by the word of a till or member system: points, tier, coupons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from setten.console.page import Page

# Key of the words → the traits that tell it as other systems name them, letters and digits only.
TOLD: dict[str, tuple[str, ...]] = {
    "points": ("points", "pointbalance", "pointsbalance", "loyaltypoints", "ポイント"),
    "rank": ("tier", "rank", "memberrank", "membertier", "loyaltytier", "会員ランク"),
    "coupons": ("coupons", "couponcount", "availablecoupons", "クーポン"),
}
DIGITS_MAX = 12
"""Longer is a card number, not a balance."""
WORD_MAX = 30
"""Characters: the line has three of them beside each other."""


def favours(traits: Mapping[str, Any], page: Page) -> list[str]:
    """`ポイント 1,240`, one for each that was told in a form that can be read."""
    told = {_folded(key): value for key, value in traits.items()}
    t, found = page.words(), []
    for word, keys in TOLD.items():
        value = next((text for key in keys if (text := _text(told.get(key), page))), "")
        if value:
            found.append(t(f"customer.favour_{word}", value=value))
    return found


def _folded(key: str) -> str:
    return "".join(letter for letter in key.casefold() if letter.isalnum())


def _text(value: Any, page: Page) -> str:
    """A balance as a number, a name as it is, a list as how many; "" for anything else."""
    if isinstance(value, str):
        said = value.strip()
        if said.isascii() and said.isdecimal():
            return page.shown().number(int(said)) if len(said) <= DIGITS_MAX else ""
        return said if len(said) <= WORD_MAX else ""
    if isinstance(value, Sequence):
        return page.shown().number(len(value))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    is_whole = abs(value) < 10**DIGITS_MAX and value == int(value)
    return page.shown().number(int(value)) if is_whole else ""
