"""What the reader of identity remembers of those it has met, so that it need not ask again.

Of most events nothing is new: the same browser, the same login, linked long ago. What the database
has said of their identifiers together is kept for as long as nobody else has changed who is whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from setten.customers.identity.gathering import Q
from setten.facts.reported import CustomerAliased
from setten.platform import ids
from setten.platform.db import Connection
from setten.platform.log import Row

# Some 250 bytes each. Of more visitors than this at a time some are asked about again.
MET_MAX = 131_072


class Memory:
    """Identifiers as events carry them together, and since when such an event tells nothing new.

    That is: each of them was known, and linked as the event links them, by evidence from before.
    What the reader itself writes makes neither untrue. What others write may: the token is that of
    our last transaction, and whether it was committed is seen at the next one.
    """

    def __init__(self) -> None:
        self._token: UUID | None = None
        self._since: dict[tuple[int, ...], datetime] = {}

    async def begin(self, conn: Connection) -> None:
        """Take the turn of writing who is whom; forget all unless the last token is our own."""
        found = await Q.turn.value(conn)
        if found == self._token:
            return
        self._since.clear()
        self._token = ids.uuid7()
        await Q.pass_on.run(conn, token=self._token)

    def tells_nothing(self, row: Row) -> bool:
        """Whether an event is only more evidence of what is known."""
        since = self._since.get(row.identifiers)
        return (
            since is not None
            and row.occurred_at >= since
            and row.name != CustomerAliased.event_name
        )

    def learn(self, rows: Iterable[Row], *, asked_from: datetime, doubtful: set[int]) -> None:
        """Remember whom the database was asked about and had nothing to say of.

        asked_from: the moment that it was asked for, the earliest of these events. doubtful: those
        who were new or younger, and whose links were.
        """
        if len(self._since) > MET_MAX:
            self._since.clear()
        for row in rows:
            if doubtful.isdisjoint(row.identifiers):
                self._since[row.identifiers] = asked_from
