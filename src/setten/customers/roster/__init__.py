"""The list of everybody of whom more is known than a browser: what people look through it by.

A row holds stage, shop, last touch, worth and reach of a customer, never who she is. A reader of
the facts that change it notes whose row is old, and a calm job writes it anew; a mere visit changes
only the last touch, which comes by night.
"""

from setten.customers.roster.keeping import begin_walk, list_everybody, work
from setten.customers.roster.model import PAGE_MAX, Known, Sought
from setten.customers.roster.reader import READER, readers
from setten.customers.roster.service import currency, listed

__all__ = [
    "PAGE_MAX",
    "READER",
    "Known",
    "Sought",
    "begin_walk",
    "currency",
    "list_everybody",
    "listed",
    "readers",
    "work",
]
