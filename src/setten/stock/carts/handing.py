"""A cart from one screen to another: by a code that is said, or a picture that is scanned."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec

from setten.platform import db, ids
from setten.platform.db import Connection
from setten.platform.errors import NotFound, TooMany, Unavailable
from setten.stock.carts import service
from setten.stock.carts.model import Add, Cart, Changed, SetMethod

_Q = db.load(str(Path(__file__).with_name("store.py")))
CODE_LASTS = timedelta(minutes=15)  # from the sofa's label to the counter
GUESSES_MAX = 10  # wrong codes by one caller in the window: 10 in a million, for each open code
GUESS_WINDOW = timedelta(minutes=10)
_KEPT = timedelta(days=1)
_ROUNDS = 8
_DIGITS, _DIGITS_MAX = 6, 9


class UnknownCartCode(NotFound):
    """No cart has this code now: it is wrong, used or too old."""

    code = "unknown_cart_code"


class TooManyCartGuesses(TooMany):
    """This caller said too many wrong codes; wait."""

    code = "too_many_guesses"


class Handed(msgspec.Struct, frozen=True):
    """What leads to a cart until `expires_at`. token: for the picture, never shown again."""

    code: str
    token: str
    expires_at: datetime


async def hand_over(conn: Connection, cart: Cart, *, now: datetime) -> Handed:
    """A code and a token for a cart; the ones made before no longer lead to it."""
    await _Q.end_codes.run(conn, cart_id=cart.cart_id, now=now)
    until, token = now + CODE_LASTS, ids.token()
    for turn in range(_ROUNDS):
        code = ids.code(min(_DIGITS + turn, _DIGITS_MAX))
        await _Q.free_codes.run(conn, code=code, now=now)
        written = await _Q.put_code.value(
            conn,
            code=code,
            token_hash=_hashed(token),
            cart_id=cart.cart_id,
            now=now,
            expires_at=until,
        )
        if written is not None:
            return Handed(code, token, until)
    raise Unavailable()


async def find_by_code(conn: Connection, code: str, *, by: str, now: datetime) -> int | None:
    """The identifier whose cart has this code; None, counted when the caller commits, if none has.

    by: who says it. Raises TooManyCartGuesses.
    """
    failed = await _Q.failures.value(conn, said_by=by, since=now - GUESS_WINDOW)
    if failed >= GUESSES_MAX:
        raise TooManyCartGuesses(retry_after_s=int(GUESS_WINDOW.total_seconds()))
    row = await _Q.by_code.maybe(conn, code="".join(code.split()), now=now)
    if row is not None and row["state"] == "open":
        found: int = row["identifier_id"]
        return found
    await _Q.note_failure.run(conn, said_by=by, now=now)
    return None


async def let_in(conn: Connection, cart: Cart, location_id: str) -> None:
    """This shop knows the cart: it was begun there, or its code was said there."""
    await _Q.let_in.run(conn, cart_ids=list(cart.part_ids), location_id=location_id)


async def find_by_token(conn: Connection, token: str, *, now: datetime) -> int:
    """The identifier whose cart has this token. Raises UnknownCartCode."""
    row = await _Q.by_token.maybe(conn, token_hash=_hashed(token), now=now)
    if row is None or row["state"] != "open":
        raise UnknownCartCode()
    found: int = row["identifier_id"]
    return found


async def take(
    conn: Connection,
    giver_ids: Sequence[int],
    taker_ids: Sequence[int],
    *,
    under: int,
    channel: str,
    now: datetime,
) -> Changed:
    """Everything in the giver's cart goes to the taker's; the giver's is over.

    giver_ids, taker_ids: identifiers of two people; of one person nothing moves. under: the
    taker's identifier that acts. Raises UnknownCart, CartFull.
    """
    if set(giver_ids) & set(taker_ids):
        return Changed(await service.lock_open(conn, taker_ids), None)
    # Both are there and locked in one order, whoever takes from whom.
    await _Q.start.run(conn, cart_id=ids.uuid7(), identifier_id=under, channel=channel, now=now)
    await _Q.lock.all(conn, identifier_ids=[*giver_ids, *taker_ids])
    given = await service.lock_open(conn, giver_ids)
    changes: list[Add | SetMethod] = [
        Add(sku=line.sku, qty=line.qty, method=line.method, location_id=line.location_id)
        for line in given.lines
    ]
    await service.close(conn, given, state="given", channel=channel, now=now)
    await _Q.end_codes.run(conn, cart_id=given.cart_id, now=now)
    if not changes:
        return Changed(await service.lock_open(conn, taker_ids), None)
    return await service.change(conn, taker_ids, changes, under=under, channel=channel, now=now)


async def forget_old(conn: Connection, *, now: datetime) -> None:
    """Drop wrong codes that no longer count and codes that have long run out. For a job."""
    await _Q.forget_failures.run(conn, before=now - GUESS_WINDOW)
    await _Q.forget_codes.run(conn, before=now - _KEPT)


def _hashed(token: str) -> UUID:
    return UUID(bytes=hashlib.blake2b(token.encode(), digest_size=16).digest())
