"""A file is tried, read otherwise, brought in behind the pages; what was refused is taken away."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
import uuid
from pathlib import Path

import httpx
import pytest

from tests.console.house import Browser, House

LIMIT_S = 60


def send(
    browser: Browser, kind: str, content: bytes, name: str = "ファイル.csv", system: str = ""
) -> httpx.Response:
    browser.get("/run/imports")
    return browser.http.post(
        "/run/imports",
        data={"_csrf": browser.token, "kind": kind, "encoding": "auto", "system": system},
        files={"file": (name, content, "text/csv")},
    )


def sent(browser: Browser, kind: str, content: bytes, **more: str) -> str:
    """Sends a file; the address of its page."""
    answer = send(browser, kind, content, **more)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def until(browser: Browser, address: str, words: str) -> str:
    """The page of a file, as soon as it says so."""
    deadline = time.monotonic() + LIMIT_S
    while words not in (text := browser.get(address).text):
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text


TRIED = "まだ何も変わっていません"
TAKEN = "取り込みました"


def items(*skus: str) -> bytes:
    rows = ["商品コード,商品名,税込価格"] + [f"{sku},試しの品 {sku},1980" for sku in skus]
    return ("\r\n".join(rows) + "\r\n").encode("cp932")


def new_sku() -> str:
    return f"IMP-{uuid.uuid4().hex[:8]}"


def count_of(house: House, sku: str) -> int:
    return int(house.asked(f"select count(*) from stock.items where sku like '{sku}%'"))


def test_a_file_is_tried_then_brought_in_and_known_the_second_time(house: House) -> None:
    sku = new_sku()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", items(f"{sku}-1", f"{sku}-2", ""))
        text = until(admin, address, TRIED)
        assert "CP932" in text
        assert "商品コード" in text
        assert count_of(house, sku) == 0
        assert admin.post(address).status_code == 303
        until(admin, address, TAKEN)
        assert count_of(house, sku) == 2
        again = sent(admin, "items", items(f"{sku}-1", f"{sku}-2"))
        assert "新しい行も変わる行もありません" in until(admin, again, TRIED)
        assert address in admin.get("/run/imports").text
    price = f"select price_minor from stock.items where sku = '{sku}-1'"
    assert house.asked(price) == 1980
    file_id = address.rpartition("/")[2]
    noted = (
        "select string_agg(action, ' ' order by entry_id) from audit.entries "
        f"where subject = '{file_id}'"
    )
    assert house.asked(noted) == "import.sent import.begun import.done"


def wait_until_gone(house: House, file_id: str) -> None:
    """It goes a moment after everybody knows that it was brought in."""
    deadline = time.monotonic() + LIMIT_S
    while any(file_id in one.name for one in (house.folder / "data/imports").iterdir()):
        assert time.monotonic() < deadline, "the file stays"
        time.sleep(0.05)


def test_the_file_is_gone_once_it_is_brought_in(house: House) -> None:
    with house.person("page-admin") as admin:
        address = sent(admin, "items", items(new_sku()))
        until(admin, address, TRIED)
        file_id = address.rpartition("/")[2]
        assert (house.folder / "data/imports" / file_id).exists()
        admin.post(address)
        until(admin, address, TAKEN)
    wait_until_gone(house, file_id)


def test_columns_are_read_as_chosen_and_so_the_next_time(house: House) -> None:
    sku, system = new_sku(), f"kasse-{uuid.uuid4().hex[:6]}"
    body = f"Artikel,Titel,Preis,価格\n{sku},Stuhl,1200,9999\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", body, system=system)
        text = until(admin, address, "まだ試せません")
        assert "Stuhl" in text
        assert admin.post(address).status_code == 303
        assert count_of(house, sku) == 0, "what was not tried is not brought in"
        chosen = {"c0": "sku", "c1": "name", "c2": "price", "c3": "", "encoding": "auto"}
        admin.post(f"{address}/reading", **chosen)
        until(admin, address, TRIED)
        admin.post(address)
        until(admin, address, TAKEN)
        assert house.asked(f"select price_minor from stock.items where sku = '{sku}'") == 1200
        later = sent(admin, "items", body.replace(b"Stuhl", b"Tisch"), system=system)
        text = until(admin, later, TRIED)
        admin.post(later)
        until(admin, later, TAKEN)
    found = f"select name_ja || price_minor from stock.items where sku = '{sku}'"
    assert house.asked(found) == "Tisch1200"


def test_a_column_of_the_files_own_is_kept_under_its_heading_now_and_the_next_time(
    house: House,
) -> None:
    sku, system = new_sku(), f"own-{uuid.uuid4().hex[:6]}"
    body = f"商品コード,商品名,価格,素材,棚\n{sku},椅子,1200,オーク,A-1\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", body, system=system)
        assert "使わない列：素材・棚" in until(admin, address, TRIED)
        chosen = {"c0": "sku", "c1": "name", "c2": "price", "c3": "+", "c4": ""}
        admin.post(f"{address}/reading", **chosen, encoding="auto")
        text = until(admin, address, TRIED)
        assert '<option value="+" selected' in text
        assert "使わない列：棚" in text
        admin.post(address)
        until(admin, address, TAKEN)
        kept = f"select attributes->>'素材' from stock.items where sku = '{sku}'"
        assert house.asked(kept) == "オーク"
        assert house.asked(kept.replace("素材", "棚")) is None
        later = sent(
            admin, "items", body.replace("オーク".encode(), "くるみ".encode()), system=system
        )
        until(admin, later, TRIED)
        admin.post(later)
        until(admin, later, TAKEN)
    assert house.asked(kept) == "くるみ"


def test_what_keeps_no_columns_of_its_own_offers_none_and_takes_none(house: House) -> None:
    head = "店舗コード,商品コード,在庫数,担当\nnowhere,nothing,1,x\n"
    with house.person("page-admin") as admin:
        address = sent(admin, "stock", head.encode(), system=f"own-{uuid.uuid4().hex[:6]}")
        assert '<option value="+"' not in until(admin, address, TRIED)
        admin.post(f"{address}/reading", c0="location_id", c1="sku", c2="qty", c3="+")
        assert "使わない列：担当" in until(admin, address, TRIED)


def test_a_field_that_is_none_of_the_kind_reads_nothing(house: House) -> None:
    with house.person("page-admin") as admin:
        address = sent(admin, "items", items(new_sku()), system=f"s-{uuid.uuid4().hex[:6]}")
        until(admin, address, TRIED)
        admin.post(f"{address}/reading", c0="email; drop", c1="name", c2="price", encoding="auto")
        assert "まだ試せません" in admin.get(address).text
        answer = admin.post(f"{address}/reading", c0="sku", encoding="rot13")
        assert answer.status_code == 422


def test_refused_rows_are_taken_away_with_their_reason_and_safe_in_a_spreadsheet(
    house: House,
) -> None:
    sku = new_sku()
    content = f"sku,name,price\n{sku},ok,100\n,=cmd(),200\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", content)
        until(admin, address, TRIED)
        tried = admin.get(f"{address}/refused.csv")
        admin.post(address)
        until(admin, address, TAKEN)
        taken = admin.get(f"{address}/refused.csv")
    assert (tried.status_code, taken.status_code) == (200, 200)
    assert "empty" in taken.text
    assert "'=cmd()" in taken.text
    assert tried.text == taken.text


def test_what_a_trial_refuses_is_taken_away_mended_and_sent_again(house: House) -> None:
    sku, mended = new_sku(), new_sku()
    content = f"sku,name,price\n{sku},ok,100\n,late,200\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", content)
        until(admin, address, TRIED)
        kept = admin.get(f"{address}/refused.csv").content.decode("utf-8-sig")
        again = kept.replace(",late,", f"{mended},late,")
        assert again != kept
        second = sent(admin, "items", again.encode("utf-8-sig"), name="refused.csv")
        until(admin, second, TRIED)
        assert admin.get(f"{second}/refused.csv").status_code == 404
        admin.post(second)
        until(admin, second, TAKEN)
    assert (count_of(house, mended), count_of(house, sku)) == (1, 0)


def test_a_file_of_many_megabytes_is_streamed_and_shows_how_far_it_is(house: House) -> None:
    sku = new_sku()
    rows = "".join(f"{sku}-{n},x,1980,{'使わない長い覚え書き' * 300}\n" for n in range(300))
    body = f"sku,name,price,memo\n{rows}".encode()
    assert len(body) > 2_500_000
    with house.person("page-admin") as admin:
        address = sent(admin, "items", body)
        until(admin, address, TRIED)
        admin.post(address)
        until(admin, address, TAKEN)
    assert count_of(house, sku) == 300


def test_a_run_is_stopped_and_goes_on_where_it_was(house: House) -> None:
    sku = new_sku()
    body = ("sku,name\n" + "".join(f"{sku}-{n},x\n" for n in range(6_000))).encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", body)
        until(admin, address, TRIED)
        admin.post(address)
        admin.post(f"{address}/stop")
        text = until(admin, address, "取り込みました" if _is_done(house, address) else "止めました")
        if "止めました" in text:
            assert admin.post(address).status_code == 303
            until(admin, address, TAKEN)
    assert count_of(house, sku) == 6_000


def test_a_killed_run_goes_on_in_the_next_process_and_counts_each_row_once(house: House) -> None:
    sku = new_sku()
    body = ("sku,name\n" + "".join(f"{sku}-{n},x\n" for n in range(6_000))).encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "items", body)
        until(admin, address, TRIED)
        file_id = address.rpartition("/")[2]
        admin.post(address)
        begun = f"select tries from imports.files where file_id = '{file_id}'"
        deadline = time.monotonic() + LIMIT_S
        while not house.asked(begun):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        told = re.findall(r"jobs runs as process (\d+)", (house.folder / "out.log").read_text())
        os.kill(int(told[-1]), signal.SIGKILL)
        until(admin, address, TAKEN)
    assert count_of(house, sku) == 6_000
    wait_until_gone(house, file_id)


def _is_done(house: House, address: str) -> bool:
    """Whether the run was quicker than the finger; once it has come to rest."""
    file_id, deadline = address.rpartition("/")[2], time.monotonic() + LIMIT_S
    state = f"select state from imports.files where file_id = '{file_id}'"
    while (now := house.asked(state)) == "taking":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return bool(now == "done")


def test_a_file_can_be_thrown_away_but_not_while_it_moves(house: House) -> None:
    with house.person("page-admin") as admin:
        address = sent(admin, "items", items(new_sku()))
        until(admin, address, TRIED)
        assert admin.post(f"{address}/away").status_code == 303
        assert admin.get(address).status_code == 404
        assert admin.post(address).status_code == 404


def test_the_file_waits_sealed_and_for_its_owner_alone(house: House) -> None:
    word = f"秘{uuid.uuid4().hex[:6]}"
    content = f"会員番号,氏名\nx-{word},{word}\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "customers", content, name=f"{word}.csv")
        until(admin, address, TRIED)
    kept = list((house.folder / "data/imports").rglob(f"*{address.rpartition('/')[2]}*"))
    assert kept
    assert all(word.encode() not in one.read_bytes() for one in kept)
    assert all(one.stat().st_mode & 0o077 == 0 for one in kept)
    stored = "select string_agg(about::text || coalesce(outcome::text, ''), '') from imports.files"
    assert word.encode().hex() not in str(house.asked(stored))


BAD = [
    ("nothing", b"a,b\n1,2\n"),
    ("items", b""),
    ("items", b"PK\x03\x04 a workbook"),
    ("items", b"%PDF-1.7"),
]


@pytest.mark.parametrize(("kind", "content"), BAD, ids=[f"{n}-{k}" for n, (k, _) in enumerate(BAD)])
def test_a_file_that_is_none_of_its_kind_is_refused_in_words(
    house: House, kind: str, content: bytes
) -> None:
    with house.person("page-admin") as admin:
        answer = send(admin, kind, content)
    assert answer.status_code == 422, answer.text


def test_a_broken_file_says_so_and_brings_in_nothing(house: House) -> None:
    with house.person("page-admin") as admin:
        address = sent(admin, "events", b"[1,2", name="x.ndjson")  # an array without its end
        text = until(admin, address, "ファイルを読み取れません")
        assert "この内容で取り込む" not in text
        address = sent(admin, "events", b'{"a": 1\n', name="x.ndjson")
        text = until(admin, address, TRIED)
        assert "この内容で取り込む" not in text


@pytest.mark.parametrize("said", ["x", "../../etc/passwd", str(uuid.UUID(int=7)), "%2e%2e"])
def test_an_address_of_nothing_opens_nothing(house: House, said: str) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/imports")
        for path in ("", "/stop", "/away", "/reading"):
            assert admin.post(f"/run/imports/{said}{path}").status_code in (404, 405)
        assert admin.get(f"/run/imports/{said}/refused.csv").status_code in (404, 405)


def test_the_name_of_a_file_leads_nowhere(house: House) -> None:
    before = set(Path("/tmp").glob("*.evil*"))
    with house.person("page-admin") as admin:
        answer = send(admin, "items", items("X"), name="../../../../tmp/x.evil.csv")
    assert answer.status_code == 303
    assert set(Path("/tmp").glob("*.evil*")) == before


def test_a_file_too_large_for_the_page_is_refused_before_it_comes(house: House) -> None:
    with house.person("page-admin") as admin:
        admin.get("/run/imports")
        cookies = "; ".join(f"{name}={value}" for name, value in admin.http.cookies.items())
        with socket.create_connection(("127.0.0.1", house.port), timeout=20) as line:
            head = (
                f"POST /run/imports HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n"
                f"Cookie: {cookies}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
                f"Content-Length: {400 << 20}\r\nConnection: close\r\n\r\n--x\r\n"
            )
            line.sendall(head.encode())
            assert re.match(rb"HTTP/1.1 413", line.recv(100))


@pytest.mark.parametrize("login", ["page-associate", "page-agent", "page-marketer"])
def test_others_are_not_let_in(house: House, login: str) -> None:
    with house.person(login) as browser:
        assert browser.get("/run/imports").status_code == 403
        browser.get("/me")
        assert browser.post("/run/imports").status_code == 403
        assert browser.post(f"/run/imports/{uuid.UUID(int=7)}").status_code == 403


def test_a_till_file_with_day_and_time_apart_is_read_and_a_refused_column_is_named(
    house: House,
) -> None:
    head = "店舗コード,レジ番号,レシート番号,営業日,時刻,商品コード,数量,売上金額"
    rows = [f"nowhere-{uuid.uuid4().hex[:6]},1,7,2026/1/5,21:40,mug,1,千円",
            f"nowhere-{uuid.uuid4().hex[:6]},1,8,2026/1/5,21:40,mug,1,\\3300"]  # fmt: skip
    with house.person("page-admin") as admin:
        address = sent(admin, "receipts", "\r\n".join([head, *rows]).encode("cp932"))
        text = until(admin, address, TRIED)
        assert "値を読み取れません（売上金額）" in text
        assert "（–）" not in text
        assert "知らない店舗です" in text
        assert text.count('value="at" selected') == 2
        assert "日と時刻が別の列なら" in text
        assert "在庫は動きません" in text
        assert 'name="moves_stock"' in text


def test_a_value_that_is_left_out_is_told_on_the_page(house: House) -> None:
    card = uuid.uuid4().hex[:8]
    members = f"会員番号,メール\nW-{card},sakura@@x\n".encode()
    with house.person("page-admin") as admin:
        text = until(admin, sent(admin, "customers", members), TRIED)
        assert "メールが使えない形です" in text
        assert "sakura" in text  # among the first rows, from the sealed file


@pytest.mark.parametrize(("kind", "is_known"), [("stock", True), ("magic", False), ("", False)])
def test_a_link_comes_with_its_kind_of_file(house: House, kind: str, is_known: bool) -> None:
    with house.person("page-admin") as admin:
        answer = admin.get(f"/run/imports?kind={kind}")
    assert answer.status_code == 200
    assert (f'value="{kind}" selected' in answer.text) is is_known
    assert '<option value="magic"' not in answer.text  # links of the list may carry what was asked


def test_a_member_of_a_list_is_a_customer_since_they_registered(house: House) -> None:
    card = f"W-{uuid.uuid4().hex[:8]}"
    members = f"会員番号,氏名,登録日,更新日\n{card},試し 葉,2019/4/1,2024/6/2\n".encode()
    with house.person("page-admin") as admin:
        address = sent(admin, "customers", members)
        until(admin, address, TRIED)
        assert admin.post(address).status_code == 303
        until(admin, address, TAKEN)
        customer = house.customer(card)
        text = until(admin, f"/customers/{customer}", "名簿に登録されました")
    since = text.partition("plain num since")[2][:60]
    assert "2019年4月1日" in since, since
    assert "どなたかが分かりました" not in text
