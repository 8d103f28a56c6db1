"""Actors, roles and rights."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from setten.platform.errors import Conflict, Denied, Invalid, NotFound, Unauthenticated


class Right(StrEnum):
    """What a role may do. A surface asks for a right, never for a role."""

    read_customers = "read_customers"
    reveal_personal = "reveal_personal"
    link_customers = "link_customers"
    write_notes = "write_notes"
    read_stock = "read_stock"
    hold = "hold"
    hand_over = "hand_over"
    take_returns = "take_returns"
    decide_returns = "decide_returns"
    approve_stock = "approve_stock"
    read_data = "read_data"
    mend_data = "mend_data"
    manage_sources = "manage_sources"
    manage_staff = "manage_staff"
    manage_stages = "manage_stages"
    manage_segments = "manage_segments"
    manage_identity = "manage_identity"
    read_audit = "read_audit"


_FLOOR = frozenset(
    {
        Right.read_customers,
        Right.reveal_personal,
        Right.write_notes,
        Right.read_stock,
        Right.hold,
        Right.hand_over,
        Right.take_returns,
    }
)
_RIGHTS: dict[str, frozenset[Right]] = {
    "associate": _FLOOR,
    "shop_manager": _FLOOR | {Right.approve_stock, Right.decide_returns, Right.link_customers},
    "agent": _FLOOR | {Right.link_customers},
    "marketer": frozenset(
        {Right.read_stock, Right.read_data, Right.manage_stages, Right.manage_segments}
    ),
    "cx_manager": frozenset(
        {Right.read_customers, Right.read_stock, Right.read_data, Right.manage_segments}
    ),
    "executive": frozenset({Right.read_stock, Right.read_data}),
    "engineer": frozenset(
        {Right.read_stock, Right.read_data, Right.mend_data, Right.manage_sources}
    ),
    "privacy_officer": frozenset(
        {
            Right.read_customers,
            Right.reveal_personal,
            Right.read_data,
            Right.link_customers,
            Right.manage_identity,
            Right.read_audit,
        }
    ),
    "admin": frozenset(Right),
}
ROLES: tuple[str, ...] = tuple(_RIGHTS)
SCOPES: tuple[str, ...] = ("server", "agent", "public")


class BadCredentials(Unauthenticated):
    """Login and password do not fit; which of them is not said."""

    code = "bad_credentials"


class LinkUsed(Unauthenticated):
    """This sign-in link was used or is too old."""

    code = "link_used"


class NoRight(Denied):
    """The role does not carry this right, or the shop is another."""

    code = "no_right"


class LoginTaken(Conflict):
    """Somebody has this login already."""

    code = "login_taken"


class UnknownStaff(NotFound):
    """There is no such member of staff."""

    code = "unknown_staff"


class BadStaff(Invalid):
    """A login or a name cannot be kept. facts: why."""

    code = "bad_staff"


class LastAdmin(Conflict):
    """Without this person nobody could let others in."""

    code = "last_admin"


class WeakPassword(Invalid):
    """The password is too short or too common."""

    code = "weak_password"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts: a member of staff, a program with a key, or the system itself."""

    kind: Literal["staff", "key", "system"]
    id: str
    name: str
    role: str = ""
    scope: str = ""
    locale: str = "ja"
    theme: str = "system"
    locations: tuple[str, ...] = ()

    def may(self, right: Right) -> bool:
        """Whether this person's role carries the right. Keys are guarded by scope instead."""
        return right in _RIGHTS.get(self.role, frozenset())

    def may_at(self, location_id: str) -> bool:
        """Whether this person works for the place; those without shops work for all."""
        return not self.locations or location_id in self.locations

    @property
    def label(self) -> str:
        """How the audit names the actor."""
        return f"{self.kind}:{self.id}"


SYSTEM = Actor(kind="system", id="setten", name="Setten", role="admin")


def require(actor: Actor, right: Right) -> None:
    """Raises NoRight when the actor's role does not carry the right."""
    if not actor.may(right):
        raise NoRight(right=right.value)


def require_location(actor: Actor, location_id: str) -> None:
    """Raises NoRight when the actor works for other shops."""
    if not actor.may_at(location_id):
        raise NoRight(right="location")
