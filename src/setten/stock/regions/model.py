"""Regions, promises for them, and the refusals a caller may meet."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound

REGIONS_MAX = 200  # a call, and a list: a chain names its areas, not its streets
PLACES_MAX = 1_000  # of one region; twice the places of the largest chain we plan for
NAMES_MAX = 200  # characters
LINES_MAX = 20  # of a promise for a region: each is looked at in all its places
# Why a place cannot keep what was routed to it; of the first two its stock learns something.
REASONS = ("not_on_shelf", "damaged", "no_time", "closed")
# Whoever asked may say where; after this a job does, so that no promise waits unseen.
ROUTE_AFTER = timedelta(minutes=5)


class UnknownRegion(NotFound):
    """There is no such region."""

    code = "unknown_region"


class BadRegion(Conflict):
    """This names no places. facts: why (form, nowhere, lines, place)."""

    code = "bad_region"


class NotRegional(Conflict):
    """The hold was made for a place, not for a region."""

    code = "not_regional"


class PickedAlready(Conflict):
    """Some of it lies in a bag: what is picked stays where it is."""

    code = "picked_already"


class Region(msgspec.Struct, frozen=True, kw_only=True):
    """A named group of places."""

    region_id: str
    name_ja: str
    name_en: str
    location_ids: tuple[str, ...] = ()


class Point(msgspec.Struct, frozen=True):
    """Degrees."""

    lat: float
    lon: float


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """A region as a caller says it: a named one, all places within a way of a point, or (neither)
    wherever goods are sent from. near also says from where the way is measured when it is routed.
    """

    region_id: str | None = None
    near: Point | None = None
    radius_km: float | None = None


class Regional(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a hold that was asked of a region. region_id: None for one near a point."""

    hold_id: UUID
    location_ids: tuple[str, ...]
    region_id: str | None
    rejected: tuple[str, ...]
    lat: float | None
    lon: float | None
    asked_at: datetime
    routed_at: datetime | None

    @property
    def is_routed(self) -> bool:
        """Whether it was decided which places keep its goods."""
        return self.routed_at is not None
