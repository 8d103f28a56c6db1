"""A whole running product for the tests of pages, and the people who use it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from setten import demo
from setten.customers import identity, segments
from setten.facts.stock import GoodsLine
from setten.platform import auth, clock, db, settings
from setten.platform.auth.model import SYSTEM
from setten.platform.vault import Vault
from setten.stock import holds
from setten.stock.holds import Ask

PASSWORD = "kumo-to-neko-9"
START_LIMIT_S = 60
STAFF = (
    ("page-associate", "中村 あおい", "associate", ("kichijoji",)),
    ("page-agent", "林 凛", "agent", ()),
    ("page-engineer", "森 海", "engineer", ()),
    ("page-marketer", "谷 光", "marketer", ()),
    ("page-admin", "原 明", "admin", ()),
    ("page-newcomer", "谷 新", "marketer", ()),
    ("page-english", "Ann Hill", "admin", ()),
)


class House:
    """`setten serve` over a database of its own, filled with the demo's world."""

    def __init__(
        self, dsn: str, folder: Path, master_key: bytes, *, is_empty: bool = False
    ) -> None:
        self.dsn = dsn
        self.folder = folder
        self.master_key = master_key
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._sessions: dict[str, dict[str, str]] = {}
        if is_empty:
            self._run(self._migrate())
        self._run(self._fill())
        self._log = (folder / "out.log").open("ab")
        self._child = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", "serve", "--port", str(self.port),
             "--workers", "1"],
            env=self._environment(), stdout=self._log, stderr=self._log,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self._wait()

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "SETTEN_DATABASE_URL": self.dsn,
            "SETTEN_DATA_DIR": str(self.folder / "data"),
            "SETTEN_MASTER_KEY": base64.b64encode(self.master_key).decode(),
            "SETTEN_LOCALE": "ja",
            "SETTEN_TIMEZONE": "Asia/Tokyo",
        }

    async def _migrate(self) -> None:
        conn = await db.connect(self.dsn, statement_timeout="0")
        try:
            await db.apply_migrations(conn)
        finally:
            await conn.close()

    async def _fill(self) -> None:
        found = settings.load(environment=self._environment(), demo=False)
        await demo.seed(found, scale="small", now=clock.now())
        async with self._connection() as conn:
            for login, name, role, places in STAFF:
                await auth.create_staff(
                    conn, login=login, name=name, role=role, locations=places,
                    password=PASSWORD, now=clock.now(),
                    locale="en" if login == "page-english" else "ja",
                )  # fmt: skip

    def _wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            assert self._child.poll() is None, (self.folder / "out.log").read_text()[-3000:]
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError("not ready: " + (self.folder / "out.log").read_text()[-3000:])

    def stop(self) -> None:
        """End it in order."""
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(30)
            except subprocess.TimeoutExpired:
                self._child.kill()
        self._log.close()

    # -- what happens behind the pages ---------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _connection(self) -> Any:
        conn = await db.connect(self.dsn)
        try:
            async with conn.transaction():
                yield conn
        finally:
            await conn.close()

    @staticmethod
    def _run(work: Any) -> Any:
        # Playwright runs a loop in this thread; ours runs beside it.
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(asyncio.run, work).result()

    def customer(self, said: str) -> str:
        """The id of whoever is found by what is said, as soon as identity has read of them."""

        async def find() -> str:
            async with self._connection() as conn:
                found = await identity.find_by(conn, Vault(self.master_key), said)
                return str(found[0].customer_id) if found else ""

        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if known := self._run(find()):
                return str(known)
            time.sleep(0.1)
        raise AssertionError(f"nobody is called {said}")

    def hold(
        self, sku: str, *, at: str = "kichijoji", customer: str | None = None, qty: int = 1
    ) -> holds.Placed:
        """Somebody holds something, elsewhere than on the page under test."""

        async def place() -> holds.Placed:
            async with self._connection() as conn:
                number = (
                    await identity.identifier_for(conn, uuid.UUID(customer)) if customer else None
                )
                ask = Ask(
                    lines=(GoodsLine(sku, at, qty),), by="key:test", channel="web",
                    ttl_s=86_400, identifier_id=number,
                )  # fmt: skip
                return await holds.place(conn, ask, now=clock.now())

        placed = self._run(place())
        assert isinstance(placed, holds.Placed)
        return placed

    def session(self, login: str) -> dict[str, str]:
        """The cookies of somebody signed in."""
        with self.person(login):
            return self._sessions[login]

    def asked(self, query: str) -> Any:
        """One value out of the database."""

        async def ask() -> Any:
            async with self._connection() as conn:
                return await conn.fetchval(query)

        return self._run(ask())

    def post_api(self, path: str, body: Any) -> httpx.Response:
        """A call of the server API, with a key of its own."""

        async def key() -> str:
            async with self._connection() as conn:
                return await auth.create_key(conn, scope="server", name="test", now=clock.now())

        headers = {
            "Authorization": f"Bearer {self._run(key())}",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        return httpx.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)

    def define(self, name: str, expression: dict[str, Any]) -> int:
        """A segment."""

        async def make() -> int:
            async with self._connection() as conn:
                return await segments.define(conn, name, expression, actor=SYSTEM, now=clock.now())

        return int(self._run(make()))

    def run_in_database(self, statement: str) -> None:
        """One statement."""

        async def run() -> None:
            async with self._connection() as conn:
                await conn.execute(statement)

        self._run(run())

    def tell(self, *events: dict[str, Any], source: str = "phone") -> None:
        """Events as a tag sends them."""
        key = self.asked(
            "select write_key from ingest.write_keys join ingest.sources using (source_id) "
            f"where name = '{source}'"
        )
        now = datetime.now(UTC).isoformat()
        batch = [{"messageId": str(uuid.uuid4()), "timestamp": now} | one for one in events]
        answer = httpx.post(
            f"{self.url}/v1/batch", json={"batch": batch, "sentAt": now, "writeKey": key}
        )
        assert answer.status_code == 200, answer.text

    # -- people -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def person(self, login: str) -> Iterator[Browser]:
        """Somebody signed in, without a screen; signed in once a run, as hashing costs a core."""
        with self.stranger() as browser:
            if login not in self._sessions:
                browser.sign_in(login)
                self._sessions[login] = dict(browser.http.cookies)
            browser.http.cookies.update(self._sessions[login])
            browser.get("/me")
            yield browser

    @contextlib.contextmanager
    def stranger(self) -> Iterator[Browser]:
        """Somebody who has not signed in."""
        with httpx.Client(base_url=self.url, timeout=30, headers={"accept": "text/html"}) as http:
            yield Browser(http)


class Browser:
    """Enough of a browser for pages without scripts: cookies, and the token of the last page."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.token = ""

    def sign_in(self, login: str, password: str = PASSWORD) -> httpx.Response:
        """Through the form, as a person does."""
        self.get("/sign-in")
        answer = self.post("/sign-in", login=login, password=password, next="/me")
        if answer.status_code == 303:
            self.get("/me")
        return answer

    def get(self, path: str, **headers: str) -> httpx.Response:
        """A page; its token is kept for the next form."""
        answer = self.http.get(path, headers=headers)
        _, found, rest = answer.text.partition('name="_csrf" value="')
        if found:
            self.token = rest.partition('"')[0]
        return answer

    def post(self, path: str, **form: str) -> httpx.Response:
        """A form of the last page."""
        return self.http.post(path, data={"_csrf": self.token} | form)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
