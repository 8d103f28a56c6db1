"""Channels of the log as marks of a page: the family's colour, the member's icon."""

from __future__ import annotations

import msgspec

from setten.console.words import Words


class Mark(msgspec.Struct, frozen=True):
    """A ring on the line: `kind` gives its colour, `sign` its icon, `word` its name."""

    kind: str
    sign: str
    word: str


MARKS: dict[str, tuple[str, str]] = {
    "web": ("web", "web"),
    "browser": ("web", "web"),
    "server": ("web", "web"),
    "online": ("web", "web"),
    "app": ("app", "app"),
    "mobile": ("app", "app"),
    "ios": ("app", "app"),
    "android": ("app", "app"),
    "push": ("app", "push"),
    "line": ("line", "line"),
    "whatsapp": ("line", "line"),
    "messenger": ("line", "line"),
    "mail": ("mail", "mail"),
    "email": ("mail", "mail"),
    "chat": ("chat", "chat"),
    "phone": ("phone", "phone"),
    "sms": ("phone", "sms"),
    "ads": ("ads", "ads"),
    "social": ("social", "social"),
    "store": ("store", "store"),
    "till": ("store", "receipt"),
    "pos": ("store", "receipt"),
    "setten": ("setten", "setten"),
    "console": ("store", "keyboard"),
    "post": ("other", "post"),
    "delivery": ("other", "delivery"),
}

SIGNS = {
    "release.joined": "hold",
    "stock.held": "hold",
    "stock.hold_ready": "hold",
    "stock.hold_extended": "hold",
    "stock.hold_collected": "hold",
    "stock.hold_released": "undo",
    "stock.hold_expired": "clock",
    "stock.hold_short": "alert",
    "receipt.recorded": "receipt",
    "return.recorded": "undo",
    "return.matched": "undo",
    "stock.hold_ends_soon": "clock",
    "cart.reported": "cart",
    "cart.changed": "cart",
    "cart.left": "cart",
    "order.cancelled": "undo",
    "note.written": "edit",
    "products.searched": "search",
    "customer.identified": "customer",
    "customer.aliased": "merge",
    "customer.merged": "merge",
    "customer.split": "branch",
    "purchase.moved": "receipt",
    "customer.stage_changed": "goal",
    "consent.reported": "consent",
    "consent.given": "consent",
    "consent.withdrawn": "consent",
    "coupon.reported": "coupon",
}
"""An event whose own sign says more than its channel's; the colour stays the channel's."""


def mark(channel: str, t: Words, *, event: str = "") -> Mark:
    """The mark of a channel, with the event's own icon where it has one."""
    kind, sign = MARKS.get(channel.lower(), ("other", "info"))
    return Mark(kind, SIGNS.get(event, sign), _word(channel, kind, t))


def _word(channel: str, kind: str, t: Words) -> str:
    """What a channel is called; one without a family by its own name, so that no two look alike."""
    if channel == "console":
        return t("channel.staff")
    own = channel.lower()
    if kind == "other" and own != "other":
        return t(f"channel.{own}") if t.has(f"channel.{own}") else channel
    return t(f"channel.{kind}")
