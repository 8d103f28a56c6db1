"""A list brought in on the console, and what a customer allows on her page."""

from __future__ import annotations

import re
import uuid

import httpx
import pytest

from tests.console.house import House
from tests.console.test_segments import eventually

LISTS = "/customers/segments/lists"


def bring(house: House, text: str, **more: str) -> tuple[httpx.Response, str]:
    """A file is brought in; answers what came of it, and the list's name."""
    name = more.pop("name", f"名簿 {uuid.uuid4().hex[:8]}")
    with house.person("page-admin") as admin:
        page = admin.get(LISTS).text
        token = re.search(r'name="_csrf" value="(\w+)"', page)
        assert token
        answer = admin.http.post(
            LISTS,
            data={"name": name, "_csrf": token[1], **more},
            files={"file": ("list.csv", text.encode(), "text/csv")},
        )
    return answer, name


def test_a_list_becomes_a_segment_and_gives_its_refused_rows_back(house: House) -> None:
    answer, name = bring(house, "メール,メモ\nnobody@example.jp,x\n=HYPERLINK(1),+1\n")
    assert answer.status_code == 303, answer.text[-2000:]
    with house.person("page-admin") as admin:
        page = admin.get(answer.headers["location"]).text
        assert f"「{name}」を取り込みました" in page
        found = re.search(rf"{LISTS}/\d+/refused.csv", page)
        assert found
        file = admin.get(found[0])
        assert "'=HYPERLINK(1),'+1" in file.text, "a spreadsheet must not run it"
        assert "番号やアドレスの形でない" in file.text
        assert f"名簿「{name}」に載っている" in admin.get("/customers/segments").text
    with house.person("page-agent") as agent:
        assert agent.get(LISTS).status_code == 403
        assert agent.get(found[0]).status_code == 403


@pytest.mark.parametrize(
    ("text", "said"),
    [("a,b\n1,2\n", "1 行目に"), ("", "1 行目に"), ("メール\n" + "x" * 200_000, "1 行目に")],
)
def test_what_is_no_list_is_said_so_and_nothing_is_made(house: House, text: str, said: str) -> None:
    answer, name = bring(house, text)
    assert answer.status_code == 422
    assert said in answer.text
    with house.person("page-admin") as admin:
        assert name not in admin.get("/customers/segments").text


def test_a_name_that_is_taken_is_kept_unless_it_is_replaced(house: House) -> None:
    _, name = bring(house, "会員番号\n1\n")
    again, _ = bring(house, "会員番号\n1\n2\n", name=name)
    assert again.status_code == 422
    assert "もうあります" in again.text
    replaced, _ = bring(house, "会員番号\n1\n2\n", name=name, replaces="yes")
    assert replaced.status_code == 303


def test_what_she_says_at_the_counter_stands_on_her_page(house: House) -> None:
    customer = f"/customers/{house.customer('佐伯')}"
    with house.person("page-agent") as agent:
        agent.get(customer)
        missing = agent.post(f"{customer}/consent", channel="email", state="granted", evidence="")
        assert missing.status_code == 422
        bad = agent.post(f"{customer}/consent", channel="pigeon", state="granted",
                         evidence="カウンターで青い紙に記入")  # fmt: skip
        assert bad.status_code == 422
        said = agent.post(f"{customer}/consent", channel="line", state="refused",
                          evidence="カウンターで青い紙に記入")  # fmt: skip
        assert said.status_code == 303
        page = agent.get(customer).text
        assert "お断り" in page
        assert "青い紙" not in page, "how we know is sealed"
        eventually(lambda: "連絡を断りました" in agent.get(customer).text)
    with house.person("page-english") as ann:
        assert "Refused" in ann.get(customer).text


def test_a_long_list_is_read_behind_the_page_which_tells_how_far_it_is(house: House) -> None:
    rows = "".join(f"nobody{number}-{uuid.uuid4().hex}@example.jp,x\n" for number in range(9_000))
    answer, name = bring(house, f"メール,会員ID\n{rows}")
    assert (answer.status_code, answer.headers["location"]) == (303, LISTS)
    with house.person("page-admin") as admin:
        early = admin.get(LISTS).text
        assert f"「{name}」を読んでいます" in early or f">{name}</a>" in early
        eventually(lambda: f">{name}</a>" in admin.get(LISTS).text)
        page = admin.get(LISTS).text
        assert "読んでいます" not in page.split(f">{name}</a>")[0].split("readings")[-1]
        row = page.split(f">{name}</a>")[1].split("</tr>")[0]
        assert "9,000" in row


def test_what_breaks_behind_the_page_is_told_there(house: House) -> None:
    rows = "a@example.jp\n" * 20_000
    answer, name = bring(house, f"メール\n{rows}" + '"' + "x" * 200_000)
    assert answer.status_code == 303
    with house.person("page-admin") as admin:
        told = f"「{name}」は取り込めませんでした。"
        eventually(lambda: told in admin.get(LISTS).text)
        part = admin.get(f"{LISTS}/reading")
        assert told in part.text
    with house.person("page-english") as ann:
        assert f"“{name}” could not be brought in." in ann.get(LISTS).text
    with house.person("page-agent") as agent:
        assert agent.get(f"{LISTS}/reading").status_code == 403
