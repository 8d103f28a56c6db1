"""A home, and what reading a file of postal codes gave."""

from __future__ import annotations

from datetime import datetime

import msgspec

from setten.platform.errors import Invalid


class Home(msgspec.Struct, frozen=True):
    """The corner of a square of 0.01° in which somebody lives, and when that was said."""

    lat: float
    lon: float
    occurred_at: datetime


class Point(msgspec.Struct, frozen=True):
    """A place in degrees, rounded to what is kept."""

    lat: float
    lon: float


class PostcodesRead(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of a file: how many gave a code its point, and how many could not be used."""

    codes: int
    refused: int


class BadPostcodes(Invalid):
    """The file is not one of postal codes with points."""

    code = "bad_postcodes"
