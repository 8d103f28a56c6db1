"""Facts of what is said."""

from __future__ import annotations

from typing import ClassVar

from setten.platform.log import Fact


class NoteWritten(Fact, frozen=True, kw_only=True):
    """A member of staff wrote on a customer's page. The text is in the vault, under `sealed_id`."""

    event_name: ClassVar[str] = "note.written"
    note_id: str
    voice: str
    """`staff`: our own remark. `customer`: what the customer said, in her words."""
    by: str
    """The id of the member of staff."""
    by_name: str
