"""The audit is read by who answers for it: by person, by staff, by deed, by day; and taken away."""

from __future__ import annotations

import csv
import io
import uuid

import pytest

from tests.console.house import House

BAD = [
    "by=%00", "what=" + "x" * 5000, "since=yesterday", "since=0001-01-01", "until=9999-12-31",
    "before=-5", f"before={2**63 - 1}", "since=2026-13-45", "customer=" + str(uuid.UUID(int=9)),
]  # fmt: skip


@pytest.fixture(scope="module")
def officer(house: House) -> str:
    login = f"officer-{uuid.uuid4().hex[:6]}"
    house.hire(login, "privacy_officer")
    return login


@pytest.fixture(scope="module")
def seen(house: House) -> str:
    """Somebody whom the agent looked at."""
    who, _ = house.newcomer(name="鑑 みる", email=f"kagami-{uuid.uuid4().hex[:8]}@mail.example")
    with house.person("page-agent") as agent:
        agent.get(f"/customers/{who}")
        agent.post(f"/customers/{who}/identifiers", reason="受け取りの連絡のため")
    return who


def test_all_who_saw_a_person_stand_on_one_page_with_their_reasons(
    house: House, officer: str, seen: str
) -> None:
    with house.person(officer) as browser:
        text = browser.get(f"/run/audit?customer={seen}").text
    assert "林 凛" in text
    assert "鑑 みる" in text
    assert "お客様のページを見た" in text
    assert "受け取りの連絡のため" in text
    with house.person(officer) as browser:
        assert f"/run/audit?customer={seen}" in browser.get(f"/customers/{seen}/links").text


def test_a_person_is_found_by_what_she_says_and_her_words_enter_no_address(
    house: House, officer: str, seen: str
) -> None:
    said = "鑑"
    with house.person(officer) as browser:
        browser.get("/run/audit")
        answer = browser.post("/run/audit/person", q=said)
    landed = answer.headers.get("location", "") if answer.status_code == 303 else answer.text
    assert seen in landed
    assert said not in answer.headers.get("location", "")


def test_nobody_found_is_said(house: House, officer: str) -> None:
    with house.person(officer) as browser:
        browser.get("/run/audit")
        assert (
            "見つかりませんでした" in browser.post("/run/audit/person", q="nobody@x.example").text
        )


def test_days_are_those_of_the_wall_clock(house: House, officer: str) -> None:
    actor = f"key:{uuid.uuid4()}"
    house.run_in_database(
        "insert into audit.entries (at, actor, action, subject) values "
        f"('2026-03-09 23:59:59+09', '{actor}', 'event.viewed', 'before'),"
        f"('2026-03-10 00:00:00+09', '{actor}', 'event.viewed', 'within'),"
        f"('2026-03-11 00:00:00+09', '{actor}', 'event.viewed', 'after')"
    )
    with house.person(officer) as browser:
        text = browser.get(f"/run/audit?by={actor}&since=2026-03-10&until=2026-03-10").text
    shown = [one.partition("<")[0] for one in text.split('audit-subject">')[1:]]
    assert shown == ["within"]


@pytest.mark.parametrize("query", BAD)
def test_a_link_that_says_nonsense_is_answered_in_order(
    house: House, officer: str, query: str
) -> None:
    with house.person(officer) as browser:
        assert browser.get(f"/run/audit?{query}").status_code in (200, 400, 422)
        assert browser.get(f"/run/audit.csv?{query}").status_code in (200, 400, 422)


def test_the_export_is_safe_in_a_spreadsheet_and_names_no_customer(
    house: House, officer: str, seen: str
) -> None:
    actor = f"key:{uuid.uuid4()}"
    house.run_in_database(
        "insert into audit.entries (at, actor, action, subject) "
        f"values (now(), '{actor}', 'event.viewed', '=cmd()')"
    )
    with house.person(officer) as browser:
        text = browser.get(f"/run/audit.csv?by={actor}").text
        about = browser.get(f"/run/audit.csv?customer={seen}").text
        assert "記録を書き出した" in browser.get("/run/audit?what=audit.exported").text
    rows = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert rows[1][6] == "'=cmd()"
    assert seen in about
    assert "鑑" not in about
    assert "受け取りの連絡" not in about


@pytest.mark.parametrize("login", ["page-associate", "page-agent", "page-engineer"])
def test_others_are_not_let_in(house: House, login: str) -> None:
    with house.person(login) as browser:
        assert browser.get("/run/audit").status_code == 403
        assert browser.get("/run/audit.csv").status_code == 403
        assert "/run/audit" not in browser.get("/me").text


def test_reading_the_audit_is_in_the_audit(house: House, officer: str) -> None:
    with house.person(officer) as browser:
        browser.get("/run/audit")
        assert "記録を見た" in browser.get("/run/audit?what=audit.viewed").text
