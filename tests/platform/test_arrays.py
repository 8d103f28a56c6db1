"""Arrays that go as text arrive as what they were, whatever is written in them."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from setten.platform import db

WORDS = st.lists(
    st.none() | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
    max_size=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=WORDS)
async def test_any_text_arrives_as_it_was_said(conn, said):
    assert await conn.fetchval("select $1::text::text[]", db.words(said)) == said


@pytest.mark.parametrize(
    "said",
    [[], [""], ["NULL", "null", None], ["{a,b}", '"', "\\", "\\\\n", " a ", ",", "寝 具"]],
    ids=["none", "empty", "nothing and its name", "signs"],
)
async def test_what_the_text_of_an_array_is_made_of_is_only_text_inside_it(conn, said):
    assert await conn.fetchval("select $1::text::text[]", db.words(said)) == said


async def test_numbers_ids_and_flags_arrive_with_their_kind(conn):
    numbers = [0, -1, 2**63 - 1, -(2**63), None]
    ids = [uuid.uuid4(), uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)]
    row = await conn.fetchrow(
        "select $1::text::bigint[] as n, $2::text::uuid[] as i, $3::text::boolean[] as f",
        db.numbers(numbers),
        db.uuids(ids),
        db.flags([True, False]),
    )
    assert (row["n"], row["i"], row["f"]) == (numbers, ids, [True, False])
