"""The judge of the race suite finds what cannot be explained, and lets pass what can."""

from bench.race_history import ASK, HOLD, RELEASE, TELL, End, Op, check

S = "sofa"


def hold(begun: float, ended: float, name: str, *, qty: int = 1, ttl_s: float = 99.0) -> Op:
    return Op(kind=HOLD, begun=begun, ended=ended, lines={S: qty}, status=201, hold_id=name,
              ttl_s=ttl_s)  # fmt: skip


def refusal(begun: float, ended: float, *, qty: int = 1, kind: str = HOLD) -> Op:
    return Op(kind=kind, begun=begun, ended=ended, lines={S: qty}, status=409,
              code="not_enough_stock", ttl_s=99.0)  # fmt: skip


def release(begun: float, ended: float, name: str, *, status: int = 200) -> Op:
    code = "" if status == 200 else "hold_ended"
    return Op(kind=RELEASE, begun=begun, ended=ended, lines={S: 1}, status=status, code=code,
              hold_id=name)  # fmt: skip


def sale(kind: str, begun: float, ended: float) -> Op:
    return Op(kind=kind, begun=begun, ended=ended, lines={S: 1}, status=200)


def end(on_hand: int, held: int, **states: str) -> End:
    return End(
        counters={S: (on_hand, held)}, holds={name: (s, {S: 1}) for name, s in states.items()}
    )


def test_a_unit_promised_twice_is_found() -> None:
    ops = [hold(0, 1, "a"), hold(0.5, 2, "b")]
    verdict = check(ops, {S: 1}, end(-1, 2, a="held", b="held"))
    assert verdict.oversold == ["sofa: 2 units surely promised or sold of 1"]
    assert verdict.sold_minus_stock == 1
    assert not verdict.is_clean


def test_a_unit_promised_again_after_it_came_back_is_explained() -> None:
    ops = [hold(0, 1, "a"), release(2, 5, "a"), hold(3, 4, "b")]
    assert check(ops, {S: 1}, end(0, 1, a="released", b="held")).is_clean


def test_a_unit_promised_again_before_anybody_began_to_give_it_back_is_found() -> None:
    ops = [hold(0, 1, "a"), hold(1.2, 1.5, "b"), release(2, 3, "a")]
    verdict = check(ops, {S: 1}, end(0, 1, a="released", b="held"))
    assert verdict.oversold
    assert verdict.sold_minus_stock == 0


def test_a_hold_that_ran_out_is_free_then_and_not_before() -> None:
    short = hold(0, 1, "a", ttl_s=2)
    late, early = hold(2.5, 3, "b"), hold(1.2, 1.5, "b")
    after = end(0, 1, a="expired", b="held")
    assert check([short, late], {S: 1}, after).is_clean
    assert check([short, early], {S: 1}, after).oversold


def test_a_refusal_needs_an_instant_at_which_too_little_was_there() -> None:
    ops = [hold(0, 1, "a"), release(2, 3, "a"), refusal(2.9, 4), refusal(3.1, 4)]
    verdict = check(ops, {S: 1}, end(1, 0, a="released"))
    assert verdict.unexplained == ["refused at 3.100 with enough there: {'sofa': 1}"]


def test_who_wants_more_than_there_ever_was_is_refused_rightly() -> None:
    assert check([refusal(0, 1, qty=2)], {S: 1}, end(1, 0)).is_clean


def test_an_operation_without_an_answer_may_have_happened() -> None:
    unknown = Op(kind=HOLD, begun=0, lines={S: 1}, ttl_s=99)
    verdict = check([unknown, refusal(1, 2)], {S: 1}, end(1, 0))
    assert verdict.unexplained == []
    assert verdict.other == ["hold was answered 0 "]


def test_an_acknowledged_hold_that_is_gone_is_lost() -> None:
    verdict = check([hold(0, 1, "a")], {S: 1}, end(1, 0))
    assert verdict.lost == ["hold a was acknowledged and is not there"]


def test_a_counter_that_differs_from_its_rows_is_counted() -> None:
    verdict = check([hold(0, 1, "a")], {S: 3}, end(2, 2, a="held"))
    assert verdict.counter_minus_rows == 2  # one held by nobody, and so one too many in all


def test_a_telling_till_may_sell_what_was_promised_and_an_asking_one_may_not() -> None:
    short = end(0, 0, a="short")
    assert check([hold(0, 1, "a"), sale(TELL, 2, 3)], {S: 1}, short).is_clean
    assert check([hold(0, 1, "a"), sale(ASK, 2, 3)], {S: 1}, short).oversold
    before = check([sale(TELL, 0, 0.5), hold(1, 2, "a")], {S: 1}, short)
    assert before.oversold, "the till was done before: that hold was never there to be short"


def test_a_hold_that_ended_otherwise_cannot_be_given_back() -> None:
    ops = [hold(0, 1, "a", ttl_s=1), release(3, 4, "a", status=409)]
    assert check(ops, {S: 1}, end(1, 0, a="expired")).is_clean
