"""The places of the business by name: what every page of the console asks.

The directory lies in memory, at most a second old; nothing is decided by it.
"""

from __future__ import annotations

from setten.console.page import Asked
from setten.platform.business import Business
from setten.platform.db import Connection
from setten.stock.locations import Directory, Location


def directory_of(request: Asked) -> Directory:
    """This process's directory, made at the first question."""
    state = request.app.state
    if "console_directory" not in state:
        state.console_directory = Directory()
    held = state.console_directory
    assert isinstance(held, Directory)
    return held


def business_of(request: Asked) -> Business:
    """What the business decided of itself, as this process knows it."""
    state = request.app.state
    if "console_business" not in state:
        state.console_business = Business()
    held = state.console_business
    assert isinstance(held, Business)
    return held


def name_of(place: Location, locale: str) -> str:
    """A place in the reader's language."""
    return place.name_ja if locale == "ja" else place.name_en or place.name_ja


class Named:
    """Names of places, ready for a page: an unknown id reads as itself."""

    def __init__(self, directory: Directory, locale: str) -> None:
        self._directory = directory
        self._locale = locale

    def __call__(self, location_id: str | None) -> str:
        """The name of a place, its id when nobody named it, "" for none."""
        if location_id is None:
            return ""
        place = self._directory.find(location_id)
        return name_of(place, self._locale) if place else location_id

    def into(self, locale: str) -> Named:
        """The same names in a language."""
        return Named(self._directory, locale)

    def find(self, location_id: str | None) -> Location | None:
        """The place itself."""
        return self._directory.find(location_id) if location_id else None

    def every(self, most: int) -> list[Location]:
        """Up to so many places, by id."""
        found = (self._directory.find(one) for one in self._directory.first(most))
        return [place for place in found if place is not None]

    def shops(self) -> list[Location]:
        """The places a customer can go to."""
        return self.of_kind("shop")

    def of_kind(self, kind: str) -> list[Location]:
        """The places of a kind, by id."""
        return self._directory.of_kind(kind)


async def named(request: Asked, conn: Connection, locale: str) -> Named:
    """Names in this reader's language, fresh."""
    return Named(await directory_of(request).fresh(conn), locale)
