"""Finding one's way: the halves of the rail, the pages of the bar, the places of the thumb bar.

What a person may not open is not shown; what does not exist yet is not shown to anybody.
"""

from __future__ import annotations

import re

import msgspec

from setten.console.customers import people
from setten.platform.auth import Actor, Right

PLACES_MAX = 5
"""Of the thumb bar: more, and a thumb misses them."""

SET_UP = ("/stock/delivery", "/stock/releases", "/stock/regions", "/stock/rules")
"""Pages that stand beside the places, as tabs."""

LISTED = ("/customers/all", "/customers/stages", "/customers/segments")
"""Pages of customers that stand beside the finder, not under it."""

HOMES = {
    "associate": "/stock/pickup",
    "shop_manager": "/stock/pickup",
    "engineer": "/run/data",
}
"""Where a role's work lies; everybody else begins with the day."""


class Link(msgspec.Struct, frozen=True):
    """One way to somewhere: a key of words, an icon, an address."""

    word: str
    href: str
    icon: str = ""
    is_current: bool = False
    waiting: int = 0
    """How many promises behind it need a hand."""


def home_of(actor: Actor) -> str:
    """The first screen of this person's role."""
    return HOMES.get(actor.role, "/")


def is_home(path: str) -> bool:
    """Whether a page belongs to the day."""
    return path == "/" or path.startswith("/today")


def _tabs(actor: Actor) -> list[Link]:
    """The first screens of the roles that this person may open."""
    found = [Link("today.everyone", "/")]
    if actor.may(Right.hand_over):
        found.append(Link("today.floor", "/stock/pickup"))
    if actor.may(Right.read_customers):
        found.append(Link("today.service", "/customers"))
    if actor.may(Right.manage_segments):
        found.append(Link("today.marketing", "/customers/segments"))
    if actor.may(Right.read_data):
        found.append(Link("half.run", "/run/data"))
    return found


def halves(actor: Actor, path: str, waiting: int = 0) -> list[Link]:
    """The tabs of the rail that this person may open."""
    links = []
    here = path.startswith(("/customers", "/events", "/find"))
    if actor.may(Right.read_customers):
        links.append(Link("half.customers", "/customers", "customer", here))
    elif actor.may(Right.read_data):
        links.append(Link("half.customers", "/customers/stages", "customer", here))
    if actor.may(Right.read_stock):
        here = path.startswith("/stock")
        links.append(Link("half.stock", "/stock", "stock", here, waiting))
    return links


def pages(actor: Actor, path: str, waiting: int = 0) -> list[Link]:
    """The pages of the half one stands in."""
    found: list[Link] = []
    if is_home(path):
        found = _tabs(actor)
    elif path.startswith("/stock") and actor.may(Right.read_stock):
        found = [Link("nav.matrix", "/stock/items"), Link("nav.orders", "/stock/orders")]
        if actor.may(Right.read_customers):
            found.append(Link("nav.carts", "/stock/carts"))
        if actor.may(Right.hand_over):
            found.append(Link("nav.pickup", "/stock/pickup", waiting=waiting))
            found.append(Link("nav.sending", "/stock/sending"))
            found.append(Link("nav.returns", "/stock/returns"))
            found.append(Link("nav.counts", "/stock/counts"))
            found.append(Link("nav.transfers", "/stock/transfers"))
            found.append(Link("nav.cover", "/stock/cover"))
        if actor.may(Right.approve_stock):
            found.append(Link("nav.disagreements", "/stock/disagreements"))
        found.append(Link("nav.set_up", "/stock/places"))
    elif path.startswith("/run") or path == "/patterns":
        found = [Link("nav.data", "/run/data"), Link("nav.patterns", "/patterns")]
        if actor.may(Right.manage_identity):
            found.insert(1, Link("nav.rules", "/run/identity"))
        if actor.may(Right.manage_staff):
            found[1:1] = [Link("nav.staff", "/run/staff"), Link("nav.api_keys", "/run/keys")]
        if actor.may(Right.read_audit):
            found.insert(-1, Link("nav.audit", "/run/audit"))
        if actor.may(Right.manage_sources):
            found.insert(1, Link("nav.imports", "/run/imports"))
            found.insert(-1, Link("nav.doctor", "/run/doctor"))
            found.insert(-1, Link("nav.installation", "/run/settings"))
            found.insert(-1, Link("nav.start", "/run/start"))
        if not actor.may(Right.read_data):  # she stands before a shut door
            found = [link for link in found if link.href != "/run/data"]
    elif path == "/me":
        found = [Link("nav.me", "/me")]
    elif actor.may(Right.read_customers) or actor.may(Right.read_data):
        if actor.may(Right.read_customers):
            found.append(Link("nav.find", "/customers"))
        if people.may_list(actor):
            found.append(Link("nav.everybody", "/customers/all"))
        found.append(Link("nav.segments", "/customers/segments"))
        found.append(Link("nav.stages", "/customers/stages"))
    return [msgspec.structs.replace(link, is_current=_is_in(path, link.href)) for link in found]


