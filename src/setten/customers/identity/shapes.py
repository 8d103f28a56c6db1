"""What rules and their changes are made of, as they are asked for, kept and shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from setten.customers.identity.blocking import Pattern
from setten.customers.identity.model import Rule


class RuleAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A new rule for a kind; what is None stays. is_default: back to the product's own rule."""

    kind: str
    is_weak: bool | None = None
    most: int | None = None
    shared_after: int | None = None
    priority: int | None = None
    is_default: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One change of rules.

    block: (kind, value) pairs that are nobody's from then on. unblock: their numbers. forms:
    (kind, form) with * and ?; unform: ids of forms blocked now.
    """

    rules: Sequence[RuleAsked] = ()
    block: Sequence[tuple[str, str]] = ()
    unblock: Sequence[int] = ()
    forms: Sequence[tuple[str, str]] = ()
    unform: Sequence[UUID] = ()


class SealedForm(msgspec.Struct, frozen=True):
    """A form on its way, sealed."""

    pattern_id: UUID
    kind: str
    sealed: bytes


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does, without a personal value. rules: None is the default."""

    rules: dict[str, Rule | None]
    block: dict[int, str]
    unblock: list[int]
    forms: list[SealedForm]
    unform: list[SealedForm]

    @property
    def kinds(self) -> set[str]:
        """Kinds of which every identifier must be looked at."""
        return {*self.rules, *(one.kind for one in (*self.forms, *self.unform))}

    @property
    def numbers(self) -> list[int]:
        """Identifiers that are blocked or unblocked by themselves."""
        return [*self.block, *self.unblock]


class End(msgspec.Struct, frozen=True):
    """An identifier in a sample. `identifier` is its number as text."""

    identifier: str
    kind: str


class Group(msgspec.Struct, frozen=True):
    """One customer of a sample, before or after; of `n` identifiers the first some are shown."""

    customer_id: UUID
    n: int
    identifiers: tuple[End, ...]


class Sample(msgspec.Struct, frozen=True):
    """A component that a change would turn: who is in it now, and who would be."""

    before: tuple[Group, ...]
    after: tuple[Group, ...]


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change, how far it is, and what it would make or has made.

    state: counting, counted, applying, applied or withdrawn. progress: 0 to 1, of the counting or
    of the applying. merges, splits: counted beforehand. merged, split: what applying has made.
    """

    change_id: UUID
    state: str
    proposed_at: datetime
    proposed_by: str
    applied_at: datetime | None
    applied_by: str | None
    ended_at: datetime | None
    progress: float
    examined: int
    total: int
    merges: int
    splits: int
    merged: int
    split: int
    samples: tuple[Sample, ...]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a change does, for people.

    what: rule, default, block, unblock, form or unform. kind, value: of what is blocked or freed,
    an identifier's masked; None where it was erased. rule: the one that is asked for, None for
    the default. was: the rule in force, while the change is not applied.
    """

    what: str
    kind: str | None
    value: str | None = None
    was: Rule | None = None
    rule: Rule | None = None


class RuleShown(msgspec.Struct, frozen=True, kw_only=True):
    """The rule of one kind in force. is_default: nobody has changed it."""

    kind: str
    is_weak: bool
    most: int
    shared_after: int
    priority: int
    is_default: bool


class BlockedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that is nobody's. blocked_id: its number as text."""

    blocked_id: str
    kind: str
    value: str
    blocked_at: datetime


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that identity goes by."""

    rules: tuple[RuleShown, ...]
    blocked_values: tuple[BlockedValue, ...]
    blocked_forms: tuple[Pattern, ...]
