"""Customers and CRM contacts: each row is somebody telling who they are, as an identify call does.

So a row goes the way of every event: what is personal to the vault, the rest to the log, and who
is whom is identity's to decide. A row that comes again unchanged is the same event.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from setten.imports import addresses, telling
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import DAY, MOMENT, Field
from setten.imports.model import BadRow, Values
from setten.platform.db import Connection
from setten.platform.vault import UnusableIdentifier, normalise

WHO = (
    Field("user_id", "code"),
    Field("loyalty_card", "code"),
    Field("email", "code"),
    Field("phone", "phone"),
    Field("line_id", "code"),
    Field("contact_id", "code"),
)
_REST = (
    Field("name"),
    Field("last_name"),
    Field("first_name"),
    Field("kana", "kana"),
    Field("last_name_kana", "kana"),
    Field("first_name_kana", "kana"),
    Field("birthday", DAY),
    Field("gender"),
    Field("postal_code", "postcode"),
    Field("prefecture"),
    Field("city"),
    Field("street"),
    Field("building"),
    Field("address"),
    Field("updated_at", MOMENT),
    Field("registered_at", MOMENT),
)
_IDENTIFIERS = ("user_id", "loyalty_card", "email", "phone", "line_id")
_SPOKEN = ("name", "last_name", "first_name", "kana", "last_name_kana", "first_name_kana",
           "gender", "postal_code", "email", "phone", "loyalty_card", "line_id")  # fmt: skip


class Person(msgspec.Struct, frozen=True, gc=False):
    """One row, read: an identify call, and the fields whose value stands for nobody.

    joined: where the row was true later than they came, a call that names them on that first day.
    """

    call: bytes
    joined: bytes | None
    unused: tuple[str, ...]


class Customers(Kind):
    """Customers of a shop's own system, one a row."""

    name = "customers"
    fields = (*WHO, *_REST)
    rows_a_commit = 2_000
    keeps_more = True
    stands_alone = True

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._system = setup.options.system or setup.columns.system or "import"
        self._told = telling.Telling(setup.vault, self.name, self._system)
        self._channel = setup.options.channel or "other"

    async def prepare(self, conn: Connection, *, now: datetime) -> None:
        """A source whose word this is."""
        await self._told.open(conn, [self._channel], setup=self.setup, now=now)

    def read(self, row: Values) -> Person:
        """A row as an identify call."""
        found = self.reader.read(row)
        event = identify(found, self.reader.more(row))
        unused = unusable(found)
        first = first_day(found, unused)
        joined = None if first is None else self._told.sealed_id(first)
        return Person(self._told.sealed_id(event), joined, unused)

    async def take(self, conn: Connection, rows: Sequence[Person], *, now: datetime) -> Taken:
        """Take people in as what they told."""
        told = [(self._channel, row.call) for row in rows]
        told += [(self._channel, row.joined) for row in rows if row.joined is not None]
        outcomes = await self._told.take(conn, told, now=now)
        return Taken([
            replace(outcome, unused=row.unused) if row.unused and not outcome.faults else outcome
            for row, outcome in zip(rows, outcomes, strict=False)  # the first days follow
        ])  # fmt: skip


class Contacts(Customers):
    """Contacts of a CRM. Their own ids are no login: they join a contact and its activities."""

    name = "contacts"


def who(found: dict[str, Any]) -> dict[str, Any]:
    """The identifiers of a row where an event has them. Raises BadRow when there is none."""
    event: dict[str, Any] = {}
    if "user_id" in found:
        event["userId"] = found["user_id"]
    if "contact_id" in found:
        event["anonymousId"] = f"crm-{found['contact_id']}"
    traits = {k: found[k] for k in ("email", "phone", "loyalty_card", "line_id") if k in found}
    if not event and not traits:
        raise BadRow("no_identifier")
    if traits:
        event["context"] = {"traits": traits}
    return event


def first_day(found: dict[str, Any], unused: Sequence[str]) -> dict[str, Any] | None:
    """A call of the day on which somebody registered, where the row says a later word of them.

    By their strongest identifier alone: so it stays the same event when the rest changes.
    """
    since, at = found.get("registered_at"), found.get("updated_at")
    if since is None or at is None or since >= at:
        return None
    named = (one.name for one in WHO if one.name in found and one.name not in unused)
    strongest = next(named, None)
    if strongest is None:
        return None
    event = who({strongest: found[strongest]})
    traits = event.pop("context", {}).get("traits", {})
    return event | {"type": "identify", "traits": traits, "timestamp": since.isoformat()}


def unusable(found: dict[str, Any]) -> tuple[str, ...]:
    """Identifiers of a row that stand for nobody: a mail address with two @, a phone of zeros.

    The rest of the row is good; whoever has the file is told how many there are.
    """
    wrong = []
    for field in _IDENTIFIERS:
        if field in found:
            try:
                normalise(field, found[field])
            except UnusableIdentifier:
                wrong.append(field)
    return tuple(wrong)


def identify(found: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """An identify call of what a row says. Raises BadRow when nobody can be meant."""
    event = who(found)
    event.pop("context", None)
    traits = more | {key: found[key] for key in _SPOKEN if key in found}
    if "birthday" in found:
        traits["birthday"] = found["birthday"].isoformat()
    address = addresses.whole(found)
    if address:
        traits["address"] = address
    event |= {"type": "identify", "traits": traits}
    at = found.get("updated_at") or found.get("registered_at")
    if at is not None:
        event["timestamp"] = at.isoformat()
    return event
