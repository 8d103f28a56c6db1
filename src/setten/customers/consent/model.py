"""Words of consent, what stands, and the refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from setten.platform.errors import Invalid

Channel = Literal["email", "line", "sms", "phone", "push", "whatsapp", "post", "web"]
State = Literal["granted", "refused", "withdrawn"]
CHANNELS: tuple[str, ...] = get_args(Channel)
STATES: tuple[str, ...] = get_args(State)
MARKETING = "marketing"
# A form has a handful; a consent manager a dozen categories.
SAID_MAX = 50
ENTRIES_MAX = 500

# What an address of a channel is. Post goes to a home, `web` is the use of data on pages.
KINDS: Mapping[str, tuple[str, ...]] = {
    "email": ("email",),
    "line": ("line_id",),
    "sms": ("phone",),
    "phone": ("phone",),
    "push": ("device_id",),
    "whatsapp": ("whatsapp_id",),
    "post": (),
    "web": (),
}
assert tuple(KINDS) == CHANNELS
# The smaller one stands where identifiers of one person disagree.
STRICTNESS: Mapping[str, int] = {"withdrawn": 1, "refused": 2, "granted": 3}


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that somebody says she allows or not. at: when she said so."""

    purpose: str
    channel: str
    state: str
    at: datetime
    text_version: str | None = None
    evidence: str | None = None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The same as it came to us. is_carried: a client repeats it with each of its events."""

    identifier_id: int
    purpose: str
    channel: str
    state: str
    at: datetime
    source: str
    because: str | None = None
    is_carried: bool = False
    text_version: str | None = None
    evidence_sealed_id: int | None = None


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What stands under one identifier. carried: what its client repeated last, and when."""

    identifier_id: int
    purpose: str
    channel: str
    state: str | None
    at: datetime
    source: str
    carried: str | None = None
    carried_at: datetime | None = None

    @property
    def key(self) -> tuple[int, str, str]:
        """One row of what is kept."""
        return self.identifier_id, self.purpose, self.channel


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What stands of a person for one purpose and channel. is_reachable: agreed, and it arrives."""

    purpose: str
    channel: str
    state: State
    at: datetime
    source: str
    is_reachable: bool


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the ledger."""

    identifier_id: int
    purpose: str
    channel: str
    state: str
    at: datetime
    noted_at: datetime
    source: str
    text_version: str | None
    by: str | None
    event_id: str


class BadConsent(Invalid):
    """It names a purpose, channel, state or time that cannot be. field: which."""

    code = "bad_consent"


Owner = UUID
