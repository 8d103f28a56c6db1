"""What outsiders report: a tag, a shop's webhook, a till, an app. Reports are evidence, not truth.

Every such fact keeps what was said, without anything personal: personal values lie sealed under
the event's `sealed_id`, and `sealed` names the places they were cut from.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from setten.platform.log import Fact


class Told(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all reports.

    type: the call ("track", "page", …). event: the client's own name for it.
    system, is_record: the source's system, and whether it is the system of record for orders.
    properties, context, traits: what was said, nothing personal in it. sealed: paths cut from it.
    unusable: kinds of identifiers that were said but stand for nobody ("anonymous", "null" …).
    consent: category preferences as the client's consent manager had them.
    forward: false when the client said that no other system may have it.
    """

    event_name: ClassVar[str] = "custom.event"
    type: str
    event: str | None = None
    system: str = ""
    is_record: bool = False
    properties: dict[str, Any] = {}  # noqa: RUF012 - msgspec copies empty defaults
    context: dict[str, Any] = {}  # noqa: RUF012
    sealed: tuple[str, ...] = ()
    unusable: tuple[str, ...] = ()
    consent: dict[str, bool] | None = None
    forward: bool = True


class CustomEvent(Told, frozen=True, kw_only=True, omit_defaults=True):
    """An event whose name we do not know; `event` is that name."""

    event_name: ClassVar[str] = "custom.event"


class PageViewed(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A page was looked at; its address is cut to what names the page and the campaign."""

    event_name: ClassVar[str] = "page.viewed"
    name: str | None = None
    category: str | None = None
    path: str | None = None
    title: str | None = None


class ScreenViewed(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A screen of an app was looked at."""

    event_name: ClassVar[str] = "screen.viewed"
    name: str | None = None
    category: str | None = None


class CustomerIdentified(Told, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody told who they are; `traits` are the ones that are not personal data."""

    event_name: ClassVar[str] = "customer.identified"
    traits: dict[str, Any] = {}  # noqa: RUF012


class CustomerGrouped(Told, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody belongs to a group (a firm, a household). A relation, never a reason to merge."""

    event_name: ClassVar[str] = "customer.grouped"
    group_id: str | None = None
    traits: dict[str, Any] = {}  # noqa: RUF012


class Alias(msgspec.Struct, frozen=True):
    """Numbers of the identifier used before and of the one used from now on."""

    previous: int
    user: int


class CustomerAliased(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A client asks to join two identifiers: strong evidence that still obeys the limits."""

    event_name: ClassVar[str] = "customer.aliased"
    alias: Alias


class ConsentReported(Told, frozen=True, kw_only=True, omit_defaults=True):
    """A consent manager reports new preferences (in `consent`)."""

    event_name: ClassVar[str] = "consent.reported"
