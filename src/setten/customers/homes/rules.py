"""From an address to a coarse point. Plain functions."""

from __future__ import annotations

import csv
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from setten.customers.homes.model import BadPostcodes, Point

# Traits in which clients say where somebody lives, the most telling first.
FIELDS = ("address", "home_address", "postal_code", "postalcode", "postcode", "zip", "郵便番号")
_CODE_KEYS = ("postal_code", "postalcode", "postcode", "zip", "zipcode", "郵便番号")
_LAT_KEYS, _LON_KEYS = ("lat", "latitude"), ("lon", "lng", "longitude")
CODE_CHARS_MAX = 12
# Of a code without a point of its own, the area of the code's beginning stands in: five digits of
# seven are a town, three a delivery district.
BEGINNINGS = (5, 3)
CELL = 100  # squares a degree


def code_of(said: Any) -> str | None:
    """A postal code as it is kept: digits and letters only; None where there is none."""
    if not isinstance(said, str):
        return None
    flat = "".join(c for c in unicodedata.normalize("NFKC", said) if c.isalnum()).upper()
    return flat if 3 <= len(flat) <= CODE_CHARS_MAX and any(map(str.isdigit, flat)) else None


def rounded(lat: Any, lon: Any) -> Point | None:
    """A point as coarse as it is kept; None for what is no place."""
    try:
        north, east = float(lat), float(lon)
    except (TypeError, ValueError):
        return None
    if not (math.isfinite(north) and math.isfinite(east)):
        return None
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    return Point(round(north * CELL) / CELL, round(east * CELL) / CELL)


def point_in(value: Any) -> Point | None:
    """The coordinates that an address brings itself."""
    if not isinstance(value, dict):
        return None
    keys = {_flat(key): one for key, one in value.items() if isinstance(key, str)}
    lat = next((keys[key] for key in _LAT_KEYS if key in keys), None)
    lon = next((keys[key] for key in _LON_KEYS if key in keys), None)
    return rounded(lat, lon)


def code_in(field: str, value: Any) -> str | None:
    """The postal code of an address, or of a trait that is one."""
    if isinstance(value, dict):
        keys = {_flat(key): one for key, one in value.items() if isinstance(key, str)}
        found = next((keys[_flat(key)] for key in _CODE_KEYS if _flat(key) in keys), None)
        return code_of(found)
    return code_of(value) if _flat(field) in {_flat(key) for key in _CODE_KEYS} else None


def _flat(key: str) -> str:
    return "".join(c for c in key if c.isalnum()).casefold()


def candidates(code: str) -> list[str]:
    """A code and the beginnings that may stand in for it, the nearest first."""
    return [code, *(code[:n] for n in BEGINNINGS if n < len(code))]


def read_lines(lines: Iterable[str]) -> Iterator[tuple[str, Point] | None]:
    """Codes with points, None for each line that has none.

    Either a CSV with the columns postcode, lat, lon, or the tab-separated form of GeoNames.
    Raises BadPostcodes.
    """
    rows = iter(lines)
    first = next(rows, "").lstrip("\ufeff")
    if first.count("\t") >= 10:
        for line in [first, *rows]:
            cells = line.rstrip("\r\n").split("\t")
            yield _pair(cells[1], cells[9], cells[10]) if len(cells) > 10 else None
        return
    header = [_flat(cell) for cell in next(csv.reader([first]), [])]
    where = [
        next((n for n, cell in enumerate(header) if cell in keys), None)
        for keys in (set(map(_flat, _CODE_KEYS)), set(_LAT_KEYS), set(_LON_KEYS))
    ]
    code, lat, lon = where
    if code is None or lat is None or lon is None:
        raise BadPostcodes(columns="postcode, lat, lon")
    for cells in csv.reader(rows):
        most = max(code, lat, lon)
        yield _pair(cells[code], cells[lat], cells[lon]) if len(cells) > most else None


def _pair(code: str, lat: str, lon: str) -> tuple[str, Point] | None:
    found, point = code_of(code), rounded(lat, lon)
    return (found, point) if found and point else None


def with_areas(points: Mapping[str, Point]) -> dict[str, Point]:
    """The codes and, for each beginning of some, the middle of all that begin so."""
    sums: dict[str, list[float]] = {}
    for code, point in points.items():
        for n in BEGINNINGS:
            if n < len(code):
                total = sums.setdefault(code[:n], [0.0, 0.0, 0.0])
                total[0] += point.lat
                total[1] += point.lon
                total[2] += 1
    areas = {
        code: found
        for code, (lat, lon, n) in sums.items()
        if (found := rounded(lat / n, lon / n)) is not None
    }
    return {**areas, **points}
