"""Somebody who may decide approves one thing on another person's screen, by password."""

from __future__ import annotations

from setten.console import guard
from setten.console.page import Asked, page_of
from setten.console.shell.sign_in import address_of
from setten.platform import audit, auth, clock, db
from setten.platform.auth import Actor, Right

LOGIN_MAX = 100
PASSWORD_MAX = 1_000


async def approver(request: Asked, login: str, password: str) -> Actor:
    """Who approves. The slow comparison stands between two transactions, in neither.

    Wrong ones are counted and audited as the asker's: they shut nobody out.
    Raises BadCredentials, TooMany.
    """
    pool, asker = guard.deps_of(request).pool, page_of(request).who
    async with db.transaction(pool) as conn:
        attempt = await auth.begin_sign_in(
            conn, login[:LOGIN_MAX], address=address_of(request), now=clock.now(), asker=asker.id
        )
    if not await auth.fits(attempt, password[:PASSWORD_MAX]):
        async with db.transaction(pool) as conn:
            whose = str(attempt.staff_id) if attempt.staff_id else None
            await audit.note(conn, asker, "approval.refused", at=clock.now(), subject=whose)
        raise auth.BadCredentials()
    async with db.transaction(pool) as conn:
        return await auth.vouch(conn, attempt)


def may_decide(who: Actor, at: str) -> bool:
    """Whether this person decides about returns at the place."""
    return who.may(Right.decide_returns) and who.may_at(at)
