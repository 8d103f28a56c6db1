"""`serve`: one process that starts the database, migrates, runs the others and mends what dies.

It holds the listening socket itself, so a connection made while a web process is being replaced
waits instead of being refused. It serves nothing and decides nothing about goods or people.
"""

from setten.platform.supervisor.database import migrate, say_in_log
from setten.platform.supervisor.service import NeverStarted, Plan, PortTaken, address, run

__all__ = ["NeverStarted", "Plan", "PortTaken", "address", "migrate", "run", "say_in_log"]
