"""Where people live, as coarse as a square of about a kilometre.

The address stays in the vault. What is kept beside it is a point rounded to 0.01°, from the
coordinates of the address or from its postal code, whose points a business brings in once.
"""

from setten.customers.homes.model import BadPostcodes, Home, PostcodesRead
from setten.customers.homes.reader import READER, readers, work_out_again
from setten.customers.homes.service import of, put_postcodes, read_postcodes

__all__ = [
    "READER",
    "BadPostcodes",
    "Home",
    "PostcodesRead",
    "of",
    "put_postcodes",
    "read_postcodes",
    "readers",
    "work_out_again",
]
