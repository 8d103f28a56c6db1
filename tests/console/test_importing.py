"""A file is tried, brought in, and what was refused is taken away: by the verb of the terminal."""

from __future__ import annotations

import re
import uuid
from pathlib import Path

import httpx
import pytest

from tests.console.house import Browser, House


def send(browser: Browser, kind: str, content: bytes, name: str = "ファイル.csv") -> httpx.Response:
    browser.get("/run/imports")
    return browser.http.post(
        "/run/imports",
        data={"_csrf": browser.token, "kind": kind, "encoding": "auto"},
        files={"file": (name, content, "text/csv")},
    )


def token_of(text: str) -> str:
    found = re.search(r'action="/run/imports/([\w-]{43})"', text)
    assert found, text
    return found[1]


def items(*skus: str) -> bytes:
    rows = ["商品コード,商品名,税込価格"] + [f"{sku},試しの品 {sku},1980" for sku in skus]
    return ("\r\n".join(rows) + "\r\n").encode("cp932")


def test_a_file_is_tried_then_brought_in_and_known_the_second_time(house: House) -> None:
    sku = f"IMP-{uuid.uuid4().hex[:8]}"
    count = f"select count(*) from stock.items where sku like '{sku}%'"
    with house.person("page-admin") as admin:
        trial = send(admin, "items", items(f"{sku}-1", f"{sku}-2", ""))
        assert trial.status_code == 200, trial.text
        assert "まだ何も変わっていません" in trial.text
        assert "商品コード" in trial.text
        assert house.asked(count) == 0
        done = admin.post(f"/run/imports/{token_of(trial.text)}")
        assert "取り込みました" in done.text
        assert house.asked(count) == 2
        again = send(admin, "items", items(f"{sku}-1", f"{sku}-2"))
        assert "新しい行も変わる行もありません" in again.text
        assert "商品" in admin.get("/run/imports").text
    noted = "select count(*) from audit.entries where action = 'import.done'"
    assert house.asked(noted) >= 1


def test_refused_rows_are_taken_away_with_their_reason_and_safe_in_a_spreadsheet(
    house: House,
) -> None:
    sku = f"IMP-{uuid.uuid4().hex[:8]}"
    content = f"sku,name,price\n{sku},ok,100\n,=cmd(),200\n".encode()
    with house.person("page-admin") as admin:
        token = token_of(send(admin, "items", content).text)
        assert f"/run/imports/{token}/refused.csv" in admin.post(f"/run/imports/{token}").text
        taken = admin.get(f"/run/imports/{token}/refused.csv")
    assert taken.status_code == 200
    assert "empty" in taken.text
    assert "'=cmd()" in taken.text


def test_the_file_waits_sealed_and_for_its_owner_alone(house: House) -> None:
    word = f"秘{uuid.uuid4().hex[:6]}"
    content = f"会員番号,氏名\nx-{word},{word}\n".encode()
    with house.person("page-admin") as admin:
        send(admin, "customers", content)
    kept = [one for one in (house.folder / "data/imports").rglob("*") if one.is_file()]
    assert kept
    assert all(word.encode() not in one.read_bytes() for one in kept)
    assert all(one.stat().st_mode & 0o077 == 0 for one in kept)


BAD = [
    ("nothing", b"a,b\n1,2\n"),
    ("items", b""),
    ("items", b"\x00\xff\xfe\x00"),
    ("items", b"color\nred\n"),
    ("stock", b"sku,qty\nX,1\n"),
    ("events", b"[1,2"),
]


@pytest.mark.parametrize(("kind", "content"), BAD, ids=[f"{n}-{k}" for n, (k, _) in enumerate(BAD)])
def test_a_file_that_is_none_of_its_kind_is_refused_in_words(
    house: House, kind: str, content: bytes
) -> None:
    with house.person("page-admin") as admin:
        answer = send(admin, kind, content)
    assert answer.status_code in (200, 422), answer.text
    assert answer.status_code == 422 or "disabled" in answer.text


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "A" * 43, "%2e%2e"])
def test_a_token_of_nothing_opens_nothing(house: House, token: str) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/imports")
        assert admin.post(f"/run/imports/{token}").status_code in (404, 405)
        assert admin.get(f"/run/imports/{token}/refused.csv").status_code in (404, 405)


def test_the_name_of_a_file_leads_nowhere(house: House) -> None:
    before = set(Path("/tmp").glob("*.evil"))
    with house.person("page-admin") as admin:
        answer = send(admin, "items", items("X"), name="../../../../tmp/x.evil")
    assert answer.status_code in (200, 422)
    assert set(Path("/tmp").glob("*.evil")) == before


def test_a_file_too_large_for_the_page_is_refused(house: House) -> None:
    with house.person("page-admin") as admin:
        assert send(admin, "items", b"sku\n" + b"x" * (3 * 1024 * 1024)).status_code == 413


@pytest.mark.parametrize("login", ["page-associate", "page-agent", "page-marketer"])
def test_others_are_not_let_in(house: House, login: str) -> None:
    with house.person(login) as browser:
        assert browser.get("/run/imports").status_code == 403
        browser.get("/me")
        assert browser.post("/run/imports").status_code == 403
