"""Promises for a region: held at once, pinned to a place later.

Who asks for "any shop near here" or "whoever can send it" is promised the units of the whole region
(`place`). They are held on rows of its places like those of any hold, so nothing that is promised
elsewhere knows of regions; but no shop has them in its queue, and when a till sells one of them
another place keeps it. `route` pins them: the fewest places, then the nearest. A place that cannot
is left out and the others are asked again (`route` with `refuses`).
"""

from setten.stock.regions.asking import RegionalAsk, place
from setten.stock.regions.model import (
    LINES_MAX,
    NAMES_MAX,
    PLACES_MAX,
    REASONS,
    REGIONS_MAX,
    ROUTE_AFTER,
    BadRegion,
    NotRegional,
    PickedAlready,
    Point,
    Region,
    Regional,
    UnknownRegion,
    Where,
)
from setten.stock.regions.naming import list_all, put
from setten.stock.regions.routing import (
    PAGE_MAX,
    Routed,
    count_unplaced,
    find_many,
    route,
    route_all,
    unplaced,
)

__all__ = [
    "LINES_MAX",
    "NAMES_MAX",
    "PAGE_MAX",
    "PLACES_MAX",
    "REASONS",
    "REGIONS_MAX",
    "ROUTE_AFTER",
    "BadRegion",
    "NotRegional",
    "PickedAlready",
    "Point",
    "Region",
    "Regional",
    "RegionalAsk",
    "Routed",
    "UnknownRegion",
    "Where",
    "count_unplaced",
    "find_many",
    "list_all",
    "place",
    "put",
    "route",
    "route_all",
    "unplaced",
]
