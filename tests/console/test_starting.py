"""An empty business comes to its first own event, and is told what is wrong and how to mend it."""

from __future__ import annotations

import base64
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import expect

from setten.platform import auth, clock
from tests.conftest import MASTER_KEY, clone, drop
from tests.console.conftest import CHROMIUM, FLAGS
from tests.console.house import PASSWORD, House
from tests.console.test_importing import TAKEN, TRIED, sent, until


class Empty(House):
    """A business that has nothing but somebody who may begin."""

    async def _fill(self) -> None:
        async with self._connection() as conn:
            await auth.create_staff(
                conn, login="first", name="初 めて", role="admin", locations=(),
                password=PASSWORD, now=clock.now(), locale="ja",
            )  # fmt: skip


@pytest.fixture(scope="module")
def empty(postgres: str, template: str) -> Iterator[Empty]:
    dsn = clone(postgres, template)
    with tempfile.TemporaryDirectory(prefix="setten-first-", ignore_cleanup_errors=True) as name:
        running = Empty(dsn, Path(name), MASTER_KEY)
        try:
            yield running
        finally:
            running.stop()
            drop(postgres, dsn)


def test_the_day_leads_whoever_begins_to_the_first_steps(empty: Empty) -> None:
    with empty.person("first") as first:
        assert 'href="/run/start"' in first.get("/").text
        assert "ウェブサイトを加える" in first.get("/run/start").text


@pytest.mark.parametrize(
    "path",
    ["/", "/customers", "/customers/segments", "/customers/stages", "/stock/items", "/stock/orders",
     "/stock/carts", "/stock/pickup", "/stock/returns", "/stock/places", "/stock/releases",
     "/stock/delivery", "/stock/disagreements", "/run/data", "/run/staff", "/run/keys",
     "/run/audit", "/run/doctor", "/run/identity", "/stock/cover", "/today/sales"],
)  # fmt: skip
def test_a_page_of_an_empty_business_says_what_to_do(empty: Empty, path: str) -> None:
    with empty.person("first") as first:
        answer = first.get(path)
        while answer.status_code in (302, 303, 307):
            answer = first.get(answer.headers["location"])
    assert answer.status_code == 200


def test_the_first_event_arrives_before_ones_eyes_and_ticks_its_step_off(empty: Empty) -> None:
    if CHROMIUM is None:
        pytest.skip("no chromium here: apt install chromium")
    from playwright.sync_api import sync_playwright

    session = empty.session("first")
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(base_url=empty.url, locale="ja-JP")
        context.add_cookies(
            [{"name": name, "value": value, "url": empty.url} for name, value in session.items()]
        )
        page = context.new_page()
        page.goto("/run/start")
        page.get_by_role("button", name="ウェブサイトを加える").click()
        expect(page.get_by_text("待っています")).to_be_visible()
        _send(str(page.locator(".first-list pre code", has_text="curl").first.inner_text()), empty)
        expect(page.locator(".first-events .what").first).to_have_text("Hello")
        expect(page.locator(".first-list > li").nth(1)).to_have_class("is-done")
        page.set_viewport_size({"width": 320, "height": 800})
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0
        browser.close()


def _send(command: str, house: House) -> None:
    """What the page says to type, sent without a shell."""
    key = command.partition("-u ")[2].partition(":")[0]
    assert command.startswith(f"curl {house.url}/v1/track")
    body: dict[str, Any] = {"anonymousId": "me", "event": "Hello"}
    assert (
        httpx.post(f"{house.url}/v1/track", auth=(key, ""), json=body, timeout=30).status_code
        == 200
    )


def test_pressing_twice_makes_one_source(empty: Empty) -> None:
    with empty.person("first") as first:
        first.get("/run/start")
        for _ in range(2):
            assert first.post("/run/start/source").status_code == 303
    assert empty.asked("select count(*) from ingest.sources") == 1


