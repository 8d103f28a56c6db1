"""The first byte of every console page, asked by every role that may open it.

    python bench/pages.py --data-dir DIR [--requests 20] [--only /stock] [--role admin] [--markdown]

DIR is that of a demo (`setten demo --scale large --data-dir DIR`), which is not running. Each page
is opened with what is hardest to show: the customer with the most lines, goods that lie in every
place, the last page of a long list. One request at a time, on one connection; one web process,
readers and jobs beside it. What streams for ever is left out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psutil

import honesty
from setten.console.page import ANYONE
from setten.console.routes import PAGES
from setten.customers import segments
from setten.facts.stock import GoodsLine
from setten.platform import auth, clock, db
from setten.platform.auth import ROLES
from setten.platform.auth.model import SYSTEM
from setten.platform.db import embedded
from setten.stock import holds
from setten.stock.holds import Ask

TARGET_MS = 100.0
SHOP = "kichijoji"
FOR_EVER = re.compile(r"/live$")
# What stands in an address, by the name of its place there.
EXAMPLES = {
    "customer_id": "select customer_id from customers.identifiers where identifier_id = "
                   "(select identifier_id from customers.counters group by 1 "
                   "order by sum(n) desc limit 1)",
    "buyer_id": "select customer_id from customers.identifiers where identifier_id = "
                "(select identifier_id from customers.purchases group by 1 "
                "order by count(*) desc limit 1)",
    "sku": "select sku from stock.balances group by sku order by count(*) desc, sku limit 1",
    "sold_sku": "select sku from stock.sales_days group by sku "
                "order by sum(sold) desc, sku limit 1",
    "event_id": "select event_id from log.events order by xid desc, position desc limit 1",
    "order_id": "select order_id from stock.order_lines group by 1 "
                "order by count(*) desc, order_id limit 1",
    "receipt_id": "select receipt_id from stock.receipt_lines group by 1 "
                  "order by count(*) desc, receipt_id limit 1",
    "segment_id": "select segment_id from customers.segments order by size desc limit 1",
    "list_id": "select list_id from customers.lists limit 1",
    "hold_id": "select hold_id from stock.hold_lines group by 1 order by count(*) desc limit 1",
    "cart_id": "select cart_id from stock.cart_lines group by 1 order by count(*) desc limit 1",
    "count_id": "select count_id from stock.counts left join stock.count_lines using (count_id) "
                "group by 1 order by count(*) desc, count_id limit 1",
    "return_id": "select return_id from stock.return_lines group by 1 "
                 "order by count(*) desc limit 1",
    "transfer_id": "select transfer_id from stock.transfer_lines group by 1 "
                   "order by count(*) desc limit 1",
    "till_id": "select receipt_id from stock.till_returns where state = 'open' "
               "order by receipt_id, sku limit 1",
    "till_sku": "select sku from stock.till_returns where state = 'open' "
                "order by receipt_id, sku limit 1",
    "zone_id": "select zone_id from stock.delivery_zones limit 1",
    "service_id": "select service_id from stock.delivery_services limit 1",
    "release_id": "select release_id from stock.releases limit 1",
    "file_id": "select file_id from imports.files limit 1",
    "letter_id": "select dead_letter_id from log.dead_letters limit 1",
}  # fmt: skip
# Pages that show more when more is asked.
MORE = {
    "/": ("/?view=table",),
    "/find": ("/find?q=佐藤", "/find?q=L0000001"),
    "/customers/{customer_id:uuid}": ("/customers/{buyer_id}",),
    "/customers/{customer_id:uuid}/purchases": ("/customers/{buyer_id}/purchases",),
    "/stock/items": ("/stock/items?q=ソファ", "/stock/items?q=ないもの"),
    "/stock/orders": ("/stock/orders?number=L01-1",),
    "/stock/why": ("/stock/why?sku={sku}&at=kichijoji",),
    "/stock/places/place": ("/stock/places/place?at=kichijoji",),
    "/stock/places/aside": ("/stock/places/aside?at=kichijoji",),
    "/stock/places/due": ("/stock/places/due?at=kichijoji",),
    "/stock/places/display": ("/stock/places/display?at=kichijoji",),
    "/stock/places/edit": ("/stock/places/edit?at=kichijoji",),
    "/stock/promises": ("/stock/promises?sku={sku}&at=kichijoji",),
    "/stock/cover": (f"/stock/cover?at={SHOP}",),
    "/stock/items/{sku:path}": ("/stock/items/{sku}?at=kichijoji", "/stock/items/{sold_sku}"),
    "/stock/delivery/zone": ("/stock/delivery/zone?id={zone_id}",),
    "/stock/delivery/service": ("/stock/delivery/service?id={service_id}",),
    "/stock/releases/release": ("/stock/releases/release?id={release_id}",),
    "/stock/returns/tills": (f"/stock/returns/tills?at={SHOP}",),
    "/stock/returns/tills/{receipt_id:uuid}": ("/stock/returns/tills/{till_id}?sku={till_sku}",),
    "/stock/returns/unproven": (f"/stock/returns/unproven?at={SHOP}",),
    "/stock/returns/purchase": (f"/stock/returns/purchase?at={SHOP}&receipt={{receipt_id}}",),
    "/stock/sending": (f"/stock/sending?at={SHOP}",),
    "/today/events": (
        "/today/events?name=page.viewed",
        "/today/events?channel=web",
        f"/today/events?name=receipt.recorded&place={SHOP}",
    ),
    "/today/sales": ("/today/sales?channel=web",),
    "/customers/stages/{stage:str}": ("/customers/stages/loyalty", "/customers/stages/trial"),
    "/customers/segments/compare": ("/customers/segments/compare?a={segment_id}&b={segment_id}",),
    "/customers/{customer_id:uuid}/timeline": (),
}
# Addresses that open nothing by themselves: they send on, or need more words, which MORE has.
BARE = re.compile(
    r"/customers/segments/compare|/stock/(why|promises|places/(place|aside|display|due)|releases/release"
    r"|returns/(unproven|purchase|tills/[^?]+)|delivery/(zone|service))|/run/identity/changes"
)
SEGMENT = {"kind": "field", "name": "stage", "claim": {"op": "is", "value": "loyalty"}}


class Server:
    """The product on a folder, with one web process."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._child = subprocess.Popen(
            [sys.executable, "-m", "setten.cli", "demo", "--data-dir", str(folder), "--no-open",
             "--days", "0", "--workers", "1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

        self._web = 0

    def wait(self) -> None:
        """Until it answers."""
        for _ in range(3_000):
            if self._child.poll() is not None:
                raise SystemExit("the demo ended: is it running already?")
            with contextlib.suppress(OSError):
                if Wire(self.port, "").ask("/readyz")[0] == 200:
                    return
            time.sleep(0.1)
        raise SystemExit("the demo does not come up")

    def know_web(self) -> None:
        """Learn which process serves, while a connection to it is open."""
        for one in psutil.Process(self._child.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(
                    conn.laddr and conn.laddr[1] == self.port and conn.status == "ESTABLISHED"
                    for conn in one.net_connections("tcp")
                ):
                    self._web = one.pid

    def used_s(self) -> tuple[float, float]:
        """Processor seconds so far: of the web process, and of the database's backends."""
        web = base = 0.0
        for one in psutil.Process(self._child.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                spent = sum(one.cpu_times()[:2])
                if one.name().startswith("postgres"):
                    base += spent
                elif one.pid == self._web:
                    web += spent
        return web, base

    def stop(self) -> None:
        """End it in order."""
        self._child.send_signal(signal.SIGTERM)
        self._child.wait(120)


class Wire:
    """One connection that is kept, and the time to the first byte of what comes over it."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token
        self._socket: socket.socket | None = None

    def ask(self, path: str) -> tuple[int, float]:
        """(status, seconds to the first byte) of a page."""
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=60)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        address = re.sub(r"[^\x21-\x7e]", lambda one: _quoted(one[0]), path)
        head = (f"GET {address} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n"
                f"Cookie: setten-{self._port}-session={self._token}\r\n\r\n").encode()  # fmt: skip
        begun = time.perf_counter()
        self._socket.sendall(head)
        first = self._socket.recv(65_536)
        took = time.perf_counter() - begun
        self._rest(first)
        return int(first.split(b" ", 2)[1] or 0), took

    def _rest(self, got: bytes) -> None:
        """Read the answer to its end."""
        assert self._socket is not None
        while b"\r\n\r\n" not in got:
            got += self._socket.recv(65_536)
        head, _, body = got.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        if found is None:  # it streams: a new connection is cheaper than reading chunks
            self._socket.close()
            self._socket = None
            return
        length = int(found[1])
        while len(body) < length:
            body += self._socket.recv(65_536)


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


async def prepare(dsn: str) -> tuple[dict[str, str], dict[str, str]]:
    """Somebody of each role with a session, and what stands in addresses."""
    conn = await db.connect(dsn, statement_timeout="0")
    try:
        tokens = {}
        async with conn.transaction():
            for role in ROLES:
                login, shops = f"bench-{role}", (SHOP,) if "assoc" in role or "shop" in role else ()
                with contextlib.suppress(auth.LoginTaken):
                    async with conn.transaction():
                        await auth.create_staff(
                            conn, login=login, name=login, role=role, locations=shops,
                            now=clock.now(),
                        )  # fmt: skip
                link = await auth.issue_link(conn, login, now=clock.now())
                tokens[role] = await auth.sign_in_by_link(conn, link, now=clock.now())
        await _something(conn)
        found = {}
        for name, asked in EXAMPLES.items():
            value = await conn.fetchval(asked)
            if value is not None:
                found[name] = str(value)
        return tokens, found
    finally:
        await conn.close()


async def _something(conn: db.Connection) -> None:
    """A promise and a segment, where a world has none."""
    sku = await conn.fetchval(EXAMPLES["sku"])
    async with conn.transaction():
        if not await conn.fetchval("select exists (select 1 from stock.holds)"):
            line = GoodsLine(sku=sku, location_id=SHOP, qty=1)
            await holds.place(conn, Ask(lines=(line,), by=SYSTEM.label), now=clock.now())
        if not await conn.fetchval("select exists (select 1 from customers.segments)"):
            await segments.define(conn, "常連さま", SEGMENT, actor=SYSTEM, now=clock.now())


def addresses(found: dict[str, str], only: str) -> Iterator[str]:
    """Every page's address with something in it."""
    for page in PAGES:
        if "GET" not in page.http_methods or page.opt.get("right") == ANYONE:
            continue
        for path in sorted(page.paths):
            if FOR_EVER.search(path) or not path.startswith(only):
                continue
            for wanted in (path, *MORE.get(path, ())):
                filled = re.sub(r"\{(\w+)(:\w+)?\}", lambda one: found.get(one[1], one[0]), wanted)
                if "{" not in filled and not BARE.fullmatch(filled):
                    yield filled


class Row(NamedTuple):
    """What a page took. cost_s: of the web process and of the database, for each request."""

    address: str
    roles: list[str]
    samples: list[float]
    cost_s: tuple[float, float]

    def at(self, share: float) -> float:
        """Milliseconds within which so many of a whole were answered."""
        samples = sorted(self.samples)
        return samples[max(0, math.ceil(len(samples) * share) - 1)] * 1000


def measure(
    server: Server, tokens: dict[str, str], found: dict[str, str], args: argparse.Namespace
) -> list[Row]:
    """Every page, the slowest first."""
    rows = []
    wires = {role: Wire(server.port, token) for role, token in tokens.items()}
    for wire in wires.values():
        wire.ask("/me")
    server.know_web()
    for address in addresses(found, args.only):
        roles: list[str] = []
        samples: list[float] = []
        before = server.used_s()
        for role, wire in wires.items():
            if args.role and role != args.role:
                continue
            status, first = wire.ask(address)  # a page read for the first time is cold: it counts
            if status != 200:
                if status != 403:
                    print(f"{status} {role} {address}", file=sys.stderr)
                continue
            roles.append(role)
            samples += [first, *(wire.ask(address)[1] for _ in range(args.requests - 1))]
        if samples:
            web, base = (b - a for a, b in zip(before, server.used_s(), strict=True))
            rows.append(Row(address, roles, samples, (web / len(samples), base / len(samples))))
    return sorted(rows, key=lambda row: -row.at(0.95))


def tell(rows: list[Row], *, markdown: bool) -> bool:
    """Print the table; whether every page keeps the target."""
    mark, between = ("| ", " | ") if markdown else ("", "  ")
    for row in rows:
        figures = [f"{row.at(share):7.1f}" for share in (0.5, 0.95, 1.0)]
        figures += [f"{one * 1000:6.1f}" for one in row.cost_s]
        shown = f"`{row.address}`" if markdown else f"{row.address:<64}"
        cells = (shown, str(len(row.roles)), *figures)
        print(f"{mark}{between.join(cells)}{' |' if markdown else ''}")
    return all(row.at(0.95) < TARGET_MS for row in rows)


def main() -> int:
    """One run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=20)
    parser.add_argument("--only", default="/")
    parser.add_argument("--role", default="")
    parser.add_argument("--markdown", action="store_true")
    args = parser.parse_args()
    os.environ["SETTEN_LOCALE"] = "ja"
    server = Server(args.data_dir)
    try:
        server.wait()
        dsn = str(_dsn(args.data_dir))
        tokens, found = asyncio.run(prepare(dsn))
        asyncio.run(_conditions(dsn, args))
        return 0 if tell(measure(server, tokens, found, args), markdown=args.markdown) else 1
    finally:
        server.stop()


def _dsn(folder: Path) -> str:
    dsn = embedded.attach(folder)
    assert dsn, "the demo runs"
    return dsn


async def _conditions(dsn: str, args: argparse.Namespace) -> None:
    conn = await db.connect(dsn)
    try:
        size = await conn.fetchval("select pg_size_pretty(pg_database_size(current_database()))")
        await honesty.conditions(
            conn, folder=args.data_dir, data=f"{args.data_dir}, {size}", connections=1,
            loop=f"closed, one request at a time, {args.requests} of each page and role",
        )  # fmt: skip
    finally:
        await conn.close()


if __name__ == "__main__":
    sys.exit(main())
