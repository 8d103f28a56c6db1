"""Finding one's way: the halves of the rail, the pages of the bar, the places of the thumb bar.

What a person may not open is not shown; what does not exist yet is not shown to anybody.
"""

from __future__ import annotations

import msgspec

CUSTOMER_ROLES = frozenset(
    {"associate", "agent", "shop_manager", "marketer", "cx_manager", "privacy_officer", "admin"}
)
"""Who may see customers as persons."""

HOLD_ROLES = frozenset({"associate", "agent", "shop_manager", "cx_manager", "admin"})
"""Customer-facing: these read all stock and may promise it."""

DATA_ROLES = frozenset({"engineer", "admin"})
"""Who may mend data and hand out keys."""

STOCK_ROLES = HOLD_ROLES | {"marketer", "engineer"}

HOMES = {
    "associate": "/stock/pickup",
    "shop_manager": "/stock/pickup",
    "engineer": "/run/data",
}


class Link(msgspec.Struct, frozen=True):
    """One way to somewhere: a key of words, an icon, an address."""

    word: str
    href: str
    icon: str = ""
    is_current: bool = False


def home_of(role: str) -> str:
    """The first screen of a role."""
    return HOMES.get(role, "/customers")


def halves(role: str, path: str) -> list[Link]:
    """The tabs of the rail that this role may open."""
    links = []
    if role in CUSTOMER_ROLES:
        here = path.startswith(("/customers", "/events", "/find"))
        links.append(Link("half.customers", "/customers", "customer", here))
    if role in STOCK_ROLES:
        links.append(Link("half.stock", "/stock", "stock", path.startswith("/stock")))
    return links


def pages(role: str, path: str) -> list[Link]:
    """The pages of the half one stands in."""
    found: list[Link] = []
    if path.startswith("/stock") and role in STOCK_ROLES:
        found = [Link("nav.matrix", "/stock/items"), Link("nav.pickup", "/stock/pickup")]
    elif path.startswith("/run") or path == "/patterns":
        found = [Link("nav.data", "/run/data"), Link("nav.patterns", "/patterns")]
    elif path == "/me":
        found = [Link("nav.me", "/me")]
    elif role in CUSTOMER_ROLES:
        found = [Link("nav.find", "/customers")]
    return [msgspec.structs.replace(link, is_current=_is_in(path, link.href)) for link in found]


def places(role: str, path: str) -> list[Link]:
    """The places of the thumb bar, scan in the middle for those who stand in a shop."""
    found = []
    if role in CUSTOMER_ROLES:
        found.append(Link("half.customers", "/customers", "customer"))
    if role in HOLD_ROLES:
        found.append(Link("nav.pickup", "/stock/pickup", "hold"))
        found.insert(1, Link("nav.scan", "/find", "scan"))
    if role in STOCK_ROLES:
        found.append(Link("half.stock", "/stock/items", "stock"))
    if role in DATA_ROLES:
        found.append(Link("half.run", "/run/data", "ops"))
    found.append(Link("nav.me", "/me", "more"))
    return [msgspec.structs.replace(link, is_current=_is_in(path, link.href)) for link in found]


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
    if path.startswith("/customers/"):
        keys += [("H", "keys.hold"), ("C", "keys.note_on"), ("N", "keys.next_step")]
        keys += [("T", "keys.timeline")]
    if path.startswith("/stock/pickup"):
        keys.append(("B", "keys.scan"))
    return keys


def _is_in(path: str, href: str) -> bool:
    return path == href or path.startswith(href + "/")
