"""What is short, what can be spared, and which move helps most."""

from __future__ import annotations

from collections.abc import Iterable

from setten.stock.cover.model import FILL_DAYS, KEEP_DAYS, PACE_DAYS, Cover, Proposal


def lasts(promisable: int, sold_28: int) -> float | None:
    """Days that units last at the pace of four weeks; None where nothing is sold."""
    return None if sold_28 <= 0 else max(0, promisable) * PACE_DAYS / sold_28


def needed(row: Cover) -> int:
    """Units that make a row last FILL_DAYS."""
    return max(0, _pace(row, FILL_DAYS) - max(0, row.promisable))


def spare(row: Cover) -> int:
    """Units that a row can give and still last KEEP_DAYS; what is not sold there can all go."""
    return max(0, row.promisable - _pace(row, KEEP_DAYS))


def _pace(row: Cover, days: int) -> int:
    """Units sold in so many days, rounded up; in whole numbers, as a float may say one too many."""
    return -(-row.sold_28 * days // PACE_DAYS)


def propose(short: Cover, others: Iterable[Cover]) -> Proposal | None:
    """The move that fills a short row best: from where most can be spared, dead stock first."""
    able = [row for row in others if row.location_id != short.location_id and spare(row) > 0]
    if not able or not (wanted := needed(short)):
        return None
    source = max(able, key=lambda row: (min(spare(row), wanted), row.is_dead, spare(row),
                                        row.location_id))  # fmt: skip
    qty = min(wanted, spare(source))
    return Proposal(
        sku=short.sku,
        from_location=source.location_id,
        to_location=short.location_id,
        qty=qty,
        from_before=source.days,
        from_after=lasts(source.promisable - qty, source.sold_28),
        to_before=short.days,
        to_after=lasts(short.promisable + qty, short.sold_28),
    )
