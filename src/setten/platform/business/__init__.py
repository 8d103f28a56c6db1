"""What a business decides of itself on a page: its name, the language of those who chose none.

In force in every process within a second, without a restart; kept with who changed what to what.
"""

from setten.platform.business.service import (
    FRESH_S,
    LOCALES,
    NAME_MAX,
    BadChoice,
    Business,
    Change,
    Choices,
    change,
    changes,
    read,
)

__all__ = [
    "FRESH_S",
    "LOCALES",
    "NAME_MAX",
    "BadChoice",
    "Business",
    "Change",
    "Choices",
    "change",
    "changes",
    "read",
]
