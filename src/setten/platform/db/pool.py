"""Connections. Every one carries time limits, so that nothing waits or holds for ever."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import asyncpg

from setten.platform.errors import Unavailable

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Record: TypeAlias = asyncpg.Record
    Connection: TypeAlias = asyncpg.Connection[Record] | PoolConnectionProxy[Record]
    Pool: TypeAlias = asyncpg.Pool[Record]
else:
    Record = asyncpg.Record
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

# No writing transaction lasts over 2 s by design: a stuck one would hold every reader of the log
# back. The server ends what forgets to end itself.
SESSION_LIMITS = {
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "5s",
    "timezone": "UTC",
    "application_name": "setten",
}
# Of a load that no reader waits behind: on a machine with much else to do a process may stand still
# between two statements for longer than a page may.
UNHURRIED = "60s"
ACQUIRE_TIMEOUT_S = 5.0
# What a caller meets while the database dies, recovers, is full or is too busy. Nothing was
# answered, so the caller is told to come back; every surface maps these in one place.
AWAY: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # shut down, crashed, starting, or our own time limits
    asyncpg.InsufficientResourcesError,  # disk, memory or connections
    asyncpg.TransactionRollbackError,  # a deadlock: the other one went through
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,  # the connection went in the middle of a word
    OSError,  # its socket is not there yet
    TimeoutError,
)
# Inside a transaction a few mean something to the caller first: a deadlock is tried again.
_LOST: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InternalClientError,
    ConnectionError,
)


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"


async def open_pool(
    dsn: str, *, size: int = 8, command_s_max: float | None = 30, **limits: str
) -> Pool:
    """A pool of up to `size` connections to `dsn`; `limits` override SESSION_LIMITS.

    command_s_max: how long the driver waits for one statement; None for loads of hours.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min(2, size),
        max_size=size,
        command_timeout=command_s_max,
        max_inactive_connection_lifetime=60,
        reset=_leave_as_it_is,
        server_settings={**SESSION_LIMITS, **limits},
    )
    assert pool is not None
    return pool


async def _leave_as_it_is(conn: Connection) -> None:
    """Nothing of ours outlives a transaction (which the pool has ended by now).

    The driver's own reset would cost every use of a connection one more round trip.
    """


async def connect(dsn: str, **limits: str) -> asyncpg.Connection[Record]:
    """One connection of its own, for command-line work and tests."""
    return await asyncpg.connect(dsn, server_settings={**SESSION_LIMITS, **limits})


@asynccontextmanager
async def connection(pool: Pool) -> AsyncIterator[Connection]:
    """A connection, each statement on it a transaction of its own.

    Raises DatabaseUnavailable when none can be had or it is lost, so that callers answer 503.
    """
    try:
        conn = await pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
    except AWAY as cause:
        raise DatabaseUnavailable() from cause
    try:
        yield conn
    except _LOST as cause:
        raise DatabaseUnavailable() from cause
    finally:
        await pool.release(conn, timeout=ACQUIRE_TIMEOUT_S)


@asynccontextmanager
async def transaction(pool: Pool, **options: Any) -> AsyncIterator[Connection]:
    """A connection inside one transaction: committed at the end, rolled back on any error.

    Raises DatabaseUnavailable when no connection can be had, so that callers answer 503.
    """
    async with connection(pool) as conn, conn.transaction(**options):
        yield conn