def test_steps_are_done_by_what_they_leave_behind(empty: Empty) -> None:
    with empty.person("first") as first:
        before = first.get("/run/start").text.count('class="is-done"')
    answer = empty.put_api(
        "/api/v1/stock/locations",
        {"locations": [{"location_id": "one", "name": "一号店", "kind": "shop",
                        "lat": 35.6, "lon": 139.7}]},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    with empty.person("first") as first:
        assert first.get("/run/start").text.count('class="is-done"') == before + 1


def test_a_file_that_was_brought_in_is_no_sender_and_is_named_in_words(empty: Empty) -> None:
    members = "会員番号,氏名\nFIRST-1,初 香\n".encode()
    with empty.person("first") as first:
        address = sent(first, "customers", members, system="makeshop")
        until(first, address, TRIED)
        assert first.post(address).status_code == 303
        until(first, address, TAKEN)
        text = first.get("/run/start").text
        data, first_day = first.get("/run/data").text, first.get("/").text
    key = empty.asked(
        "select write_key from ingest.write_keys join ingest.sources using (source_id)"
        " where name like 'import customers%'"
    )
    assert key not in text
    assert "取り込み：顧客" not in text, "what a file told is no event of theirs"
    assert 'href="/run/start"' in first_day, "steps are open still"
    assert "import customers" not in text + data
    assert "取り込み：顧客 · makeshop" in data
    for kind in ("locations", "items", "stock", "receipts", "customers"):
        done_by_now = kind == "locations"
        assert done_by_now or f'href="/run/imports?kind={kind}"' in text


def test_the_checkup_names_what_wants_a_hand_and_how_to_mend_it(empty: Empty) -> None:
    with empty.person("first") as first:
        first.get("/run/data")
        assert "受け取れなかったもの" in first.get("/run/doctor").text
        key = empty.asked("select write_key from ingest.write_keys limit 1")
        bad = {"anonymousId": "me"}  # no name
        assert (
            httpx.post(f"{empty.url}/v1/track", auth=(key, ""), json=bad, timeout=30).status_code
            < 500
        )
        deadline = time.monotonic() + 60
        while "データのページで、理由を見て直し" not in (text := first.get("/run/doctor").text):
            assert time.monotonic() < deadline, text
            time.sleep(0.3)


def test_others_are_not_let_in(house: House) -> None:
    for login in ("page-associate", "page-marketer"):
        with house.person(login) as browser:
            for path in ("/run/start", "/run/doctor", "/run/start/live"):
                assert browser.get(path).status_code == 403


def test_settings_tell_whence_they_came_and_show_no_secret(empty: Empty) -> None:
    with empty.person("first") as first:
        text = first.get("/run/settings").text
    assert "Asia/Tokyo" in text
    assert "SETTEN_TIMEZONE" in text
    secret = base64.b64encode(MASTER_KEY).decode()
    password = urlsplit(empty.dsn).password
    assert secret not in text
    assert password is None or f":{password}@" not in text


def test_the_name_of_the_business_stands_on_every_page_at_once(empty: Empty) -> None:
    with empty.person("first") as first:
        assert "SETTEN_LOCALE で決めてある" in first.get("/run/settings").text
        assert first.post("/run/settings", name="灯台家具 <b>", locale="en").status_code == 303
        text = first.get("/run/settings").text
        assert "· 灯台家具 &lt;b&gt;</title>" in text
        assert "事業の名前：— → 灯台家具 &lt;b&gt;" in text
        assert first.post("/run/settings", name="長" * 61).status_code == 422
        assert first.post("/run/settings", name="灯台\x00").status_code == 422
        assert "灯台家具" in httpx.get(f"{empty.url}/sign-in", timeout=30).text
        assert "業務の設定を変えた" in first.get("/run/audit").text
        again = first.post("/run/settings", name="", seen_name="灯台家具 <b>", seen_locale="en")
        assert again.status_code == 303
    assert empty.asked("select value from business.choices where name = 'name'") == ""


def test_only_admins_change_what_the_business_decides(house: House) -> None:
    with house.person("page-engineer") as engineer:
        assert "変えられるのは管理者です" in engineer.get("/run/settings").text
        engineer.get("/me")
        assert engineer.post("/run/settings", name="x").status_code == 403
