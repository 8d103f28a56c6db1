"""When goods arrive that are sent from another place than was promised first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from setten.platform import db
from setten.platform.db import Connection
from setten.stock import catalog
from setten.stock.delivery import rules
from setten.stock.delivery.model import Option
from setten.stock.delivery.service import SERVICES_OF_A_ZONE_MAX, service_from
from setten.stock.locations import Directory

_Q = db.load(str(Path(__file__).with_name("rerouting.py")))


async def from_elsewhere(
    conn: Connection,
    directory: Directory,
    service_id: str,
    origin: str,
    skus: Sequence[str],
    *,
    now: datetime,
) -> Option | None:
    """The soonest service from a place to where another service was to go; None where there is none
    that carries all of it. The address itself is sealed: its zone is known by the first service.
    """
    rows = await _Q.beside.all(
        conn, service_id=service_id, origin=origin, most=SERVICES_OF_A_ZONE_MAX
    )
    place = (await directory.fresh(conn)).find(origin)
    if not rows or place is None:
        return None
    items = list((await catalog.find_many(conn, skus)).values())
    offers = [
        option
        for one in map(service_from, rows)
        if not rules.not_carried(one, items)
        and isinstance(option := rules.option(one, place, subtotal_minor=None, now=now), Option)
    ]
    return min(offers, key=lambda one: (one.arrives_to, one.arrives_from, one.service_id),
               default=None)  # fmt: skip
