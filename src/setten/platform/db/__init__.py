"""PostgreSQL: pools, transactions, named queries, migrations.

Verbs of the domains take a connection and never commit; the edge opens `transaction`.
"""

from setten.platform.db.arrays import flags, numbers, uuids, words
from setten.platform.db.copying import HEADER, NULL, copy_gradually, copy_out, copy_rows
from setten.platform.db.ends import end
from setten.platform.db.migrate import apply_migrations, head, pending
from setten.platform.db.pool import (
    AWAY,
    UNHURRIED,
    Connection,
    Pool,
    Record,
    connect,
    connection,
    open_pool,
    transaction,
)
from setten.platform.db.queries import Part, Queries, Query, load, together

__all__ = [
    "AWAY",
    "HEADER",
    "NULL",
    "UNHURRIED",
    "Connection",
    "Part",
    "Pool",
    "Queries",
    "Query",
    "Record",
    "apply_migrations",
    "connect",
    "connection",
    "copy_gradually",
    "copy_out",
    "copy_rows",
    "end",
    "flags",
    "head",
    "load",
    "numbers",
    "open_pool",
    "pending",
    "together",
    "transaction",
    "uuids",
    "words",
]
