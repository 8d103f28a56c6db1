"""Who delivers to this postcode, when, for how much.

Zones are sets of postcode prefixes; a service carries goods from one place to one zone, with a
cut-off hour, days on the way and a fee. What a shop of ours has is `stock.availability`'s to say.
"""

from setten.stock.delivery.model import (
    LINES_MAX,
    PREFIXES_MAX,
    SERVICES_MAX,
    ZONES_MAX,
    BadPostcode,
    Excluded,
    Option,
    Quote,
    Service,
    UnknownService,
    UnknownZone,
    Wanted,
    Zone,
)
from setten.stock.delivery.rerouting import from_elsewhere
from setten.stock.delivery.rules import CLASS, LEAD_DAYS_MAX, PARCEL, postcode
from setten.stock.delivery.service import (
    options,
    origins,
    put_services,
    put_zones,
    remove_service,
    remove_zone,
    service,
    services,
    zone,
    zone_of,
    zones,
)

__all__ = [
    "CLASS",
    "LEAD_DAYS_MAX",
    "LINES_MAX",
    "PARCEL",
    "PREFIXES_MAX",
    "SERVICES_MAX",
    "ZONES_MAX",
    "BadPostcode",
    "Excluded",
    "Option",
    "Quote",
    "Service",
    "UnknownService",
    "UnknownZone",
    "Wanted",
    "Zone",
    "from_elsewhere",
    "options",
    "origins",
    "postcode",
    "put_services",
    "put_zones",
    "remove_service",
    "remove_zone",
    "service",
    "services",
    "zone",
    "zone_of",
    "zones",
]
