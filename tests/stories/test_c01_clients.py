"""C01 with the clients that shops really have: Python, Node, and the browser tag, served by us."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from segment.analytics.client import Client

from tests.stories.town import Process, Town

NODE = Path(__file__).parents[1] / "node"
LIBRARY = NODE / "node_modules" / "@segment" / "analytics-node"


def someone() -> str:
    return f"u-{uuid.uuid4().hex[:12]}"


def seen(town: Town, user_id: str, *, after: str | None = None) -> list[dict[str, Any]]:
    """The timeline of a user, which includes the event `after`."""
    customer = town.look_up("user_id", user_id, after=after)
    return town.timeline(customer["customer_id"])


def until(found: Callable[[], Any], limit_s: float = 60) -> Any:
    """What `found` answers once it is not empty."""
    deadline = time.monotonic() + limit_s
    while not (answer := found()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return answer


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("prefix", ["", "/ingest"])
def test_the_python_client_delivers(town: Town, packed: bool, prefix: str) -> None:
    errors: list[Exception] = []
    user, last = someone(), f"m-{uuid.uuid4()}"
    client = Client(
        town.write_keys["web"],
        host=town.process.base_url + prefix,
        gzip=packed,
        on_error=lambda error, _: errors.append(error),
    )
    client.identify(user, {"email": f"{user}@example.jp", "plan": "gold"}, anonymous_id=user[::-1])
    client.track(user, "Product Viewed", {"sku": "4901234567894", "price": float("1200")})
    client.page(user, "Docs", "Home", {"url": "https://shop.example/"})
    client.screen(user, "App", "Home")
    client.group(user, "g1", {"name": "Firm"})
    client.track(user, "Sofa Sat Upon", {"minutes": 3}, message_id=last)
    client.join()
    client.flush()
    assert errors == []
    names = {item["name"] for item in seen(town, user, after=last)}
    assert {"customer.identified", "product.viewed", "page.viewed", "custom.event"} <= names


class Faulty(http.server.BaseHTTPRequestHandler):
    """Stands before the product and fails the first requests, as a busy day does."""

    target = ""
    failures: list[tuple[int, str | None]] = []  # noqa: RUF012 - set per test
    seen: list[int] = []  # noqa: RUF012

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.failures:
            status, wait_s = self.failures.pop(0)
            self._answer(status, b"{}", wait_s)
            return
        import urllib.request

        headers = {k: v for k, v in self.headers.items() if k.lower() != "host"}
        request = urllib.request.Request(self.target + self.path, body, headers)
        with urllib.request.urlopen(request) as answer:
            self._answer(answer.status, answer.read(), None)

    def _answer(self, status: int, body: bytes, wait_s: str | None) -> None:
        self.seen.append(status)
        self.send_response(status)
        if wait_s:
            self.send_header("Retry-After", wait_s)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def faulty(town: Town) -> Iterator[tuple[str, type[Faulty]]]:
    handler = type("Proxy", (Faulty,), {"target": town.process.base_url, "seen": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()


def test_the_python_client_comes_again_after_429_and_503(
    town: Town, faulty: tuple[str, type[Faulty]]
) -> None:
    host, handler = faulty
    handler.failures = [(429, "1"), (503, "1"), (503, None)]
    user, last = someone(), f"m-{uuid.uuid4()}"
    errors: list[Exception] = []
    client = Client(
        town.write_keys["web"], host=host, on_error=lambda error, _: errors.append(error)
    )
    client.track(user, "Product Viewed", {"sku": "1"}, message_id=last)
    client.flush()
    client.join()
    assert (errors, handler.seen) == ([], [429, 503, 503, 200])
    assert len(seen(town, user, after=last)) == 1


@pytest.mark.node
def test_the_node_client_delivers(town: Town) -> None:
    if not shutil.which("node") or not LIBRARY.exists():
        pytest.skip("node or its packages are missing: run `npm install` in tests/node")
    user = someone()
    done = subprocess.run(
        ["node", "send.js", town.write_keys["web"], town.process.base_url, user, "7"],
        cwd=NODE, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["failures"] == []
    items = seen(town, user, after=f"{user}-6")
    assert sum(item["name"] == "product.viewed" for item in items) == 7


GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "send-events.md"


def snippet(town: Town) -> str:
    """The snippet as the guide gives it, with this installation's address and a key."""
    text = GUIDE.read_text(encoding="utf-8").split("```html")[1].split("```")[0]
    text = text.replace("https://setten.example.jp", town.process.base_url)
    return text.replace("KEY", town.write_keys["web"])


@pytest.fixture
def shop(town: Town) -> Iterator[str]:
    """A shop's own page, of another origin than the product."""
    page = f"<!doctype html><title>店舗</title>{snippet(town)}"

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def _chromium() -> str | None:
    given = os.environ.get("SETTEN_TEST_CHROMIUM")
    return given or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.page
def test_the_browser_tag_delivers_from_another_origin(town: Town, shop: str) -> None:
    """The tag comes from us, calls nobody else, and its events arrive."""
    from playwright.sync_api import Error, sync_playwright

    user = someone()
    with sync_playwright() as play:
        try:
            browser = play.chromium.launch(
                executable_path=_chromium(),
                args=["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
            )
        except Error:
            pytest.skip("no Chromium here: playwright install chromium")
        page = browser.new_page()
        asked: list[str] = []
        problems: list[str] = []
        answers: list[tuple[str, int]] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else 0)
        page.on("response", lambda got: answers.append((got.url, got.status)))
        page.goto(f"{shop}/p?utm_source=line&utm_campaign=spring")
        page.evaluate(
            """user => { const a = window.analytics;
            a.identify(user, {email: user + '@example.jp'}); a.page('Shop', 'Home');
            a.track('Product Viewed', {sku: '4901234567894'});
            a.group('g1', {n: 1}); a.alias(user) }""",
            user,
        )
        posted = until(lambda: _posts(page, answers, 6))
        browser.close()
    assert {status for _, status in posted} == {200}
    ours = (town.process.base_url, shop)
    assert [url for url in asked if not url.startswith(ours)] == []
    assert not [one for one in problems if "favicon" not in one]
    items = until(lambda: _has(seen(town, user), "product.viewed"))
    assert {"customer.identified", "page.viewed"} <= {item["name"] for item in items}


def _posts(page: Any, answers: list[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    page.wait_for_timeout(50)  # lets the browser's events reach us
    found = [one for one in answers if "/v1/" in one[0] and one[0].rsplit("/", 1)[1] in "ptiga"]
    return found if len(found) >= most else []


def _has(items: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return items if any(item["name"] == name for item in items) else []


def test_a_page_of_the_products_process_serves_the_tags_parts(product: Process) -> None:
    import httpx

    base = product.base_url
    script = httpx.get(f"{base}/analytics.js/v1/any/analytics.min.js", timeout=30)
    assert script.headers["content-type"].startswith("text/javascript")
    folder = Path(__file__).parents[2] / "src/setten/api/static_tag"
    for part in folder.glob("*.bundle.*.js"):
        got = httpx.get(f"{base}/analytics-next/bundles/{part.name}", timeout=30)
        assert (got.status_code, got.content) == (200, part.read_bytes())
    assert httpx.get(f"{base}/v1/projects/nobody/settings", timeout=30).status_code == 401
    assert httpx.post(f"{base}/v1/batch/", content=b"{", timeout=30).status_code == 400
