"""A PostgreSQL of our own, run as a child from the wheel's binaries.

`start` gives a running server with `.dsn`; `attach` finds the one another process of this data
directory runs; `using` takes whichever there is. No TCP, scram over a socket in a closed folder,
an unprivileged user when we are root, and no server that outlives the process which started it.
"""

from setten.platform.db.embedded.server import (
    EmbeddedFailed,
    Say,
    Server,
    Stage,
    attach,
    launch,
    start,
    using,
)
from setten.platform.db.embedded.upkeep import Upkeep

__all__ = [
    "EmbeddedFailed",
    "Say",
    "Server",
    "Stage",
    "Upkeep",
    "attach",
    "launch",
    "start",
    "using",
]
