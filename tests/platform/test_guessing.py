"""Passwords cannot be guessed by trying, and a shop is not locked out by one of its people."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from setten.platform import auth, db
from setten.platform.auth import passwords, sessions
from setten.platform.db import Connection
from setten.platform.errors import TooMany

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PASSWORD = "moss-lantern-42-river"


@pytest.fixture
async def aoi(conn: Connection) -> str:
    await auth.create_staff(
        conn, login="aoi", name="Aoi", role="associate", password=PASSWORD, now=NOW
    )
    return "aoi"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 at its full price is not what is asked here."""
    monkeypatch.setattr(passwords, "_verify", lambda hashed, password: password == PASSWORD)


async def sign_in(
    conn: Connection, login: str, password: str, *, address: str, now: datetime
) -> str | None:
    attempt = await auth.begin_sign_in(conn, login, address=address, now=now)
    if not await auth.fits(attempt, password):
        return None
    return await auth.finish_sign_in(conn, attempt, now=now)


async def test_a_login_rests_after_eight_wrong_passwords(conn: Connection, aoi: str) -> None:
    for n in range(sessions.FAILURES_MAX):
        assert await sign_in(conn, aoi, "wrong", address=f"10.0.0.{n}", now=NOW) is None
    with pytest.raises(TooMany):
        await sign_in(conn, aoi, PASSWORD, address="10.0.9.9", now=NOW)
    later = NOW + sessions.FAILURE_WINDOW + timedelta(seconds=1)
    assert await sign_in(conn, aoi.upper(), PASSWORD, address="10.0.9.9", now=later)


async def test_one_address_trying_many_logins_rests_as_well(conn: Connection, aoi: str) -> None:
    for n in range(sessions.ADDRESS_FAILURES_MAX):
        assert await sign_in(conn, f"guess-{n}", "x", address="10.0.0.1", now=NOW) is None
    with pytest.raises(TooMany):
        await sign_in(conn, aoi, PASSWORD, address="10.0.0.1", now=NOW)
    assert await sign_in(conn, aoi, PASSWORD, address="10.0.0.2", now=NOW)


async def test_a_shop_is_not_locked_out_by_one_who_forgot(conn: Connection, aoi: str) -> None:
    for _ in range(sessions.FAILURES_MAX):
        await sign_in(conn, "ken", "forgotten", address="10.0.0.1", now=NOW)
    assert await sign_in(conn, aoi, PASSWORD, address="10.0.0.1", now=NOW)


async def test_tries_of_one_moment_count_each_other(pool: db.Pool, aoi: str) -> None:
    async def one(n: int) -> bool:
        async with db.transaction(pool) as conn:
            try:
                await auth.begin_sign_in(conn, aoi, address=f"10.0.0.{n}", now=NOW)
            except TooMany:
                return False
            return True

    let_in = await asyncio.gather(*[one(n) for n in range(40)])
    assert sum(let_in) == sessions.FAILURES_MAX


async def test_whoever_comes_in_is_not_counted(conn: Connection, aoi: str) -> None:
    for _ in range(sessions.ADDRESS_FAILURES_MAX + 5):
        assert await sign_in(conn, aoi, PASSWORD, address="10.0.0.1", now=NOW)


async def test_an_account_closed_while_its_password_is_compared_stays_closed(
    conn: Connection, aoi: str
) -> None:
    attempt = await auth.begin_sign_in(conn, aoi, address="10.0.0.1", now=NOW)
    assert attempt.staff_id is not None
    await auth.disable_staff(conn, attempt.staff_id, now=NOW)
    with pytest.raises(auth.BadCredentials):
        await auth.finish_sign_in(conn, attempt, now=NOW)


@pytest.mark.parametrize(
    "password",
    ["password12345", "qwertyuiop", "1q2w3e4r5t", "iloveyou1234", "sakura1234", "short-9!x",
     "aaaaaaaaaaaaaa", "aoi-lantern-moss-42", "P@ssw0rd2026", "setten123456"],
)  # fmt: skip
async def test_a_common_password_is_refused(conn: Connection, password: str) -> None:
    with pytest.raises(auth.WeakPassword):
        await auth.create_staff(
            conn, login="aoi", name="Aoi", role="associate", password=password, now=NOW
        )
