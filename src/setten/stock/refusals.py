"""A row of a bulk call that was refused while the others went through."""

from __future__ import annotations

import msgspec


class Refused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """index: of the row in the call, from 0. reason: a stable code. key: what the row was about."""

    index: int
    reason: str
    key: str = ""
