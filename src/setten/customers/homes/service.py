"""Points of postal codes, and the home of a person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from setten.customers.homes import rules
from setten.customers.homes.model import Home, Point, PostcodesRead
from setten.platform import db
from setten.platform.db import Connection, Pool

Q = db.load(str(Path(__file__).with_name("store.py")))
_CODES_AT_ONCE = 5_000


async def of(conn: Connection, numbers: Sequence[int]) -> Home | None:
    """The home of a person, by all of her identifiers; None where it is not known."""
    row = await Q.of.maybe(conn, identifier_ids=list(numbers))
    is_known = row is not None and row["lat"] is not None
    return Home(row["lat"], row["lon"], row["occurred_at"]) if row and is_known else None


def read_postcodes(lines: Iterable[str]) -> tuple[dict[str, Point], PostcodesRead]:
    """The points of a file's postal codes, areas of their beginnings among them.

    Of a code told twice the last stands. Raises BadPostcodes.
    """
    points: dict[str, Point] = {}
    refused = 0
    for pair in rules.read_lines(lines):
        if pair is None:
            refused += 1
        else:
            points[pair[0]] = pair[1]
    return rules.with_areas(points), PostcodesRead(codes=len(points), refused=refused)


async def put_postcodes(pool: Pool, points: Mapping[str, Point]) -> None:
    """Keep the points of postal codes, some at a time; again is no matter."""
    codes = sorted(points)
    for start in range(0, len(codes), _CODES_AT_ONCE):
        some = codes[start : start + _CODES_AT_ONCE]
        async with db.transaction(pool) as conn:
            await Q.put_postcodes.run(
                conn,
                codes=some,
                lats=[points[code].lat for code in some],
                lons=[points[code].lon for code in some],
            )
