"""Parts of a statement: each domain's SQL its own, one round trip for all."""

import pytest

from setten.platform import db
from setten.platform.db import Part, Query


async def test_parts_keep_their_own_parameters(conn: db.Connection) -> None:
    first = Query("first", "one as (select :word::text as word, :n::integer as n)")
    second = Query("second", "-- why: 'because' of :nothing\ntwo as (select :n::integer as n)")
    answer = Query("answer", "select one.word, one.n as first, two.n as second from one, two;")
    row = await db.together(
        conn, [Part(first, {"word": ":x", "n": 1}), Part(second, {"n": 2})], answer
    )
    assert dict(row) == {"word": ":x", "first": 1, "second": 2}


async def test_a_part_without_its_arguments_is_refused(conn: db.Connection) -> None:
    part = Part(Query("part", "one as (select :n::integer as n)"), {})
    with pytest.raises(TypeError, match="part takes"):
        await db.together(conn, [part], Query("answer", "select n from one"))
