"""What a business decides of itself is checked, kept with who changed it, and known at once."""

from __future__ import annotations

import pytest

from setten.platform import business, clock
from setten.platform.business import BadChoice, Business, Choices
from setten.platform.db import Connection


async def test_only_what_differs_is_changed_and_written_down(conn: Connection) -> None:
    now = clock.now()
    asked = Choices(name="  灯台家具 ", locale="en")
    assert await business.change(conn, asked, seen=Choices(), actor="staff:1", now=now) == [
        "name",
        "locale",
    ]
    again = Choices(name="灯台家具", locale="")
    assert await business.change(conn, again, seen=asked, actor="staff:2", now=now) == ["locale"]
    found = [(one.name, one.was, one.is_now, one.actor) for one in await business.changes(conn)]
    assert found == [
        ("locale", "en", "", "staff:2"),
        ("locale", "", "en", "staff:1"),
        ("name", "", "灯台家具", "staff:1"),
    ]


@pytest.mark.parametrize(
    "asked",
    [Choices(name="あ" * 61), Choices(name="a\nb"), Choices(name="a\x00"), Choices(locale="fr")],
    ids=["long", "lines", "nul", "language"],
)
async def test_what_cannot_be_is_refused(conn: Connection, asked: Choices) -> None:
    with pytest.raises(BadChoice):
        await business.change(conn, asked, seen=Choices(), actor="staff:1", now=clock.now())
    assert await business.read(conn) == Choices()


async def test_a_process_knows_its_own_change_at_once(conn: Connection) -> None:
    held = Business()
    assert (await held.fresh(conn)).name == ""
    await business.change(
        conn, Choices(name="灯台"), seen=Choices(), actor="staff:1", now=clock.now()
    )
    held.forget()
    assert (await held.fresh(conn)).name == "灯台"


async def test_what_another_changed_meanwhile_stays(conn):
    now, seen = clock.now(), await business.read(conn)
    first = Choices(name=seen.name, locale="en" if seen.locale != "en" else "ja")
    second = Choices(name="灯台と港", locale=seen.locale)
    assert await business.change(conn, first, seen=seen, actor="staff:1", now=now) == ["locale"]
    assert await business.change(conn, second, seen=seen, actor="staff:2", now=now) == ["name"]
    assert await business.read(conn) == Choices(name="灯台と港", locale=first.locale)
