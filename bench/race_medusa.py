"""The race for single units, run against Medusa (npm, v2) through its published admin API.

    python bench/race_medusa.py --url http://127.0.0.1:9001 --url http://127.0.0.1:9002
                                --email EMAIL --password PASSWORD [--seconds 6] [--callers 16]

Several addresses are several processes on one database; callers take turns among them. What is a
hold here is a reservation there, one inventory item each, so the scenes of one line are run: a hot
sku, 200 skus uniform and Zipf, with a fifth of the units, so that some are sent away. The judge is
the same (`race_history`). A reservation has no key under which it could be asked again, so what was
not answered is not sent twice. `race.py --medusa` runs these scenes beside ours.
How to set one up: docs/reference/performance-stock.md.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import secrets
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import uvloop

from race_history import HOLD, RELEASE, End, Op, Verdict, check
from race_scenes import CANCELS, ONE_LINE, SCENES, Scene, tell
from race_shop import Wire

SKUS_MAX = 200  # each item is a call of its own
FEWER = 5
PATIENCE_S = 20.0  # what is not answered by then counts as never answered
PAGE = 500
PREPARED_AT_ONCE = 8


class How(msgspec.Struct, frozen=True, kw_only=True):
    """How a scene is run."""

    callers: int
    seconds: float
    seed: int


class Stranger:
    """One caller of Medusa: does an operation and notes how it went, in `history`."""

    def __init__(self, wire: Wire, items: Mapping[str, str], place: str, history: list[Op]) -> None:
        self.wire = wire
        self._items = items
        self._place = place
        self._history = history

    async def hold(self, sku: str) -> Op:
        """Reserve one unit."""
        op = Op(kind=HOLD, begun=time.monotonic(), lines={sku: 1}, ttl_s=float("inf"))
        body = {"inventory_item_id": self._items[sku], "location_id": self._place, "quantity": 1}
        answer = await self._do(op, "POST", "/admin/reservations", body)
        if op.status == 400 and answer.get("type") == "not_allowed":
            op.status, op.code = 409, "not_enough_stock"
        op.hold_id = (answer.get("reservation") or {}).get("id", "")
        return op

    async def release(self, hold: Op) -> Op:
        """Give a reservation back."""
        op = Op(kind=RELEASE, begun=time.monotonic(), lines=hold.lines, hold_id=hold.hold_id)
        await self._do(op, "DELETE", f"/admin/reservations/{hold.hold_id}", None)
        return op

    async def _do(self, op: Op, method: str, path: str, body: Any) -> dict[str, Any]:
        self._history.append(op)
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, answer = await self.wire.call(method, path, body, "")
        except (OSError, EOFError):
            return {}
        if status < 500:
            op.status, op.ended = status, time.monotonic()
        return answer or {}


async def prepare(wires: Sequence[Wire], stock: Mapping[str, int]) -> tuple[str, dict[str, str]]:
    """A place with units of each sku; (its id, item ids by sku)."""
    name = f"race {secrets.token_hex(3)}"
    made = await _must(wires[0], "POST", "/admin/stock-locations", {"name": name})
    place = made["stock_location"]["id"]
    items: dict[str, str] = {}

    async def some(wire: Wire, skus: Sequence[str]) -> None:
        for sku in skus:
            level = {"location_id": place, "stocked_quantity": stock[sku]}
            body = {"sku": sku, "title": sku, "location_levels": [level]}
            made = await _must(wire, "POST", "/admin/inventory-items", body)
            items[sku] = made["inventory_item"]["id"]

    skus = list(stock)
    await asyncio.gather(*(some(wire, skus[n :: len(wires)]) for n, wire in enumerate(wires)))
    return place, items


async def _must(wire: Wire, method: str, path: str, body: Any) -> Any:
    status, answer = await wire.call(method, path, body, "")
    if status not in (200, 201):
        raise SystemExit(f"{method} {path} was answered {status}: {str(answer)[:300]}")
    return answer


async def end_of(wire: Wire, ops: Sequence[Op], place: str, items: Mapping[str, str]) -> End:
    """What it has now: every reservation of the place, and every level."""
    skus = {item: sku for sku, item in items.items()}
    lines = {op.hold_id: op.lines for op in ops if op.kind == HOLD and op.is_done}
    given = {op.hold_id for op in ops if op.kind == RELEASE and op.is_done}
    holds: dict[str, tuple[str, dict[str, int]]] = {one: ("released", lines[one]) for one in given}
    for one in await _all(wire, f"/admin/reservations?location_id[]={place}", "reservations"):
        sku = skus[one["inventory_item_id"]]
        holds[one["id"]] = ("held", {sku: int(one["quantity"])})
    counters = {}
    path = f"/admin/inventory-items?location_levels[location_id]={place}"
    for one in await _all(wire, path, "inventory_items"):
        for level in one["location_levels"]:
            if one["id"] in skus and level["location_id"] == place:
                held = int(level["reserved_quantity"])
                counters[skus[one["id"]]] = (int(level["stocked_quantity"]) - held, held)
    return End(counters=counters, holds=holds)


async def _all(wire: Wire, path: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = await _must(wire, "GET", f"{path}&limit={PAGE}&offset={len(found)}", None)
        found += page[what]
        if not page[what] or len(found) >= page["count"]:
            return found


async def race(scene: Scene, urls: Sequence[str], token: str, how: How) -> bool:
    """One scene, its line, and whether everything can be explained."""
    run = secrets.token_hex(3)
    skus = [f"{run}-{scene.name}-{n:04d}" for n in range(min(scene.skus, SKUS_MAX))]
    stock = dict.fromkeys(skus, scene.units // FEWER)
    makers = [Wire(urls[n % len(urls)], token, prefix="") for n in range(PREPARED_AT_ONCE)]
    place, items = await prepare(makers, stock)
    history: list[Op] = []
    wires = [Wire(urls[n % len(urls)], token, prefix="") for n in range(how.callers)]
    until = time.monotonic() + how.seconds

    async def act(wire: Wire, chance: random.Random) -> None:
        caller = Stranger(wire, items, place, history)
        while time.monotonic() < until:
            [(sku, _)] = scene.pick(chance, list(items))
            hold = await caller.hold(sku)
            if hold.is_done and chance.random() < CANCELS:
                await asyncio.sleep(chance.random() * 0.05)
                await caller.release(hold)

    begun = time.monotonic()
    await asyncio.gather(
        *(act(wire, random.Random(f"{how.seed}-{n}")) for n, wire in enumerate(wires))
    )
    took_s = time.monotonic() - begun
    verdict = _judged(history, stock, await end_of(wires[0], history, place, items))
    for wire in [*wires, *makers]:
        wire.close()
    tell(f"{scene.name}, {how.callers} callers, Medusa", history, took_s, verdict)
    print(f"{'':<10} not answered {sum(not op.status for op in history)}", flush=True)
    return verdict.is_clean


def _judged(history: Sequence[Op], stock: Mapping[str, int], end: End) -> Verdict:
    """As `check`; what was never answered may have been done, so the sums go by what is there."""
    verdict = check(history, stock, end)
    verdict.other = []
    rows = dict.fromkeys(stock, 0)
    for state, lines in end.holds.values():
        for sku, qty in lines.items() if state == "held" else ():
            rows[sku] += qty
    verdict.sold_minus_stock = sum(max(0, rows[sku] - units) for sku, units in stock.items())
    verdict.counter_minus_rows = sum(abs(end.counters[sku][1] - rows[sku]) for sku in stock)
    return verdict


async def log_in(url: str, email: str, password: str) -> str:
    """A bearer token of the admin API."""
    body = {"email": email, "password": password}
    wire = Wire(url, "", prefix="")
    answer = await _must(wire, "POST", "/auth/user/emailpass", body)
    wire.close()
    return str(answer["token"])


async def run(args: argparse.Namespace) -> bool:
    """The scenes, one after the other."""
    token = await log_in(args.url[0], args.email, args.password)
    how = How(callers=args.callers, seconds=args.seconds, seed=args.seed)
    fits = True
    for scene in SCENES:
        if scene.name in ONE_LINE:
            fits &= await race(scene, args.url, token, how)
    return fits


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", action="append", required=True, help="once for each process")
    parser.add_argument("--email", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--callers", type=int, default=16)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    print(f"seed          {args.seed}")
    return 0 if asyncio.run(run(args)) else 1


if __name__ == "__main__":
    sys.exit(main())
