"""The audit: every view of personal data and every change, written in the same transaction."""

from setten.platform.audit.service import Noted, View, note, note_all, note_views, of_customer

__all__ = ["Noted", "View", "note", "note_all", "note_views", "of_customer"]
