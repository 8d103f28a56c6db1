"""Identifiers: what is drawn together is as good as what is drawn one by one."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from setten.platform import ids

AT = datetime(2026, 11, 22, 3, 4, 5, 678_000, tzinfo=UTC)
AT_MS = int(AT.timestamp() * 1000)


def test_ids_of_one_moment_all_tell_it_and_are_all_different():
    made = ids.uuid7s(500, AT_MS)
    assert len(set(made)) == 500
    assert {ids.uuid7_time(one) for one in made} == {AT}
    assert {(one.version, one.variant) for one in made} == {(7, uuid.RFC_4122)}


def test_every_bit_that_may_vary_varies():
    seen = [one.int for one in ids.uuid7s(500, AT_MS)]
    varied = 0
    for one in seen:
        varied |= one ^ seen[0]
    assert varied == (0xFFF << 64) | ((1 << 62) - 1)


def test_an_id_is_equal_to_its_text_read_again():
    made = ids.uuid7()
    again = uuid.UUID(str(made))
    assert (made, hash(made), made.hex) == (again, hash(again), again.hex)


def test_none_is_drawn_where_none_is_wanted():
    assert ids.uuid7s(0) == []
    assert ids.codes(0) == []


def test_codes_keep_their_zeros():
    drawn = ids.codes(2_000, 2)
    assert {len(code) for code in drawn} == {2}
    assert len(set(drawn)) == 100
