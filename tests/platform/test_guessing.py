"""Passwords cannot be guessed by trying, and a shop is not locked out by one of its people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from setten.platform import auth
from setten.platform.auth import staff
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
    monkeypatch.setattr(staff, "_verify", lambda hashed, password: password == PASSWORD)


async def test_a_login_rests_after_eight_wrong_passwords(conn: Connection, aoi: str) -> None:
    for n in range(staff.FAILURES_MAX):
        assert await auth.sign_in(conn, aoi, "wrong", address=f"10.0.0.{n}", now=NOW) is None
    with pytest.raises(TooMany):
        await auth.sign_in(conn, aoi, PASSWORD, address="10.0.9.9", now=NOW)
    later = NOW + staff.FAILURE_WINDOW + timedelta(seconds=1)
    assert await auth.sign_in(conn, aoi.upper(), PASSWORD, address="10.0.9.9", now=later)


async def test_one_address_trying_many_logins_rests_as_well(conn: Connection, aoi: str) -> None:
    for n in range(staff.ADDRESS_FAILURES_MAX):
        assert await auth.sign_in(conn, f"guess-{n}", "x", address="10.0.0.1", now=NOW) is None
    with pytest.raises(TooMany):
        await auth.sign_in(conn, aoi, PASSWORD, address="10.0.0.1", now=NOW)
    assert await auth.sign_in(conn, aoi, PASSWORD, address="10.0.0.2", now=NOW)


async def test_a_shop_is_not_locked_out_by_one_who_forgot(conn: Connection, aoi: str) -> None:
    for _ in range(staff.FAILURES_MAX):
        await auth.sign_in(conn, "ken", "forgotten", address="10.0.0.1", now=NOW)
    assert await auth.sign_in(conn, aoi, PASSWORD, address="10.0.0.1", now=NOW)
