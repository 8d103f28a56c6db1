"""A shop as the race suite speaks to it: HTTP, one connection a caller, every write with a key.

A caller whose connection breaks, or who is told to come back, asks again with the same key until
it knows: so every operation has one outcome, also when the process behind it was killed.
"""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from race_history import ASK, HOLD, OPEN, RELEASE, TELL, End, Op

PLACE = "race"
PATIENCE_S = 30.0  # how long a caller asks again before it gives up
_PAUSE_S = 0.05
_PART = 500  # rows of a call that prepares
_SKUS_A_CALL = 50


class Wire:
    """One kept-alive connection, made again when it breaks. prefix: of all paths."""

    def __init__(self, url: str, key: str, *, prefix: str = "/api/v1") -> None:
        parts = urlsplit(url)
        self._secure = ssl.create_default_context() if parts.scheme == "https" else None
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._secure else 80)
        self._prefix = prefix
        self._head = f"Host: {parts.netloc}\r\nAuthorization: Bearer {key}\r\n"
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, method: str, path: str, body: Any, key: str) -> tuple[int, Any]:
        """Status and decoded body. Raises OSError or EOFError when no whole answer came."""
        sent = b"" if body is None else msgspec.json.encode(body)
        head = f"{method} {self._prefix}{path} HTTP/1.1\r\n{self._head}"
        head += f"Content-Length: {len(sent)}\r\n"
        if sent:
            head += "Content-Type: application/json\r\n"
        if key:
            head += f"Idempotency-Key: {key}\r\n"
        try:
            if self._ends is None:
                self._ends = await asyncio.open_connection(self._host, self._port, ssl=self._secure)
            reader, writer = self._ends
            writer.write(head.encode() + b"\r\n" + sent)
            told = (await reader.readuntil(b"\r\n\r\n")).lower()
            at = told.find(b"content-length:")
            size = int(told[at + 15 : told.index(b"\r", at)]) if at >= 0 else 0
            found = await reader.readexactly(size)
        except BaseException:
            self.close()
            raise
        return int(told[9:12]), msgspec.json.decode(found) if found else None

    def close(self) -> None:
        """Let go of the connection; the next call makes another."""
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


async def persist(
    wire: Wire, method: str, path: str, body: Any, key: str = ""
) -> tuple[int, Any, int]:
    """`Wire.call` until it is answered for good: status (0: never), body, and how many tries."""
    until = time.monotonic() + PATIENCE_S
    for tries in range(1, 10_000):
        try:
            status, answer = await wire.call(method, path, body, key)
            if status not in (429, 500, 502, 503, 504):
                return status, answer, tries
        except (OSError, EOFError, asyncio.IncompleteReadError):
            status, answer = 0, None
        if time.monotonic() > until:
            return status, answer, tries
        await asyncio.sleep(_PAUSE_S)
    raise AssertionError("the clock ran out before the tries")


class Caller:
    """One caller: does an operation and notes how it went, in `history`."""

    def __init__(self, url: str, key: str, history: list[Op]) -> None:
        self.wire = Wire(url, key)
        self._history = history

    async def hold(self, lines: Sequence[tuple[str, int]], ttl_s: int) -> Op:
        """Ask for units of one place; lines may name a sku twice."""
        op = Op(kind=HOLD, begun=time.monotonic(), lines=summed(lines), ttl_s=ttl_s)
        wanted = [{"sku": sku, "location_id": PLACE, "qty": qty} for sku, qty in lines]
        body = {"lines": wanted, "ttl_s": ttl_s}
        return await self._do(op, "/stock/holds", body, uuid.uuid4().hex)

    async def release(self, hold: Op) -> Op:
        """Give a hold back."""
        op = Op(kind=RELEASE, begun=time.monotonic(), lines=hold.lines, hold_id=hold.hold_id)
        return await self._do(op, f"/stock/holds/{hold.hold_id}/release", None, uuid.uuid4().hex)

    async def sell(self, sku: str, mode: str) -> Op:
        """A till's receipt of one unit. mode: ask or tell."""
        op = Op(kind=ASK if mode == "ask" else TELL, begun=time.monotonic(), lines={sku: 1})
        now = datetime.now(UTC)
        receipt = {
            "location_id": PLACE, "register": "race", "sequence": uuid.uuid4().hex[:16],
            "business_day": now.date().isoformat(), "at": now.isoformat(), "mode": mode,
            "lines": [{"sku": sku, "qty": 1, "amount": 100, "tax_rate": 0.1}],
            "tenders": [{"kind": "cash", "amount": 100}],
        }  # fmt: skip
        return await self._do(op, "/receipts", {"receipts": [receipt]}, uuid.uuid4().hex)

    async def _do(self, op: Op, path: str, body: Any, key: str) -> Op:
        self._history.append(op)
        op.status, answer, op.tries = await persist(self.wire, "POST", path, body, key)
        if op.status:
            op.ended = time.monotonic()
        if isinstance(answer, dict):
            op.code = str(answer.get("code", "")) if op.status >= 400 else ""
            op.hold_id = op.hold_id or str(answer.get("hold_id", ""))
        return op


