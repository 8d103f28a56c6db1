"""What customers.consent states: what a person allows. Never a value, never her words."""

from __future__ import annotations

from typing import ClassVar

from setten.platform.log import Fact


class ConsentSaid(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Base of both. purpose: what for ("marketing"); channel: through what.

    source: api, console, event, traits or preferences. text_version: which words were shown.
    because: the event that told it.
    """

    purpose: str
    channel: str
    state: str
    source: str
    text_version: str | None = None
    because: str | None = None


class ConsentGiven(ConsentSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody agreed to be addressed; state is granted."""

    event_name: ClassVar[str] = "consent.given"


class ConsentWithdrawn(ConsentSaid, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody refused, or took back what she had agreed to; state is refused or withdrawn."""

    event_name: ClassVar[str] = "consent.withdrawn"


class ReachLost(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing arrives at an address any more. reason: bounced, complained, blocked."""

    event_name: ClassVar[str] = "reach.lost"
    channel: str
    reason: str


class ReachFound(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Something arrived again where nothing did."""

    event_name: ClassVar[str] = "reach.found"
    channel: str
