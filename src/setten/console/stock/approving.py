"""Somebody who may decide approves one thing on another person's screen, by password."""

from __future__ import annotations

from setten.console import guard
from setten.console.page import Asked
from setten.console.shell.sign_in import address_of
from setten.platform import auth, clock, db
from setten.platform.auth import Actor, Right

LOGIN_MAX = 100
PASSWORD_MAX = 1_000


async def approver(request: Asked, login: str, password: str) -> Actor:
    """Who approves. The slow comparison stands between two transactions, in neither.

    Tries are counted as those of signing in. Raises BadCredentials, TooMany.
    """
    pool = guard.deps_of(request).pool
    async with db.transaction(pool) as conn:
        attempt = await auth.begin_sign_in(
            conn, login[:LOGIN_MAX], address=address_of(request), now=clock.now()
        )
    if not await auth.fits(attempt, password[:PASSWORD_MAX]):
        raise auth.BadCredentials()
    async with db.transaction(pool) as conn:
        return await auth.vouch(conn, attempt)


def may_decide(who: Actor, at: str) -> bool:
    """Whether this person decides about returns at the place."""
    return who.may(Right.decide_returns) and who.may_at(at)
