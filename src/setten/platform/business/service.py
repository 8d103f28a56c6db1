"""Reading and changing what a business decided of itself."""

from __future__ import annotations

import time
import unicodedata
from datetime import datetime

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.errors import Invalid

_Q = db.load(__file__)
FRESH_S = 1.0  # how long a process may not know of a change
NAME_MAX = 60
"""Characters: it stands in the title of every page."""
LOCALES = ("ja", "en")
CHANGES_SHOWN = 10
_NAMES = ("name", "locale")


class BadChoice(Invalid):
    """A value that cannot be. facts: setting."""

    code = "bad_choice"


class Choices(msgspec.Struct, frozen=True):
    """What was decided; "" where nothing was: then the installation's own settings hold."""

    name: str = ""
    locale: str = ""


class Change(msgspec.Struct, frozen=True):
    """Somebody changed a choice. name: of the choice; was, is_now: "" for none."""

    name: str
    was: str
    is_now: str
    actor: str
    at: datetime


class Business:
    """The choices in memory, at most a second old. One per process."""

    def __init__(self) -> None:
        self._looked_at = -FRESH_S
        self._choices = Choices()

    async def fresh(self, conn: Connection) -> Choices:
        """What holds now (one small query a second)."""
        moment = time.monotonic()
        if moment - self._looked_at >= FRESH_S:
            self._choices = await read(conn)
            self._looked_at = moment
        return self._choices

    def forget(self) -> None:
        """Look again at the next question: this process itself has changed them."""
        self._looked_at = -FRESH_S


async def read(conn: Connection) -> Choices:
    """What holds now."""
    return Choices(**{row["name"]: row["value"] for row in await _Q.choices.all(conn)})


async def change(
    conn: Connection, asked: Choices, *, seen: Choices, actor: str, now: datetime
) -> list[str]:
    """Set what differs from what was `seen`; the names of what was changed. Raises BadChoice.

    What another changed meanwhile stays where the asker left it as it was. Of two who change the
    same at once the later holds, and both stand among the changes.
    """
    asked = Choices(name=unicodedata.normalize("NFC", asked.name.strip()), locale=asked.locale)
    if len(asked.name) > NAME_MAX or not asked.name.isprintable():
        raise BadChoice(setting="name")
    if asked.locale not in ("", *LOCALES):
        raise BadChoice(setting="locale")
    await _Q.lock.value(conn)
    old, changed = await read(conn), []
    for name in _NAMES:
        was, is_now = getattr(old, name), getattr(asked, name)
        if is_now not in (was, getattr(seen, name)):
            await _Q.put.run(conn, name=name, value=is_now, now=now)
            await _Q.note.run(conn, name=name, was=was, is_now=is_now, actor=actor, now=now)
            changed.append(name)
    return changed


async def changes(conn: Connection) -> list[Change]:
    """The last changes, newest first, up to CHANGES_SHOWN."""
    return [Change(**dict(row)) for row in await _Q.changes.all(conn, most=CHANGES_SHOWN)]
