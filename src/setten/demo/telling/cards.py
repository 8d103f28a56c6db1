"""Which card was shown at a till."""

from __future__ import annotations

from datetime import timedelta

from setten.demo.chain import Chain, Deed

_LOST_AFTER = timedelta(days=40)


def card_shown(chain: Chain, deed: Deed) -> str | None:
    """The card that was shown at a till: after the first was lost, the second."""
    if deed.who is None:
        return None
    who = chain.person(deed.who)
    if "second_card" in who.told and deed.at.date() >= chain.begin + _LOST_AFTER:
        return who.told["second_card"]
    return who.told["loyalty_card"]
