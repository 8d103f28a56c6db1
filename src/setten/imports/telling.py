"""Rows that are events: taken in by ingest as if their system had sent them.

The id of each is a keyed hash of what it says, so that the same row is the same event for ever,
and the hash tells nobody what it was made of.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from setten.customers import ingest
from setten.customers.ingest import BadEvent, Source
from setten.imports.kind import Setup
from setten.imports.model import NEW, SAME, Outcome, refused
from setten.platform import ids
from setten.platform.db import Connection
from setten.platform.vault import Identifier, Vault

TRIED_MAX = 2_000_000  # rows of a dry run that are known again, in some 150 MB
_encode = msgspec.json.Encoder().encode


class Telling:
    """Takes events in under the sources of one kind and system, one for each channel."""

    def __init__(self, vault: Vault, kind: str, system: str) -> None:
        self._vault = vault
        self._kind = kind
        self._system = system
        self._named = f"import {kind} {system}"
        self._sources: dict[str, Source] = {}
        self._tried: set[int] | None = None

    async def open(
        self,
        conn: Connection,
        channels: Sequence[str],
        *,
        setup: Setup,
        now: datetime,
        is_record: bool = False,
    ) -> None:
        """Find or make a source for each channel. Raises BadSource."""
        if setup.options.is_dry and self._tried is None:
            self._tried = set()
        listed = await ingest.sources.list_all(conn)
        known = {one.name: one for one, _ in listed if one.revoked_at is None}
        for channel in channels:
            name = f"import {self._kind} {self._system} {channel}"[:100]
            self._sources[channel] = known.get(name) or await ingest.sources.create(
                conn,
                name=name,
                channel=channel,
                write_key=ids.token(),
                now=now,
                system=self._system,
                is_record=is_record,
                currency=setup.columns.currency.upper(),
            )

    def sealed_id(self, event: dict[str, Any], *, own_id: str | None = None) -> bytes:
        """The event as bytes, named by a keyed hash of itself, or of the id its system gave it."""
        said = _encode(event)
        named = said.decode() if own_id is None else own_id
        token = self._vault.token(Identifier(self._named, named))
        # Behind what is encoded already: nobody sends a messageId and an id of the file's.
        return b'%b,"messageId":"%b"}' % (said[:-1], str(token).encode())

    async def take(
        self, conn: Connection, rows: Sequence[tuple[str, bytes]], *, now: datetime
    ) -> list[Outcome]:
        """Take in events, each with its channel; what came of each, in order."""
        told = [(self._sources[channel], raw) for channel, raw in rows]
        answers = await ingest.take_rows(conn, self._vault, told, now=now)
        outcomes = [_outcome(answer) for answer in answers]
        return outcomes if self._tried is None else self._as_once(rows, outcomes, self._tried)

    def _as_once(
        self, rows: Sequence[tuple[str, bytes]], outcomes: list[Outcome], tried: set[int]
    ) -> list[Outcome]:
        """What would come of rows if those before were there: a dry run took them back."""
        found = []
        for (_, raw), outcome in zip(rows, outcomes, strict=True):
            known = hash(raw)
            found.append(SAME if outcome is NEW and known in tried else outcome)
            if outcome is NEW and len(tried) < TRIED_MAX:
                tried.add(known)
        return found


def _outcome(answer: ingest.Taken | BadEvent) -> Outcome:
    if isinstance(answer, BadEvent):
        return refused(answer.reason, answer.field)
    return NEW if answer.new else SAME
