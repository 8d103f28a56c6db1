"""A whole running product for stories, spoken to as outsiders do: HTTP and a command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from setten.demo import sources
from tests.console.house import Browser

START_LIMIT_S = 120
# How long a web process may not know of a new place (setten.stock.locations.FRESH_S), and some.
PLACES_FRESH_S = 1.2
READERS_LIMIT_S = 60  # on a machine that has much else to do
KICHIJOJI, YOKOHAMA = (35.7031, 139.5797), (35.4658, 139.6223)


class Refusal(Exception):
    """An answer that was not a success."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.status_code} {response.text[:400]}")
        self.status = response.status_code
        self.body: dict[str, Any] = response.json()


class Expected:
    body: dict[str, Any]


@contextmanager
def refused(status: int, code: str) -> Iterator[Expected]:
    """The block must be refused with this status and code."""
    seen = Expected()
    try:
        yield seen
    except Refusal as refusal:
        if (refusal.status, refusal.body.get("code")) != (status, code):
            raise
        seen.body = refusal.body
    else:
        raise AssertionError(f"expected {status} {code}, but it was accepted")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """`setten demo` in a folder of its own."""

    def __init__(self, folder: Path, *, workers: int = 2) -> None:
        self.folder = folder
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._map = folder / "data" / "supervisor.json"
        self._log = (folder / "out.log").open("ab")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", "demo", "--port", str(self.port), "--data-dir",
             str(folder / "data"), "--no-open", "--workers", str(workers), "--days", "0"],
            stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL,
            env={**os.environ, "SETTEN_LOCALE": "ja"}, start_new_session=True,
        )  # fmt: skip

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            assert self._child.poll() is None, self.output()[-3000:]
            if "http://127.0.0.1" in self.output() and self._is_ready():
                return
            time.sleep(0.1)
        raise AssertionError("not ready in time: " + self.output()[-3000:])

    def _is_ready(self) -> bool:
        try:
            is_answering = httpx.get(f"{self.base_url}/readyz", timeout=2).status_code == 200
            return is_answering and self._map.exists()  # the map of processes is written behind it
        except httpx.HTTPError:
            return False

    def output(self) -> str:
        """What the command has printed so far."""
        return (self.folder / "out.log").read_text(errors="replace")

    def command(self, *words: str) -> str:
        """Another command beside the running product; its standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "setten.cli", *words, "--data-dir", str(self.folder / "data")],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def pids(self) -> dict[str, int]:
        """Process ids by name: supervisor, database, web-1 …, background."""
        found: dict[str, int] = json.loads(self._map.read_text())
        return found

    def stop(self) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(60)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._log.close()


class Shop(msgspec.Struct, frozen=True):
    """A shop of a test's own, that nothing else happens in."""

    location_id: str
    name: str


