"""Accounts: who may be kept, and that somebody is always left who lets others in."""

import asyncio
import uuid
from datetime import UTC, datetime

import pytest

from setten.platform import auth, db
from setten.platform.auth import BadStaff, LastAdmin, UnknownStaff

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


async def made(conn, login, role="admin"):
    return await auth.create_staff(conn, login=login, name=login, role=role, now=NOW)


@pytest.mark.parametrize("login", ["", "two words", "a/b", "x" * 101, "nul\x00"])
async def test_a_login_that_cannot_be_typed_is_refused(conn, login):
    with pytest.raises(BadStaff):
        await auth.create_staff(conn, login=login, name="somebody", role="agent", now=NOW)


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "nul\x00"])
async def test_a_name_that_nobody_can_read_is_refused(conn, name):
    with pytest.raises(BadStaff):
        await auth.create_staff(conn, login="somebody", name=name, role="agent", now=NOW)


async def test_the_last_administrator_is_neither_closed_nor_moved(conn):
    only = await made(conn, "only")
    agent = await made(conn, "agent", "agent")
    with pytest.raises(LastAdmin):
        await auth.disable_staff(conn, only, now=NOW)
    with pytest.raises(LastAdmin):
        await auth.change_staff(conn, only, role="agent", locations=())
    await auth.change_staff(conn, only, role="admin", locations=("ginza",))
    assert await auth.disable_staff(conn, agent, now=NOW)


async def test_two_administrators_who_close_each_other_do_not_both_go(pool):
    async with db.transaction(pool) as conn:
        one, other = await made(conn, "one"), await made(conn, "other")

    async def close(staff_id):
        async with db.transaction(pool) as conn:
            return await auth.disable_staff(conn, staff_id, now=NOW)

    for _ in range(5):
        answers = await asyncio.gather(close(one), close(other), return_exceptions=True)
        assert sorted(type(answer).__name__ for answer in answers) == ["LastAdmin", "bool"]
        async with db.transaction(pool) as conn:
            await auth.reopen_staff(conn, one)
            await auth.reopen_staff(conn, other)


async def test_a_stranger_cannot_be_changed(conn):
    await made(conn, "only")
    with pytest.raises(UnknownStaff):
        await auth.change_staff(conn, uuid.uuid4(), role="agent", locations=())


async def test_when_somebody_came_last_is_told_after_the_session_is_over(conn):
    await auth.create_staff(conn, login="mori", name="森", role="agent", now=NOW)
    link = await auth.issue_link(conn, "mori", now=NOW)
    session = await auth.sign_in_by_link(conn, link, now=NOW)

    await auth.sign_out(conn, session)

    found = [one for one in await auth.list_staff(conn) if one.login == "mori"]
    assert [one.seen_at for one in found] == [NOW]
