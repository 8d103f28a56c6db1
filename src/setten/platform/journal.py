"""What our processes write to standard error: one line a message, and no person in any of them.

A database error quotes the row it refused, a decoding error the text it read. So a traceback is
written with its frames and the error's type, never with the error's own words.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType

from setten.platform.errors import SettenError

# A frame line is short; a recursion is not.
FRAMES_MAX = 30
_Failure = tuple[type[BaseException], BaseException, TracebackType | None]


class Formatter(logging.Formatter):
    """Time in UTC, level, who says it, what; control characters never reach the terminal."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """One line, whatever was put into it."""
        line = super().formatMessage(record)
        return "".join(c if c.isprintable() else " " for c in line)

    def formatException(self, ei: object) -> str:
        """The frames and the types of an error and of its causes."""
        assert isinstance(ei, tuple)
        lines: list[str] = []
        error: BaseException | None = ei[1]
        while error is not None and len(lines) < FRAMES_MAX * 3:
            frames = traceback.extract_tb(error.__traceback__)[-FRAMES_MAX:]
            lines += [f"  {f.filename}:{f.lineno} in {f.name}" for f in frames]
            lines.append(f"  {_name(error)}")
            error = error.__cause__ or error.__context__
        return "\n".join(lines)


def _name(error: BaseException) -> str:
    if isinstance(error, SettenError):
        return f"{type(error).__name__} ({error.code})"
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__} ({state})" if isinstance(state, str) else type(error).__name__


def configure(level: str) -> None:
    """Write messages of `level` and above to standard error. Call once, at a process's start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Formatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for chatty in ("asyncio", "httpx", "pgqueuer"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    # It warns of every request that is no HTTP, which any stranger may send as often as he likes.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    # Its pool warns with a traceback at every try while the database restarts; we say it once.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
