"""How often one member of staff looks for people, finds them, and says codes that are nobody's.

Far above what a busy counter needs: a customer every two seconds of a minute, and two a minute
through a whole shift. Who copies a register out comes to an end here.
"""

from __future__ import annotations

from collections.abc import Sequence

from setten.console.page import Page
from setten.customers.identity import Found
from setten.platform import audit, db
from setten.platform.audit import Pace, TooOften
from setten.platform.db import Connection, Pool

ASKED = Pace("find.asked", per_minute=300, per_day=8_000)
"""Questions after people: the finder asks again while somebody types."""

FOUND = Pace("find.found", per_minute=30, per_day=1_000)
"""People opened by a whole card, phone, mail address or id."""

MISSED = Pace("code.missed", per_minute=30, per_day=1_000)
"""Codes that nothing has. Half of a phone number that is being typed looks like one."""


async def count(conn: Connection, page: Page, pace: Pace, times: int = 1) -> TooOften | None:
    """Count it for who is at this page; the refusal, to be raised when the count is committed."""
    today = page.shown().now.date()
    return await audit.count(conn, page.who, pace, times=times, now=page.now, today=today)


async def take(pool: Pool, page: Page, pace: Pace, times: int = 1) -> None:
    """Count it for good, then refuse. Raises TooOften."""
    async with db.transaction(pool) as conn:
        refusal = await count(conn, page, pace, times)
    if refusal is not None:
        raise refusal


async def take_found(pool: Pool, page: Page, found: Sequence[Found]) -> None:
    """Before anybody is shown: those of the found who were opened by a whole value. Raises
    TooOften."""
    if exact := sum(one.by != "search" for one in found):
        await take(pool, page, FOUND, exact)
