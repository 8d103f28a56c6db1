"""Resolving everybody anew: after a rule has changed, or to prove that nothing would change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from setten.customers.identity.gathering import Anew, load_nodes
from setten.customers.identity.gathering import Q as STORE
from setten.customers.identity.settling import settle
from setten.platform import clock, db
from setten.platform.db import Pool

Q = db.load(__file__)
# Each part is one short transaction; the live reader takes its turns in between.
PART = 500


async def rebuild(
    pool: Pool,
    *,
    now: Callable[[], datetime] = clock.now,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Resolve every component from its evidence by the rules as they are now.

    Answers how many merges, splits and new customers that made: 0 when the rules are the same.
    progress: told the identifiers looked at so far.
    """
    after, changes, done = 0, 0, 0
    while True:
        async with db.transaction(pool) as conn:
            await STORE.lock.run(conn)
            rows = await Q.next_linked.all(conn, after=after, most=PART)
            if not rows:
                return changes
            numbers = [row["identifier_id"] for row in rows]
            nodes = await load_nodes(conn, numbers)
            change = await settle(conn, {}, nodes, now=now(), again=numbers, anew=Anew())
        changes += len(change.told)
        done += len(numbers)
        if progress is not None:
            progress(done)
        after = numbers[-1]
