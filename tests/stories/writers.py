"""Clients that write while processes die under them, and remember what they were promised.

Each keeps what it sent, what was acknowledged and what it never learnt; a proof compares these
with the database afterwards, both ways.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx

RETRY_S_MAX = 0.5
# What a dying process may answer. Anything else is a bug and fails the test.
GOES_AWAY = frozenset({503})
BATCH = 20
BAD_EVERY = 7  # each seventh batch has one event that nobody can read


class Memory:
    """What all clients of a run sent and were told."""

    def __init__(self) -> None:
        self.sent: set[str] = set()
        self.acknowledged: set[str] = set()
        self.bad: set[str] = set()
        # Idempotency-Key → the hold that was answered for it (the same each time, or it is a bug).
        self.holds: dict[str, str] = {}
        self.hold_codes: dict[str, str] = {}
        self.ended: dict[str, str] = {}
        self.units_received = 0
        self.receipts: dict[tuple[str, str], str] = {}
        self.statuses: Counter[str] = Counter()
        self.surprises: list[str] = []

    @property
    def writes(self) -> int:
        """Everything that was acknowledged so far."""
        return (
            len(self.acknowledged) + len(self.holds) + self.units_received + len(self.receipts)
            + len(self.ended)
        )  # fmt: skip


class Writers:
    """A handful of clients over HTTP. `run` writes until told to stop, then settles all doubts."""

    def __init__(
        self, base_url: str, key: str, write_key: str, *, sku: str, place: str, seed: int,
        has_receipts: bool,
    ) -> None:  # fmt: skip
        self.memory = Memory()
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=5, limits=httpx.Limits(max_connections=50)
        )
        self._key, self._write_key = key, write_key
        self._sku, self._place = sku, place
        self._random = random.Random(seed)
        self._stop = asyncio.Event()
        self._doubts: Counter[str] = Counter()
        self._has_receipts = has_receipts

    async def run(self) -> None:
        """Write until `stop`; what is underway is then retried until its outcome is known."""
        work = [self._singles, self._singles, self._batches, self._holds, self._holds,
                self._movements]  # fmt: skip
        if self._has_receipts:
            work.append(self._receipts)
        async with self._http, asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(self._loop(one))

    def stop(self) -> None:
        self._stop.set()

    def open_doubts(self) -> list[str]:
        """Requests whose outcome is not known yet."""
        return [request for request, n in self._doubts.items() if n]

    async def _loop(self, once: Any) -> None:
        while not self._stop.is_set():
            await once()
            await asyncio.sleep(self._random.uniform(0.002, 0.03))

    # -- events --------------------------------------------------------------------------------

    async def _singles(self) -> None:
        event = self._event()
        self.memory.sent.add(event["messageId"])
        await self._until_known("POST", "/v1/track", json=event | {"writeKey": self._write_key})
        self.memory.acknowledged.add(event["messageId"])

    async def _batches(self) -> None:
        events = [self._event() | {"type": "track"} for _ in range(BATCH)]
        good = {event["messageId"] for event in events}
        if self._random.randrange(BAD_EVERY) == 0:
            bad = events[self._random.randrange(BATCH)]
            bad["type"] = "nonsense"
            good.discard(bad["messageId"])
            self.memory.bad.add(bad["messageId"])
        self.memory.sent |= good
        body = {"batch": events, "writeKey": self._write_key, "sentAt": _now()}
        await self._until_known("POST", "/v1/batch", json=body)
        self.memory.acknowledged |= good

    def _event(self) -> dict[str, Any]:
        return {
            "messageId": f"kill-{uuid.uuid4()}",
            "event": "Product Viewed",
            "anonymousId": f"phone-{self._random.randrange(40)}",
            "timestamp": _now(),
            "properties": {"sku": self._sku, "name": "mug", "price": 100, "currency": "JPY"},
        }

    # -- stock ---------------------------------------------------------------------------------

    async def _holds(self) -> None:
        key = str(uuid.uuid4())
        body = {
            "lines": [{"sku": self._sku, "location_id": self._place, "qty": 1}],
            "customer_id": None, "ttl_s": 3600, "purpose": "pickup",
        }  # fmt: skip
        placed = await self._until_known("POST", "/api/v1/stock/holds", key=key, json=body)
        self.memory.holds[key] = placed["hold_id"]
        self.memory.hold_codes[placed["hold_id"]] = placed["code"]
        choice = self._random.random()
        if choice < 0.3:  # ask again with the same key, as a client does that lost the answer
            again = await self._until_known("POST", "/api/v1/stock/holds", key=key, json=body)
            assert again == placed, "one key, two answers"
        elif choice < 0.6:
            await self._end(placed, self._random.choice(("collect", "release")))

    async def _end(self, placed: dict[str, Any], verb: str) -> None:
        path = f"/api/v1/stock/holds/{placed['hold_id']}/{verb}"
        body = {"json": {"code": placed["code"]}} if verb == "collect" else {}
        ended = await self._until_known("POST", path, key=str(uuid.uuid4()), **body)
        self.memory.ended[placed["hold_id"]] = ended["state"]

    async def _movements(self) -> None:
        ref, qty = uuid.uuid4().hex, self._random.randint(1, 5)
        movement = {"kind": "receive", "sku": self._sku, "location_id": self._place, "qty": qty,
                    "ref": ref}  # fmt: skip
        answer = await self._until_known(
            "POST", "/api/v1/stock/movements", key=ref, json={"movements": [movement]}
        )
        assert answer["booked"] + answer["already"] == 1, answer
        self.memory.units_received += qty

    async def _receipts(self) -> None:
        sequence, now = uuid.uuid4().hex[:12], datetime.now(UTC)
        receipt = {
            "location_id": self._place, "register": "1", "sequence": sequence,
            "business_day": now.date().isoformat(), "at": now.isoformat(), "mode": "tell",
            "lines": [{"sku": self._sku, "qty": 1, "amount": 100, "tax_rate": 0.1}],
            "tenders": [{"kind": "cash", "amount": 100}], "tax": [], "loyalty_card": None,
            "coupons": [],
        }  # fmt: skip
        answer = await self._until_known(
            "POST", "/api/v1/receipts", key=sequence, json={"receipts": [receipt]}
        )
        self.memory.receipts["1", sequence] = answer["results"][0]["status"]

    # -- one request ---------------------------------------------------------------------------

    async def _until_known(
        self, method: str, path: str, *, key: str | None = None, **options: Any
    ) -> Any:
        """Send, and send the very same again, until there is an answer."""
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": key} if key else {}
        doubt = f"{method} {path} {key}"
        self._doubts[doubt] += 1
        answer = await self._asked(method, path, headers, options)
        self._doubts[doubt] -= 1
        return answer

    async def _asked(
        self, method: str, path: str, headers: dict[str, str], options: dict[str, Any]
    ) -> Any:
        while True:
            try:
                response = await self._http.request(method, path, headers=headers, **options)
            except httpx.TransportError as gone:
                self.memory.statuses[type(gone).__name__] += 1
                await asyncio.sleep(self._random.uniform(0, RETRY_S_MAX))
                continue
            self.memory.statuses[str(response.status_code)] += 1
            if response.is_success:
                return response.json()
            assert response.status_code >= 500, f"{path}: {response.text[:500]}"
            if response.status_code not in GOES_AWAY:
                surprise = f"{method} {path}: {response.status_code} {response.text[:300]}"
                self.memory.surprises.append(surprise)
            elif "retry-after" not in response.headers:
                self.memory.surprises.append(f"{path}: 503 without Retry-After")
            await asyncio.sleep(self._random.uniform(0, RETRY_S_MAX))


def _now() -> str:
    return datetime.now(UTC).isoformat()
