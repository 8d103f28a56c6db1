"""The audit: every view of personal data and every change, written in the same transaction."""

from setten.platform.audit.meeting import forget, has_met, meet, met_of
from setten.platform.audit.pacing import Pace, TooOften, count
from setten.platform.audit.pacing import forget as forget_paces
from setten.platform.audit.reading import PAGE_MAX, Sought, actions, counted, entries
from setten.platform.audit.service import Noted, View, note, note_all, note_views, of_customer

__all__ = [
    "PAGE_MAX",
    "Noted",
    "Pace",
    "Sought",
    "TooOften",
    "View",
    "actions",
    "count",
    "counted",
    "entries",
    "forget",
    "forget_paces",
    "has_met",
    "meet",
    "met_of",
    "note",
    "note_all",
    "note_views",
    "of_customer",
]
