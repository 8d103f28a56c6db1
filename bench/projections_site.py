"""The offering process of `projections.py` as a shop's site: batches of 100 over HTTP.

What is acknowledged has been read, deduplicated and sealed by the web processes. What is sent is
written before the clock starts, and the vault then knows those who are known: they are laid down
under numbers of their own, and get their values here.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import uuid
from base64 import b64decode
from typing import Any

import uvloop

import people
from ingest_bodies import WRITE_KEY
from projections_load import BATCH, CONTEXT, NAMES, TEMPLATES, Shop, asked
from setten.platform import clock, db, settings
from setten.platform.vault import Identifier, Vault, normalise

CONNECTIONS = 16
KEPT_AT_ONCE = 2_000
PATH = b"/v1/batch"
# The names of the log as the tracking plan of a shop calls them.
CALLED = {"product.viewed": "Product Viewed", "cart.reported": "Product Added",
          "products.searched": "Products Searched", "coupon.reported": "Coupon Applied",
          "checkout.reported": "Checkout Started", "order.reported": "Order Completed"}  # fmt: skip


def said(rng: random.Random, name: str) -> str:
    """The inside of an event of this name, without who and when; `@@O` is an order's number."""
    goods = rng.randrange(20_000)
    item = {"product_id": f"P{goods}", "sku": f"S-{goods:06d}", "name": "ベルベットソファ",
            "price": rng.randint(1, 90) * 1000, "quantity": 1}  # fmt: skip
    event: dict[str, Any] = {"context": CONTEXT}
    match name:
        case "page.viewed":
            page = {"path": f"/items/{goods}", "title": "ベルベットソファ"}
            event |= {"type": "page", "properties": page}
        case "customer.identified":
            event |= {"type": "identify", "traits": {"plan": "gold", "tier": goods % 4}}
        case "order.reported":
            more = {"order_id": "@@O", "total": item["price"], "currency": "JPY",
                    "products": [item] * rng.randint(1, 4)}  # fmt: skip
            event |= {"type": "track", "event": CALLED[name], "properties": more}
        case _:
            properties = item | {"currency": "JPY"}
            event |= {"type": "track", "event": CALLED[name], "properties": properties}
    return json.dumps(event, ensure_ascii=False)[1:-1]


class Site(Shop):
    """The same shop's visitors as `Shop`, who come through its site."""

    def __init__(self, customers: int, fresh: float, *, seed: int) -> None:
        super().__init__(customers, fresh, seed=seed)
        names = self._rng.choices(list(NAMES), list(NAMES.values()), k=TEMPLATES)
        self.said = [said(self._rng, name) for name in names]
        self.met: dict[Identifier, int] = {}  # those who were laid down, with their numbers

    def _visitor(self) -> Any:
        """(kind, value, the number laid down; 0 for a newcomer) of each identifier."""
        chance = self._rng.random()
        if chance < self._fresh:
            return (("anonymous_id", f"{self._rng.getrandbits(128):032x}", 0),)
        person = 1 + self._rng.randrange(self._customers)
        cookie = ("anonymous_id", f"{person:032x}", people.number("c", person))
        if chance > 0.55 and people.has_login(person):
            return (("user_id", f"customer-{person}", people.number("u", person)), cookie)
        return (cookie,)

    def written(self) -> tuple[bytes, str]:
        """(a request's body in which `@@AT` is the time, the id of its last event)."""
        lead = uuid.uuid4().hex[:28]
        events = []
        for index in range(BATCH):
            event_id = str(uuid.UUID(hex=f"{lead}{index:04x}"))
            text = self._rng.choice(self.said).replace("@@O", event_id[:28])
            who = ""
            visitor: Any = self._who()
            for kind, value, number in visitor:
                who += f'"{"userId" if kind == "user_id" else "anonymousId"}":"{value}",'
                if number:
                    self.met[normalise(kind, value)] = number
            events.append(f'{{"messageId":"{event_id}","timestamp":"@@AT",{who}{text}}}')
        body = f'{{"writeKey":"{WRITE_KEY}","sentAt":"@@AT","batch":[{",".join(events)}]}}'
        return body.encode(), event_id


async def keep(conn: db.Connection, vault: Vault, met: dict[Identifier, int]) -> None:
    """Let the vault know these, whom a run before may have brought already."""
    everyone = list(met)
    for begin in range(0, len(everyone), KEPT_AT_ONCE):
        some = everyone[begin : begin + KEPT_AT_ONCE]
        async with conn.transaction():
            known = await vault.find(conn, some)
            new = [one for one in some if one not in known]
            await vault.keep(conn, new, [met[one] for one in new])


class Sending:
    """An open loop over connections that stay open: a late batch makes the next no later."""

    def __init__(self, port: int, written: list[tuple[bytes, str]]) -> None:
        self._port = port
        self._written = written
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.Queue()
        )
        self.told: list[tuple[str, float]] = []
        self.took: list[float] = []
        self.refused: dict[str, int] = {}
        self.late_s = 0.0

    async def _one(self, due: float, body: bytes, last: str) -> None:
        reader, writer = await self._free.get()
        body = body.replace(b"@@AT", clock.now().isoformat().encode())
        writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b"
                     % (PATH, len(body), body))  # fmt: skip
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        status = head[9:12].decode()
        if status == "200":
            self.told.append((last, time.time()))
            self.took.append(time.perf_counter() - due)
        else:
            self.refused[status] = self.refused.get(status, 0) + 1
        self._free.put_nowait((reader, writer))

    async def run(self, rate: float) -> None:
        for _ in range(CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection("127.0.0.1", self._port))
        begun = time.perf_counter()
        running = []
        for index, (body, last) in enumerate(self._written):
            due = begun + index * BATCH / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            self.late_s = max(self.late_s, time.perf_counter() - due)
            running.append(asyncio.create_task(self._one(due, body, last)))
        await asyncio.gather(*running)
        while not self._free.empty():
            self._free.get_nowait()[1].close()


async def main() -> None:
    options = json.loads(sys.argv[1])
    found = settings.load()
    conn = await db.connect(str(found.database_url), statement_timeout="0")
    site = Site(options["customers"], options["fresh"], seed=int(options["rate"]))
    vault = Vault(b64decode(sys.argv[3]))
    while words := await asked():
        rate, seconds = words
        written = [site.written() for _ in range(int(rate * seconds / BATCH))]
        await keep(conn, vault, site.met)
        site.met.clear()
        print(json.dumps("written"), flush=True)
        await asked()
        sending = Sending(int(sys.argv[2]), written)
        own = time.process_time()
        await sending.run(rate)
        print(json.dumps({
            "told": sending.told, "took": sending.took, "late_s": sending.late_s,
            "refused": sending.refused, "events": len(sending.told) * BATCH,
            "process_s": time.process_time() - own,
        }), flush=True)  # fmt: skip


if __name__ == "__main__":
    uvloop.run(main())
