"""Passwords: which are refused, and argon2id over the others."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from setten.platform.auth.model import WeakPassword

LENGTH_MIN = 10
SCORE_MIN = 2  # of 4: holds out against guessing at the rate that sign-in allows
_SCORED_CHARACTERS = 72  # as many as the estimator takes; a longer one is judged by its beginning
_hasher = PasswordHasher()  # argon2id, RFC 9106 low-memory profile
# argon2 takes 64 MiB and a core each time: two at once are enough, the others queue.
_hashing = asyncio.Semaphore(2)


def check(password: str, *, said_of: Sequence[str]) -> None:
    """Raises WeakPassword for one that is short, common, or made of the words `said_of` its owner.

    Lists of leaked passwords, names, dates and keyboard runs are the estimator's (zxcvbn).
    """
    from zxcvbn import zxcvbn  # noqa: PLC0415 - its lists take 0.1 s, and few processes need them

    words = [word.casefold() for word in (*said_of, "setten") if word]
    if len(password) >= LENGTH_MIN:
        found = zxcvbn(password[:_SCORED_CHARACTERS], user_inputs=words)
        if found["score"] >= SCORE_MIN and words[0] not in password.casefold():
            return
    raise WeakPassword(length_min=LENGTH_MIN)


async def seal(password: str) -> str:
    """The text to keep: salt, cost and hash."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def fits(sealed: str | None, password: str) -> bool:
    """Whether it is the one that was sealed. Without one it takes as long, and is not."""
    async with _hashing:
        return await asyncio.to_thread(_verify, sealed or _decoy(), password)


def _verify(sealed: str, password: str) -> bool:
    try:
        return _hasher.verify(sealed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    # An unknown login costs the same time as a wrong password, so that neither can be told.
    return _hasher.hash("no such person")
