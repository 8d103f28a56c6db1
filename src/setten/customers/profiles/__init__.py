"""One view of a customer: who she is, what she told us, what she has done, in a few queries."""

from setten.customers.profiles.model import (
    BoughtThrough,
    Figures,
    IdentifierShown,
    Profile,
    Viewed,
)
from setten.customers.profiles.service import (
    NOT_HERS,
    figures,
    get,
    get_all,
    get_many,
    opened,
    parts,
    told,
)

__all__ = [
    "NOT_HERS",
    "BoughtThrough",
    "Figures",
    "IdentifierShown",
    "Profile",
    "Viewed",
    "figures",
    "get",
    "get_all",
    "get_many",
    "opened",
    "parts",
    "told",
]
