"""Many people whom nobody has met, brought in at once: rows for COPY instead of looks and answers.

For loads of a size at which everybody is new. Where somebody may be known, ask `Vault.meet`.
"""

from __future__ import annotations

from collections.abc import Sequence

from setten.platform.db import Connection
from setten.platform.vault.kinds import Identifier
from setten.platform.vault.service import Trait, Vault

Newcomer = tuple[int, Identifier]


async def bring(
    conn: Connection, vault: Vault, people: Sequence[Newcomer], traits: Sequence[Trait]
) -> None:
    """Seal and keep identifiers under the numbers given, and traits said under these numbers.

    people: (number, identifier) pairs, each once. traits: one of each field under a number.
    Raises UniqueViolationError where one of the identifiers or numbers is known.
    """
    numbers = [number for number, _ in people]
    ciphers = await vault.keep(conn, [one for _, one in people], numbers)
    await vault.keep_traits(conn, traits, ciphers)
