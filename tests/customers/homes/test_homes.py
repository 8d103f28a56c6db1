"""Where people live: a square of a kilometre, and the address stays in the vault."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.customers.conftest import START
from tests.reading import caught_up

from setten.customers import homes
from setten.customers.homes import rules
from setten.platform import db
from setten.platform.vault import Trait

ANN = "user_id:ann"
CSV = ["postcode,lat,lon\n", "180-0004,35.7052,139.5771\n", "1800003,35.7101,139.5690\n",
       "231-0005,35.4470,139.6380\n", "nowhere,x,y\n", "1,2\n", "999-9999,95,200\n"]  # fmt: skip


@pytest.fixture
def lives(people, pool, vault):
    async def say(minute: float, *, who: str = ANN, **traits: Any) -> None:
        number = await people.number(who)
        async with db.transaction(pool) as conn:
            at = START + timedelta(minutes=minute)
            await vault.put_traits(conn, [Trait(number, k, v, at) for k, v in traits.items()])
        await people.happens(who, minute=minute, name="customer.identified",
                             body={"type": "identify"})  # fmt: skip
        await people.read()
        for reader in homes.readers(vault):
            await caught_up(reader, pool)

    return say


async def home(pool, people, who: str = ANN) -> tuple[float, float] | None:
    async with pool.acquire() as conn:
        found = await homes.of(conn, await people.numbers(who))
    return (found.lat, found.lon) if found else None


async def bring(pool) -> homes.PostcodesRead:
    points, read = homes.read_postcodes(CSV)
    await homes.put_postcodes(pool, points)
    return read


async def test_a_home_follows_the_postal_code_and_moves_with_it(pool, people, lives):
    assert await bring(pool) == homes.PostcodesRead(codes=3, refused=3)
    await lives(1, address={"postalCode": "〒180－0004", "city": "武蔵野市"})
    assert await home(pool, people) == (35.71, 139.58)
    await lives(2, address={"postalCode": "231-0005"})
    assert await home(pool, people) == (35.45, 139.64)
    assert len(await people.facts("home.moved")) == 2
    assert await people.facts("home.moved") == [{}, {}], "where it is, is not in the log"


async def test_an_unknown_code_falls_back_to_its_area(pool, people, lives):
    await bring(pool)
    await lives(1, postal_code="180-0099")
    assert await home(pool, people) == (35.71, 139.57)
    await lives(2, postal_code="530-0001")
    assert await home(pool, people) is None


async def test_coordinates_need_no_code_and_are_kept_no_finer(pool, people, lives):
    await lives(1, address={"latitude": 35.123456, "longitude": "139.987654"})
    assert await home(pool, people) == (35.12, 139.99)
    await lives(2, address={"lat": 95, "lng": 10})
    assert await home(pool, people) is None, "the newest word is one that we cannot place"


async def test_points_that_come_later_find_those_who_told_before(pool, people, lives, vault):
    await lives(1, address={"postal_code": "180-0004"})
    assert await home(pool, people) is None
    await bring(pool)
    assert await homes.work_out_again(pool, vault) == 1
    assert await home(pool, people) == (35.71, 139.58)
    assert await homes.work_out_again(pool, vault) == 1
    assert len(await people.facts("home.moved")) == 2, "what has not moved is no news"


async def test_the_newest_word_counts_whichever_identifier_it_was_said_under(pool, people, lives):
    await bring(pool)
    await lives(5, who="user_id:ann", address={"postal_code": "180-0004"})
    await lives(3, who="email:ann@example.jp", address={"postal_code": "231-0005"})
    await people.happens("user_id:ann", "email:ann@example.jp", minute=9)
    await people.read()
    assert await home(pool, people, "email:ann@example.jp") == (35.71, 139.58)


async def test_nothing_finer_than_a_square_is_kept(pool, people, lives):
    await lives(1, address={"lat": 35.70521, "lon": 139.57711, "street": "本町1-2-3"})
    async with pool.acquire() as conn:
        rows = await conn.fetch("select h::text from customers.homes h")
    assert [row[0].split(",")[1:3] for row in rows] == [["35.71", "139.58"]]


def test_the_form_of_geonames_is_read() -> None:
    line = "JP\t180-0004\tKichijoji\tTokyo\t40\tMusashino\t13203\t\t\t35.7052\t139.5771\t1\n"
    points, read = homes.read_postcodes([line, "JP\t1\n"])
    assert read == homes.PostcodesRead(codes=1, refused=1)
    assert points["1800004"] == rules.Point(35.71, 139.58)
    assert points["180"] == points["18000"] == points["1800004"]


@pytest.mark.parametrize("lines", [[], ["name,age\n", "a,1\n"], ["\n"]])
def test_a_file_that_is_no_table_of_codes_is_refused(lines: list[str]) -> None:
    with pytest.raises(homes.BadPostcodes):
        homes.read_postcodes(lines)


@given(value=st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.integers(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["lat", "lon", "zip", "postal_code", "x"]), inner),
))  # fmt: skip
def test_whatever_is_told_as_an_address_breaks_nothing(value: Any) -> None:
    point, code = rules.point_in(value), rules.code_in("address", value)
    assert point is None or (-90 <= point.lat <= 90 and -180 <= point.lon <= 180)
    assert code is None or 3 <= len(code) <= rules.CODE_CHARS_MAX
