"""Whose a data directory is: a business's or a demo's. The two never share one.

A demo fills its database with people who do not exist, and goes on doing so. So it keeps away from
every directory that `serve` has used, and from a database that it did not begin itself.
"""

from __future__ import annotations

from pathlib import Path

from setten.platform.errors import Denied

BUSINESS_FILE = "business"
DEMO_FILE = "demo"
_OF_DEMOS = "demo-*"  # its key, and how far its world was told
_CLUSTER = ("postgres", "PG_VERSION")


class BusinessHere(Denied):
    """A demo was to begin where a business is. `place` says where."""

    code = "business_here"


def has_database(folder: Path) -> bool:
    """Whether an embedded database was ever made there."""
    return folder.joinpath(*_CLUSTER).exists()


def is_demo(folder: Path) -> bool:
    """Whether a demo has begun there, and no business was served from there."""
    if (folder / BUSINESS_FILE).exists():
        return False
    return (folder / DEMO_FILE).exists() or any(folder.glob(_OF_DEMOS))


def check_demo(folder: Path) -> None:
    """Raises BusinessHere unless it is a demo's, or nobody's yet."""
    is_used = (folder / BUSINESS_FILE).exists() or has_database(folder)
    if is_used and not is_demo(folder):
        raise BusinessHere(place=str(folder))


def mark_business(folder: Path) -> None:
    """Remember that a business is served from here; where a demo lives it stays a demo."""
    if not is_demo(folder):
        (folder / BUSINESS_FILE).touch()


def mark_demo(folder: Path) -> None:
    """Remember that a demo lives here, also one with a key from elsewhere."""
    (folder / DEMO_FILE).touch()
