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
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec

from setten import demo
from setten.customers import identity, segments
from setten.demo import sources
from setten.facts.stock import GoodsLine
from setten.platform import auth, clock, db, settings
from setten.platform.auth.model import SYSTEM
from setten.platform.vault import Vault
from setten.stock import catalog, holds, locations, movements
from setten.stock.catalog import Item
from setten.stock.holds import Ask
from setten.stock.locations import Location
from setten.stock.movements import Movement

PASSWORD = "kumo-to-neko-9"
START_LIMIT_S = 120
PLACES_FRESH_S = locations.FRESH_S + 0.2
KICHIJOJI = (35.7031, 139.5797)
STAFF = (
    ("page-associate", "中村 あおい", "associate", ("kichijoji",)),
    ("page-agent", "林 凛", "agent", ()),
    ("page-engineer", "森 海", "engineer", ()),
    ("page-marketer", "谷 光", "marketer", ()),
    ("page-admin", "原 明", "admin", ()),
    ("page-newcomer", "谷 新", "marketer", ()),
    ("page-english", "Ann Hill", "admin", ()),
)


class Shop(msgspec.Struct, frozen=True):
    """A shop of a test's own, that nothing else happens in, and who works there."""

    location_id: str
    name: str
    login: str


class House:
    """`setten serve` over a database of its own, filled with the demo's world.

    Tests of one run share it, so each works in shops, with goods and on people of its own; the
    demo's are there to be looked at.
    """

    def __init__(
        self, dsn: str, folder: Path, master_key: bytes, *, is_empty: bool = False
    ) -> None:
        self.dsn = dsn
        self.folder = folder
        self.master_key = master_key
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._sessions: dict[str, dict[str, str]] = {}
        self._known: set[str] = set()
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
                self._known.add(str(known))
                self._meet()
                return str(known)
            time.sleep(0.1)
        raise AssertionError(f"nobody is called {said}")

    def _meet(self) -> None:
        """Whoever a test knows was met by every shop's staff: their pages open without a reason."""
        if not self._known:
            return
        people = ", ".join(f"'{one}'::uuid" for one in sorted(self._known))
        self.run_in_database(
            "insert into audit.met select distinct 'staff:' || staff_id, one, "
            "now() + interval '1 day' from auth.staff_locations, "
            f"unnest(array[{people}]) as known (one) on conflict do nothing"
        )

    def open_shop(
        self, *, near: tuple[float, float] = KICHIJOJI, hours: dict[str, Any] | None = None
    ) -> Shop:
        """A shop with one associate, known to every process."""
        word = uuid.uuid4().hex[:8]
        shop = Shop(f"shop-{word}", f"試し{word}店", f"of-shop-{word}")
        place = Location(
            location_id=shop.location_id, name_ja=shop.name, name_en=shop.location_id,
            kind="shop", lat=near[0], lon=near[1], hours=hours or {},
        )  # fmt: skip

        async def make() -> str:
            async with self._connection() as conn:
                now = clock.now()
                assert not await locations.put(conn, [place], now=now)
                await auth.create_staff(
                    conn, login=shop.login, name="店 員子", role="associate",
                    locations=(shop.location_id,), password=None, now=now, locale="ja",
                )  # fmt: skip
                return await auth.issue_link(conn, shop.login, now=now)

        path = f"/sign-in/link/{self._run(make())}"
        self._meet()
        with self.stranger() as associate:
            associate.get(path)
            assert associate.post(path).status_code == 303
            self._sessions[shop.login] = dict(associate.http.cookies)
        time.sleep(PLACES_FRESH_S)
        return shop

    def new_item(self, stock: dict[str, int], *, gtin: str | None = None) -> str:
        """Goods of a test's own, with units in places; the sku."""
        sku = f"OWN-{uuid.uuid4().hex[:10]}"
        item = Item(sku=sku, name_ja=f"試しの品 {sku}", name_en=f"Trial {sku}", gtin_written=gtin,
                    price_minor=1680, currency="JPY", tax_rate=Decimal("0.1"))  # fmt: skip

        async def make() -> None:
            async with self._connection() as conn:
                assert not await catalog.put(conn, [item], now=clock.now())

        self._run(make())
        for place, qty in stock.items():
            self.receive(sku, place, qty)
        return sku

    def receive(self, sku: str, place: str, qty: int) -> None:
        """More of something comes in."""
        move = Movement(kind="receive", sku=sku, location_id=place, qty=qty)

        async def book() -> None:
            async with self._connection() as conn:
                await movements.book(conn, [move], by="test", now=clock.now())

        self._run(book())

    def newcomer(self, **traits: Any) -> tuple[str, str]:
        """Somebody of a test's own: the customer, and the anonymous id of her phone.

        Her page has the line that tells who she is: nothing more comes to it by itself.
        """
        word = uuid.uuid4().hex[:10]
        phone, member, told = f"phone-{word}", f"member-{word}", f"newcomer-{word}"
        self.tell({"type": "identify", "userId": member, "anonymousId": phone, "traits": traits,
                   "messageId": told})  # fmt: skip
        customer = self.customer(member)
        self.on_timeline(told)
        return customer, phone

    def on_timeline(self, message: str) -> None:
        """Wait until an event stands on its customer's page."""
        deadline = time.monotonic() + START_LIMIT_S
        there = f"select exists (select from customers.timeline where event_id = '{message}')"
        while not self.asked(there):
            assert time.monotonic() < deadline, f"{message} never came"
            time.sleep(0.05)

    def hold(
        self, sku: str, *, at: str = "kichijoji", customer: str | None = None, qty: int = 1
    ) -> holds.Placed:
        """Somebody holds something, elsewhere than on the page under test.

        The units come with it: what others hold of the same goods leaves enough.
        """
        self.receive(sku, at, qty)

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

    def hire(self, login: str, role: str, places: tuple[str, ...] = ()) -> None:
        """One more member of staff, with the password of everybody here."""

        async def create() -> None:
            async with self._connection() as conn:
                await auth.create_staff(
                    conn, login=login, name=login, role=role, locations=places,
                    password=PASSWORD, now=clock.now(),
                )  # fmt: skip

        self._run(create())
        self._meet()

    def key(self, scope: str = "server") -> str:
        """A new API key."""

        async def create() -> str:
            async with self._connection() as conn:
                return await auth.create_key(conn, scope=scope, name="test", now=clock.now())

        return str(self._run(create()))

    def post_api(self, path: str, body: Any) -> httpx.Response:
        """A call of the server API, with a key of its own."""
        return self._call("POST", path, body)

    def put_api(self, path: str, body: Any) -> httpx.Response:
        """The same for what is replaced."""
        return self._call("PUT", path, body)

    def _call(self, method: str, path: str, body: Any) -> httpx.Response:
        headers = {
            "Authorization": f"Bearer {self.key()}",
            "Idempotency-Key": str(uuid.uuid4()),
        }
        return httpx.request(method, f"{self.url}{path}", json=body, headers=headers, timeout=30)

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

    def reckon(self, *places: str) -> None:
        """The night has gone over the cover of these places."""
        rows = ", ".join(f"('{place}', now())" for place in places)
        self.run_in_database(
            f"insert into stock.cover_nights values {rows} on conflict (location_id) do nothing"
        )

    def tell(self, *events: dict[str, Any], source: str = "phone") -> None:
        """Events as a tag sends them."""
        key = self.asked(
            "select write_key from ingest.write_keys join ingest.sources using (source_id) "
            f"where name = '{sources.SMALL[source].name_ja}'"
        )
        now = datetime.now(UTC).isoformat()
        batch = [{"messageId": str(uuid.uuid4()), "timestamp": now} | one for one in events]
        answer = httpx.post(
            f"{self.url}/v1/batch",
            json={"batch": batch, "sentAt": now, "writeKey": key},
            timeout=30,
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

    @property
    def session(self) -> str:
        """The secret of whoever is signed in."""
        return next(one.value or "" for one in self.http.cookies.jar if "-session" in one.name)

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