def summed(lines: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Units by sku."""
    demand: dict[str, int] = {}
    for sku, qty in lines:
        demand[sku] = demand.get(sku, 0) + qty
    return demand


async def prepare(wire: Wire, stock: Mapping[str, int]) -> None:
    """Goods with units at the place of the race. The shop must have let us."""
    place = {"location_id": PLACE, "name": "Race", "kind": "warehouse"}
    await _must(wire, "PUT", "/stock/locations", {"locations": [place]})
    skus = list(stock)
    for start in range(0, len(skus), _PART):
        part = skus[start : start + _PART]
        await _must(wire, "PUT", "/stock/items", {"items": [{"sku": s, "name": s} for s in part]})
        moves = [
            {"kind": "receive", "sku": sku, "location_id": PLACE, "qty": stock[sku]}
            for sku in part
        ]  # fmt: skip
        await _must(wire, "POST", "/stock/movements", {"movements": moves})


async def _must(wire: Wire, method: str, path: str, body: Any) -> Any:
    status, answer, _ = await persist(wire, method, path, body, uuid.uuid4().hex)
    if status != 200 or (isinstance(answer, dict) and answer.get("refused")):
        raise SystemExit(f"{method} {path} was answered {status}: {str(answer)[:300]}")
    return answer


async def end_of(wires: Sequence[Wire], ops: Sequence[Op], skus: Sequence[str]) -> End:
    """Ask the shop what it has now: every acknowledged hold by its id, and every counter."""
    wanted = [op.hold_id for op in ops if op.kind == HOLD and op.is_done]
    holds: dict[str, tuple[str, dict[str, int]]] = {}

    async def look(wire: Wire, mine: Sequence[str]) -> None:
        for hold_id in mine:
            status, answer, _ = await persist(wire, "GET", f"/stock/holds/{hold_id}", None)
            if status == 200:
                lines = summed((line["sku"], line["qty"]) for line in answer["lines"])
                holds[hold_id] = (answer["state"], lines)

    await asyncio.gather(*(look(w, wanted[i :: len(wires)]) for i, w in enumerate(wires)))
    return End(counters=await _counters(wires[0], skus), holds=holds)


async def settled(wires: Sequence[Wire], ops: Sequence[Op], skus: Sequence[str]) -> End:
    """`end_of` once nothing runs out any more and the counters stand still."""
    latest = max((op.ended + op.ttl_s for op in ops if op.kind == HOLD and op.is_done
                  and op.ttl_s < PATIENCE_S), default=0.0)  # fmt: skip
    await asyncio.sleep(max(0.0, latest - time.monotonic()))
    until = time.monotonic() + PATIENCE_S
    end = await end_of(wires, ops, skus)
    while time.monotonic() < until:
        rows: dict[str, int] = {}
        for state, lines in end.holds.values():
            for sku, qty in lines.items() if state in OPEN else ():
                rows[sku] = rows.get(sku, 0) + qty
        if all(held == rows.get(sku, 0) for sku, (_, held) in end.counters.items()):
            break  # else what ran out is not tidied yet
        await asyncio.sleep(1.0)
        end = End(counters=await _counters(wires[0], skus), holds=end.holds)
    return end


async def _counters(wire: Wire, skus: Sequence[str]) -> dict[str, tuple[int, int]]:
    found = {}
    for start in range(0, len(skus), _SKUS_A_CALL):
        asked = "&".join(f"sku={sku}" for sku in skus[start : start + _SKUS_A_CALL])
        _, answer, _ = await persist(wire, "GET", f"/stock/balances?{asked}", None)
        for row in answer["items"]:
            if row["location_id"] == PLACE:
                found[row["sku"]] = (row["on_hand"], row["held"])
    return found
