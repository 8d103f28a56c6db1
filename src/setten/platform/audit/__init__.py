"""The audit: every view of personal data and every change, written in the same transaction."""

from setten.platform.audit.service import Noted, note, note_all, of_customer

__all__ = ["Noted", "note", "note_all", "of_customer"]