def places(actor: Actor, path: str, waiting: int = 0) -> list[Link]:
    """The places of the thumb bar, scan in the middle for those who stand in a shop."""
    found = [Link("nav.home", "/", "home")]
    if actor.may(Right.read_customers):
        found.append(Link("half.customers", "/customers", "customer"))
    if actor.may(Right.hand_over):
        found.append(Link("nav.scan", "/find", "scan"))
        found.append(Link("nav.pickup", "/stock/pickup", "hold", waiting=waiting))
    if actor.may(Right.read_stock):
        found.append(Link("half.stock", "/stock/items", "stock"))
    if actor.may(Right.read_data) and len(found) < PLACES_MAX - 1:
        found.append(Link("half.run", "/run/data", "ops"))
    if len(found) < PLACES_MAX:
        found.append(Link("nav.settings", "/me", "more"))
    return [msgspec.structs.replace(link, is_current=_is_in(path, link.href)) for link in found]


_PERSON = re.compile(r"/customers/[0-9a-f-]{36}")
_SCANNED = re.compile(r"/customers/[0-9a-f-]{36}/cart|/stock/carts/[^/]+|/stock/returns/unproven")
_FILTERED = frozenset(
    {
        "/customers/segments", "/run/staff", "/stock/delivery", "/stock/items", "/stock/orders",
        "/stock/places", "/stock/releases",
    }
)  # fmt: skip


def key_list(path: str) -> list[tuple[str, str]]:
    """The keys that work on this page, with the key of their words."""
    keys = [
        ("/", "keys.find"),
        ("g h", "keys.home"),
        ("g c", "keys.customers"),
        ("g s", "keys.stock"),
        ("j", "keys.next"),
        ("k", "keys.previous"),
        ("Enter", "keys.open"),
        ("Esc", "keys.close"),
        ("?", "keys.list"),
    ]
    if _PERSON.fullmatch(path):
        keys += [("H", "keys.hold"), ("C", "keys.note_on"), ("N", "keys.next_step")]
        keys += [("T", "keys.timeline"), ("Ctrl Enter", "keys.send")]
    if path in _FILTERED:
        keys.append(("F", "keys.filter"))
    if path.startswith("/stock/pickup"):
        keys.append(("B", "keys.scan"))
    if _SCANNED.fullmatch(path):
        keys.append(("B", "keys.goods"))
    return keys


def _is_in(path: str, href: str) -> bool:
    if href == "/":
        return is_home(path)
    if href == "/stock/pickup" and path.startswith("/stock/holds"):
        return True
    if href == "/customers" and path.startswith(LISTED):
        return False
    if href == "/stock/places" and path.startswith(SET_UP):
        return True
    return path == href or path.startswith(href + "/")