class Town:
    """The demo's town: its sources by their short names, its tills, its agents.

    Tests of one run share it, so each works in shops, with goods and on people of its own.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self.key = process.command("keys", "create", "--scope", "server", "--name", "stories")
        listed = json.loads(process.command("sources", "list", "--json"))
        self.write_keys = sources.by_key((row["name"], row["write_key"]) for row in listed)
        self.http = httpx.Client(base_url=process.base_url, timeout=30)
        self._cookies: dict[str, dict[str, str]] = {}
        self._staff: dict[str, str] = {}

    # -- places and people of one's own ----------------------------------------------------------

    def open_shops(self, *points: tuple[float, float]) -> list[Shop]:
        """A shop at each point (lat, lon), known to every process."""
        word = uuid.uuid4().hex[:8]
        shops = [Shop(f"shop-{word}-{n}", f"試し{word}{n}号店") for n in range(len(points))]
        answer = self.api("PUT", "/stock/locations", json={"locations": [
            {"location_id": one.location_id, "name": {"ja": one.name, "en": one.location_id},
             "lat": lat, "lon": lon, "hours": {"mon": [["10:00", "20:00"]]}}
            for one, (lat, lon) in zip(shops, points, strict=True)
        ]})  # fmt: skip
        assert answer == {"written": len(points), "refused": []}, answer
        time.sleep(PLACES_FRESH_S)
        return shops

    def staff_of(self, shop: Shop) -> str:
        """The login of an associate who works there, and nowhere else."""
        if shop.location_id not in self._staff:
            login = f"of-{shop.location_id}"
            link = self.process.command("users", "create", "--login", login, "--name", "店 員子",
                                        "--location", shop.location_id)  # fmt: skip
            self._staff[shop.location_id] = login
            self._enter(login, link)
        return self._staff[shop.location_id]

    def session(self, login: str) -> dict[str, str]:
        """The cookies of somebody who signed in by a link, once a run."""
        if login not in self._cookies:
            self._enter(login, self.process.command("users", "link", login))
        return self._cookies[login]

    def person(self, login: str) -> Browser:
        """Somebody of the staff, signed in, without a screen."""
        cookies = self.session(login)
        http = httpx.Client(base_url=self.process.base_url, cookies=cookies, timeout=30,
                            headers={"accept": "text/html"}, follow_redirects=True)  # fmt: skip
        browser = Browser(http)
        browser.get("/me")
        return browser

    def _enter(self, login: str, link: str) -> None:
        path = httpx.URL(link).path
        browser = Browser(httpx.Client(base_url=self.process.base_url, timeout=30))
        browser.get(path)
        assert browser.post(path).status_code == 303
        self._cookies[login] = dict(browser.http.cookies)

    # -- in ------------------------------------------------------------------------------------

    def tell(self, source: str, *events: dict[str, Any]) -> list[str]:
        """Send events as one batch of a source and answer their messageIds."""
        now = datetime.now(UTC).isoformat()
        filled = [{"messageId": str(uuid.uuid4()), "timestamp": now} | event for event in events]
        body = {"batch": filled, "sentAt": now, "writeKey": self.write_keys[source]}
        response = self.http.post("/v1/batch", json=body)
        if response.status_code != 200:
            raise Refusal(response)
        assert response.json() == {"success": True}
        return [str(event["messageId"]) for event in filled]

    # -- the server API ------------------------------------------------------------------------

    def api(self, method: str, path: str, *, full: bool = False, key: str | None = None,
            **options: Any) -> Any:  # fmt: skip
        """One call; the decoded body, or the whole response with `full`."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        if method in ("POST", "PUT"):
            headers["Idempotency-Key"] = str(uuid.uuid4())
        headers |= options.pop("headers", {})
        response = self.http.request(method, f"/api/v1{path}", headers=headers, **options)
        if response.status_code >= 400:
            raise Refusal(response)
        return response if full else response.json()

    def look_up(self, kind: str, value: str, after: str | None = None) -> dict[str, Any]:
        body = {"identifiers": [{"kind": kind, "value": value}], "after": after}
        found: dict[str, Any] = self._seen("POST", "/customers/lookup", json=body)
        return found

    def _seen(self, method: str, path: str, **options: Any) -> Any:
        """A read that names an event: asked again, as told to, while readers are not there yet."""
        deadline = time.monotonic() + READERS_LIMIT_S
        while True:
            try:
                return self.api(method, path, **options)
            except Refusal as refusal:
                if refusal.body.get("code") != "event_not_seen" or time.monotonic() > deadline:
                    raise

    def timeline(
        self, customer_id: str, *, after: str | None = None, wait_for: str | None = None
    ) -> list[dict[str, Any]]:
        """Newest first; `wait_for` names a fact that must appear within seconds."""
        deadline = time.monotonic() + READERS_LIMIT_S
        while True:
            params = {"limit": 100} | ({"after": after} if after else {})
            items: list[dict[str, Any]] = self._seen(
                "GET", f"/customers/{customer_id}/timeline", params=params
            )["items"]
            if wait_for is None or any(item["name"] == wait_for for item in items):
                return items
            assert time.monotonic() < deadline, f"{wait_for} never appeared"
            time.sleep(0.02)

    def hold(self, sku: str, location_id: str, *, customer_id: str | None = None,
             qty: int = 1, purpose: str = "pickup",
             ttl_s: int = 3600) -> httpx.Response:  # fmt: skip
        body = {
            "lines": [{"sku": sku, "location_id": location_id, "qty": qty}],
            "customer_id": customer_id,
            "ttl_s": ttl_s,
            "purpose": purpose,
        }
        response: httpx.Response = self.api("POST", "/stock/holds", json=body, full=True)
        return response

    def every(self, method: str, path: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """All items of a list, page by page."""
        items: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            options: dict[str, Any] = {"params" if method == "GET" else "json": asked | more}
            page = self.api(method, path, **options)
            items += page["items"]
            if not page["next_cursor"]:
                return items
            more = {"cursor": page["next_cursor"]}

    def queue(self, location_id: str, state: str = "held") -> list[dict[str, Any]]:
        """Everything that waits in a place, however much it is."""
        asked = {"location_id": location_id, "state": state}
        return self.every("POST", "/stock/holds/lookup", asked)

    def tasks(self, location_id: str) -> list[dict[str, Any]]:
        """Everything a hand is needed for in a place."""
        return self.every("GET", "/stock/tasks", {"location_id": location_id, "limit": 200})

    def till(self, location_id: str, sku: str, *, mode: str, qty: int = 1,
             loyalty_card: str | None = None, order: dict[str, str] | None = None,
             ) -> dict[str, Any]:  # fmt: skip
        """One receipt of one line; its result, or the refusal's body."""
        now = datetime.now(UTC)
        receipt = {
            "location_id": location_id,
            "register": "9",
            "sequence": uuid.uuid4().hex[:12],
            "business_day": now.date().isoformat(),
            "at": now.isoformat(),
            "mode": mode,
            "lines": [{"sku": sku, "qty": qty, "amount": 1680 * qty, "tax_rate": 0.1}],
            "tenders": [{"kind": "cash", "amount": 1680 * qty}],
            "tax": [],
            "loyalty_card": loyalty_card,
            "coupons": [],
        }
        if order:
            receipt["order"] = order
        try:
            answer = self.api("POST", "/receipts", json={"receipts": [receipt]})
        except Refusal as refusal:
            return refusal.body
        result: dict[str, Any] = answer["results"][0]
        return result

    def new_item(self, sku: str, stock: dict[str, int]) -> str:
        """An item of a test's own, with units in places."""
        self.api("PUT", "/stock/items", json={"items": [
            {"sku": sku, "name": {"ja": "緑のベルベットソファ", "en": "Green velvet sofa"},
             "product_id": sku, "price": 89800, "tax_rate": 0.1}
        ]})  # fmt: skip
        self.api("POST", "/stock/movements", json={"movements": [
            {"kind": "receive", "sku": sku, "location_id": place, "qty": qty, "ref": sku}
            for place, qty in stock.items()
        ]})  # fmt: skip
        return sku

    def reconcile(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.process.command("reconcile", "--json"))
        return found
