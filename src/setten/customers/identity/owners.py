"""Whose identifiers are, as a process that asks with every batch of events remembers it."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from setten.customers.identity.gathering import Q
from setten.customers.identity.service import customers_for
from setten.facts.ids import CustomerId
from setten.platform.db import Connection

# Some 150 bytes each. Of more visitors than this at a time all are asked about anew.
KEPT_MAX = 262_144
_NOTHING_YET = 2**62  # beyond every move: of who remembers nothing none makes a difference


class Owners:
    """Owners of identifiers, of one database.

    True as of the moment it is asked: what has changed hands since the last time is heard of first.
    Whoever changes who is whom by hand or by a rule, or deletes, makes it begin anew.
    """

    def __init__(self) -> None:
        self._token: UUID | None = None
        self._heard = _NOTHING_YET  # up to which move
        self._known: dict[int, CustomerId] = {}

    async def of(self, conn: Connection, numbers: Collection[int]) -> dict[int, CustomerId]:
        """Whose each identifier is; those that identity has not read yet are absent."""
        await self._hear(conn)
        known = self._known
        if len(known) > KEPT_MAX:
            known.clear()
        if missing := [one for one in numbers if one not in known]:
            known |= await customers_for(conn, missing)
        return {one: known[one] for one in numbers if one in known}

    async def _hear(self, conn: Connection) -> None:
        row = await Q.moves.one(conn, heard=self._heard)
        was_missed = row["first"] > self._heard + 1 or row["last"] < self._heard
        if was_missed or row["token"] != self._token:
            self._known.clear()
            self._token = row["token"]
        for one in row["moved"]:
            self._known.pop(one, None)
        self._heard = row["last"]
