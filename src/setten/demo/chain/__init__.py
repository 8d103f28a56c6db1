"""A Japanese home and furniture chain that lives: places, goods, people and what they do.

Pure: a seed and a first day give a world, day by day; nothing here reads or writes anything but
its own word lists. What is true of a person and why something was bought stands in it too; that
part (`truth`) is for judging the product from outside and never enters it.
"""

from setten.demo.chain.business import HOME, Business, UnknownBusiness
from setten.demo.chain.living import Chain
from setten.demo.chain.model import Day, Deed, Good, Kind, Line, Person, Shop, Town

__all__ = [
    "HOME",
    "Business",
    "Chain",
    "Day",
    "Deed",
    "Good",
    "Kind",
    "Line",
    "Person",
    "Shop",
    "Town",
    "UnknownBusiness",
]
