"""What customers.identity states: who is whom. Ids only, never a name or a value."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from setten.platform.log import Fact


class CustomerCreated(Fact, frozen=True, kw_only=True):
    """Somebody we had not met."""

    event_name: ClassVar[str] = "customer.created"
    customer_id: UUID


class CustomerMerged(Fact, frozen=True, kw_only=True):
    """Two customers turned out to be one; `gone` redirects to `customer_id` from now on."""

    event_name: ClassVar[str] = "customer.merged"
    customer_id: UUID
    gone: UUID


class CustomerSplit(Fact, frozen=True, kw_only=True):
    """Some identifiers of `customer_id` turned out to be another's: `apart`."""

    event_name: ClassVar[str] = "customer.split"
    customer_id: UUID
    apart: UUID


class PurchaseMoved(Fact, frozen=True, kw_only=True):
    """A better teller took a purchase from `was` to `now` (identifiers): it is another's."""

    event_name: ClassVar[str] = "purchase.moved"
    purchase_key: str
    was: int
    now: int


class RelationMade(Fact, frozen=True, kw_only=True):
    """`one` and `other` (identifiers) are related: household, gift_giver or referrer.

    Of the last two `one` is who gives or refers. Never a reason to merge.
    """

    event_name: ClassVar[str] = "relation.made"
    relation_id: UUID
    kind: str
    one: int
    other: int


class RelationEnded(Fact, frozen=True, kw_only=True):
    """A relation is no more, or never was."""

    event_name: ClassVar[str] = "relation.ended"
    relation_id: UUID
    kind: str
    one: int
    other: int


class HomeMoved(Fact, frozen=True, kw_only=True):
    """Somebody told where she lives. Where that is, is not in the log."""

    event_name: ClassVar[str] = "home.moved"
