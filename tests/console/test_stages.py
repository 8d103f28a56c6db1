"""The life cycle on the console: where somebody stands, the board, the people of a stage."""

from __future__ import annotations

import re
import time
import uuid
from typing import Any

import pytest

from setten.console.customers.stages import stages_in
from tests.console.house import START_LIMIT_S, House


@pytest.fixture(scope="module")
def counted(house: House) -> House:
    """Everybody of the demo has been read, and the board was counted."""
    deadline = time.monotonic() + START_LIMIT_S
    house.customer("佐伯")
    with house.person("page-admin") as admin:
        while "数えました" not in admin.get("/customers/stages").text:
            assert time.monotonic() < deadline + START_LIMIT_S
            time.sleep(0.5)
    return house


def test_a_customers_page_says_where_she_stands_and_why(counted: House) -> None:
    with counted.person("page-agent") as agent:
        text = agent.get(f"/customers/{counted.customer('佐伯')}").text
    assert 'aria-current="step"' in text
    assert "続いている見込み" in text


def test_the_board_counts_everybody_once(counted: House) -> None:
    with counted.person("page-admin") as admin:
        text = admin.get("/customers/stages").text
    for word in ("取得", "実験", "忠誠心", "保持", "回復"):
        assert word in text
    assert counted.asked("select sum(customers) from customers.stage_sizes") > 0


def test_a_stage_opens_into_its_people(counted: House) -> None:
    customer, _ = counted.newcomer(name="並木 はる")
    # She came last; others of the house may be there without being anybody.
    counted.run_in_database(
        "insert into customers.stages (customer_id, stage, since, days, first_at, last_at,"
        f" usual_gap_days, slow_at, lost_at) values ('{customer}', 'trial', now(), 1,"
        " current_date, current_date, 30, current_date + 31, current_date + 61)"
    )
    with counted.person("page-agent") as agent:
        before = counted.asked(
            "select count(*) from audit.entries where action = 'customers.listed'"
        )
        answer = agent.get("/customers/stages/trial")
        assert answer.status_code == 200
        assert f"/customers/{customer}" in answer.text
        assert "並木 はる" in answer.text
        after = counted.asked(
            "select count(*) from audit.entries where action = 'customers.listed'"
        )
    assert after == before + 1


@pytest.mark.parametrize("path", ["nonsense", "trial?after=x~y", "trial?since=never"])
def test_a_broken_address_is_no_fault(counted: House, path: str) -> None:
    with counted.person("page-agent") as agent:
        assert agent.get(f"/customers/stages/{path}").status_code in (404, 422)


def test_a_marketer_sees_the_board_and_nobodys_name(counted: House) -> None:
    with counted.person("page-marketer") as marketer:
        board = marketer.get("/customers/stages")
        assert board.status_code == 200
        assert 'href="/customers/stages/' not in board.text
        assert marketer.get("/customers/stages/trial").status_code == 403


def test_thresholds_are_changed_by_whoever_may(counted: House) -> None:
    good = {"loyal_from": "4", "slow_p": "55", "lost_p": "25", "slow_gaps": "2.5", "lost_gaps": "7"}
    with counted.person("page-agent") as agent:
        agent.get("/customers/stages")
        assert agent.post("/customers/stages", **good).status_code == 403
    with counted.person("page-admin") as admin:
        admin.get("/customers/stages")
        for wrong in (
            {"loyal_from": "x"},
            {"slow_p": "10"},
            {"lost_gaps": "1"},
            {"slow_gaps": "nan"},
        ):
            assert admin.post("/customers/stages", **(good | wrong)).status_code == 422
        before = dict(re.findall(r'name="(\w+)"[^>]*value="([\d.]+)"',
                                 admin.get("/customers/stages").text))  # fmt: skip
        assert before.keys() >= good.keys()
        assert admin.post("/customers/stages", **good).status_code == 303
        assert 'value="2.5"' in admin.get("/customers/stages").text
        # Others' tests find the stages as they were.
        assert admin.post("/customers/stages", **{k: before[k] for k in good}).status_code == 303


def test_a_stage_shows_the_segments_that_use_it_also_through_others(counted: House) -> None:
    name = f"忠誠 {uuid.uuid4().hex[:6]}"
    with counted.person("page-admin") as admin:
        admin.get("/customers/segments")
        claim = {"op": "in", "value": ["loyalty", "retention"]}
        counted.define(name, {"kind": "field", "name": "stage", "claim": claim})
        counted.define(f"{name} 裏", {"kind": "not", "of": {"kind": "group", "name": name}})
        text = admin.get("/customers/stages").text
    columns = text.split("<li>")[1:]
    assert [f"{name} <" in one for one in columns[:5]] == [False, False, True, True, False]
    assert [f"{name} 裏 <" in one for one in columns[:5]] == [False, False, True, True, False]
    with counted.person("page-agent") as agent:
        assert name not in agent.get("/customers/stages").text


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ({"kind": "field", "name": "stage", "claim": {"op": "is", "value": "trial"}}, {"trial"}),
        ({"kind": "field", "name": "rank", "claim": {"op": "is", "value": "trial"}}, set()),
        ({"kind": "field", "name": "stage", "claim": {"op": "is", "value": "nonsense"}}, set()),
        ({"kind": "field", "name": "stage", "claim": {"op": "known"}}, set()),
        ({"kind": "all", "of": [{"kind": "not", "of": {"kind": "field", "name": "stage", "claim": {
            "op": "in", "value": ["trial", "recovery"]}}}]}, {"trial", "recovery"}),
    ],
)  # fmt: skip
def test_stages_are_found_wherever_a_condition_names_them(
    expression: dict[str, Any], named: set[str]
) -> None:
    assert stages_in(expression) == named


def test_those_who_have_not_bought_stand_in_the_list_of_everybody(house: House) -> None:
    with house.person("page-admin") as admin:
        led = admin.get("/customers/stages/acquisition")
        assert (led.status_code, led.headers["location"]) == (
            303,
            "/customers/all?stage=acquisition",
        )
        assert admin.get(str(led.headers["location"])).status_code == 200
