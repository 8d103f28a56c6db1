"""How often one sender may."""

from hypothesis import given
from hypothesis import strategies as st

from setten.api.paces import SENDERS_MAX, Pace


def test_a_sender_may_so_many_at_once_and_then_so_many_a_minute() -> None:
    pace = Pace(per_minute=60, burst=3)
    assert [pace.take("a", 0.0) for _ in range(4)] == [0, 0, 0, 1]
    assert pace.take("b", 0.0) == 0
    assert [pace.take("a", 2.0), pace.take("a", 2.0), pace.take("a", 2.0)] == [0, 0, 1]
    assert [pace.take("a", 1e6) for _ in range(4)] == [0, 0, 0, 1]


@given(st.lists(st.floats(0, 5), max_size=60))
def test_never_more_than_the_pace_and_waiting_as_told_is_enough(pauses: list[float]) -> None:
    pace, now, let = Pace(per_minute=30, burst=2), 0.0, 0
    for pause in pauses:
        now += pause
        wait = pace.take("a", now)
        let += wait == 0
        assert let <= 2 + now / 2 + 1e-6
        if wait:
            now += wait
            assert pace.take("a", now) == 0
            let += 1


def test_it_remembers_no_more_than_its_limit() -> None:
    pace = Pace(per_minute=60, burst=1)
    for number in range(SENDERS_MAX + 100):
        pace.take(f"sender {number}", 0.0)
    assert len(pace._levels) == SENDERS_MAX
    assert pace.take(f"sender {SENDERS_MAX + 99}", 0.0) == 1
