"""What a reviewer tries first at the door of the console: sessions, tokens, tries, addresses."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import uuid

import httpx
import pytest

from tests.stories.town import Town

PASSWORD = "moss-lantern-42-river"


class Browser:
    """A browser without scripts: keeps cookies, sends the page's token."""

    def __init__(self, town: Town) -> None:
        self.http = httpx.Client(base_url=town.process.base_url, timeout=30)
        self.cookie = f"setten-{town.process.port}-session"

    def token(self, path: str = "/sign-in") -> str:
        found = re.search(r'name="_csrf" value="(\w+)"', self.http.get(path).text)
        assert found, path
        return found.group(1)

    def sign_in(self, login: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        form = {"_csrf": self.token(), "login": login, "password": password, "next": "/"}
        return self.http.post("/sign-in", data=form | fields)

    @property
    def session(self) -> str | None:
        return self.http.cookies.get(self.cookie)

    def is_in(self) -> bool:
        return self.http.get("/customers").status_code == 200


@pytest.fixture
def browser(town: Town) -> Browser:
    return Browser(town)


@pytest.fixture
def login(town: Town) -> str:
    """A member of staff of this test's own, with a password."""
    name = f"staff-{uuid.uuid4().hex[:8]}"
    done = subprocess.run(
        [sys.executable, "-m", "setten.cli", "users", "create", "--login", name, "--role", "agent",
         "--password-stdin", "--data-dir", str(town.process.folder / "data")],
        input=PASSWORD + "\n", text=True, capture_output=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return name


def test_a_session_is_new_at_each_sign_in_and_its_cookie_is_closed(
    browser: Browser, login: str
) -> None:
    browser.http.cookies.set(browser.cookie, "chosen-by-somebody-else")
    answer = browser.sign_in(login)
    assert answer.status_code == 303
    cookie = next(c for c in answer.headers.get_list("set-cookie") if "session=" in c)
    for flag in ("HttpOnly", "SameSite=lax", "Path=/"):
        assert flag in cookie
    first = browser.http.cookies.jar
    tokens = {c.value for c in first if c.name == browser.cookie}
    assert any(token != "chosen-by-somebody-else" for token in tokens)


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie(
    town: Town, browser: Browser, login: str
) -> None:
    browser.sign_in(login)
    assert browser.is_in()
    kept = Browser(town)
    kept.http.cookies.set(kept.cookie, browser.session or "")
    assert kept.is_in()

    out = browser.http.post("/sign-out", data={"_csrf": browser.token("/customers")})

    assert out.status_code == 303
    assert not kept.is_in()


def test_a_closed_account_is_out_at_once_and_stays_out(
    town: Town, browser: Browser, login: str
) -> None:
    browser.sign_in(login)
    assert browser.is_in()
    town.process.command("users", "disable", login)
    assert not browser.is_in()
    assert Browser(town).sign_in(login).status_code == 401


def test_a_link_works_once_and_not_by_being_looked_at(town: Town, login: str) -> None:
    link = town.process.command("users", "link", login)
    path = httpx.URL(link).path
    first, second = Browser(town), Browser(town)
    for _ in range(3):
        assert first.http.get(path).status_code == 200
    assert first.http.post(path, data={"_csrf": first.token(path)}).status_code == 303
    assert first.is_in()
    assert second.http.post(path, data={"_csrf": second.token(path)}).status_code == 401
    assert not second.is_in()


@pytest.mark.parametrize("headers", [
    {"Origin": "https://elsewhere.example"}, {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
])  # fmt: skip
def test_a_write_from_another_site_is_refused(
    browser: Browser, login: str, headers: dict[str, str]
) -> None:
    browser.sign_in(login)
    data = {"_csrf": browser.token("/customers")}
    assert browser.http.post("/sign-out", data=data, headers=headers).status_code == 403
    assert browser.is_in()


def test_a_write_needs_the_token_of_its_own_session(
    town: Town, browser: Browser, login: str
) -> None:
    browser.sign_in(login)
    stranger = Browser(town).token()
    for data in ({}, {"_csrf": ""}, {"_csrf": stranger}, {"_csrf": "あ"}):
        assert browser.http.post("/sign-out", data=data).status_code == 403
    assert browser.is_in()


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example",
                                "javascript:alert(1)", "/\tx", "\r\nSet-Cookie: a=b"])  # fmt: skip
def test_signing_in_leads_nowhere_else(browser: Browser, login: str, to: str) -> None:
    answer = browser.sign_in(login, next=to)
    assert answer.status_code == 303
    where = answer.headers["location"]
    assert where.startswith("/")
    assert not where.startswith(("//", "/\\", "/\t"))
    assert "a=b" not in " ".join(answer.headers.get_list("set-cookie"))


def test_pages_say_what_they_may_load_and_are_kept_by_nobody(browser: Browser, login: str) -> None:
    browser.sign_in(login)
    for path in ("/sign-in", "/customers", "/nope"):
        headers = browser.http.get(path).headers
        policy = headers["content-security-policy"]
        for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'",
                     "frame-ancestors 'none'"):  # fmt: skip
            assert part in policy
        # One exception: code of ours, compiled (the reader of barcodes); never text that is run.
        assert "unsafe" not in policy.replace(" 'wasm-unsafe-eval';", ";")
        assert "wasm" not in policy or path == "/customers"  # where the camera looks for a card
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "access-control-allow-origin" not in headers


def test_what_goods_are_called_is_text_on_every_page_and_in_every_table(
    town: Town, browser: Browser, login: str
) -> None:
    sku = f"XSS-{uuid.uuid4().hex[:8]}"
    name = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    formula = '=HYPERLINK("https://evil.example")'
    town.api("PUT", "/stock/items", json={"items": [
        {"sku": sku, "name": name}, {"sku": f"{sku}-f", "name": formula},
    ]})  # fmt: skip
    browser.sign_in(login)
    for path in (f"/stock/items?q={sku}", f"/stock/items/{sku}"):
        page = browser.http.get(path)
        assert page.status_code == 200
        assert sku in page.text
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    table = browser.http.get(f"/stock/items.csv?q={sku}")
    assert table.headers["content-disposition"].startswith("attachment")
    cells = [cell for row in csv.reader(io.StringIO(table.text)) for cell in row]
    assert any("HYPERLINK" in cell for cell in cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_questions_that_make_no_sense_break_no_page(browser: Browser, login: str) -> None:
    browser.sign_in(login)
    paths = ("/stock/items?q=%00", "/stock/items/%00", "/find?q=%00", "/find?q=%ff", "/events/%00",
             "/stock/items?after=%00", "/stock/items?q=%ed%a0%80", "/customers/x",
             "/stock/items.csv?q=%00")  # fmt: skip
    for path in paths:
        assert browser.http.get(path, headers={"Accept": "text/html"}).status_code < 500, path


def test_a_stranger_sees_the_door_and_nothing_behind_it(browser: Browser) -> None:
    for path in ("/", "/customers", "/stock", "/me", "/stock/items/CHAIR-OAK", "/stock/items.csv"):
        answer = browser.http.get(path)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    assert browser.http.get("/metrics", headers={"X-Forwarded-For": "1.2.3.4"}).status_code == 404
