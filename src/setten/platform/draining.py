"""Whether this process has been told to end. Endless answers (live pages) look here and finish."""

from __future__ import annotations

_state = {"begun": False}


def begin() -> None:
    """Said once, by the process's main loop, at SIGTERM."""
    _state["begun"] = True


def has_begun() -> bool:
    """True from SIGTERM on: stop what would otherwise go on for ever."""
    return _state["begun"]
