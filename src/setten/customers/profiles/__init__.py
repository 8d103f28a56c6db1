"""One view of a customer: who she is, what she told us, what she has done, in a few queries."""

from setten.customers.profiles.model import (
    BoughtThrough,
    IdentifierShown,
    Profile,
    Viewed,
)
from setten.customers.profiles.service import get, get_all, get_many, opened, parts, told

__all__ = [
    "BoughtThrough",
    "IdentifierShown",
    "Profile",
    "Viewed",
    "get",
    "get_all",
    "get_many",
    "opened",
    "parts",
    "told",
]
