"""The callers of bench/holds.py: processes of their own, at the verb or over HTTP.

Closed loop: each caller asks again as soon as it is answered, so at n callers the mean wait is
n / rate, whatever a single hold costs. Open loop: holds fall due at a fixed rate whatever the
answers do, and time counts from when one was due, so that a stall is paid by all it held up.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import resource
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator

import msgspec

from setten.facts.stock import GoodsLine
from setten.platform import clock, combine, db, ids
from setten.platform.combine import Claim, Combiner
from setten.stock import holds
from setten.stock.holds import Ask, Placed

HOT, WIDE_SKUS = "SOFA", 50_000
PLACE = "ginza"
TICK_S = 0.001  # an open loop sends what fell due since the last tick
_LOOK_S = 0.005
LATE_S = 5.0  # what is not answered so long after the end never will be


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What one process of callers does. rate: holds a second of this process; 0: closed loop.

    warm_s: seconds of the same load before those that count; told apart, since in them every
    process connects, learns the types and makes its plans.
    """

    kind: str
    callers: int
    seconds: float
    rate: float
    start: float
    warm_s: float = 1.0


class Said(msgspec.Struct, kw_only=True):
    """What it saw. samples: seconds of each answer, `early` those of the first seconds; missed: due
    and never answered."""

    samples: list[float] = []
    early: list[float] = []
    statuses: dict[str, int] = {}
    missed: int = 0
    wall_s: float = 0.0
    processor_s: float = 0.0
    batches: int = 0

    def note(self, due: float, counts_from: float) -> None:
        """An answer that came now."""
        (self.samples if due >= counts_from else self.early).append(time.perf_counter() - due)


def pick(kind: str) -> str:
    """The sku that the next caller wants."""
    return HOT if kind == "hot" else f"S{random.randrange(WIDE_SKUS):06d}"


async def at_verb(dsn: str, load: Load) -> Said:
    """Holds at `holds.place_many` behind a combiner of this process."""
    pool = await db.open_pool(dsn, size=4)

    async def decide(conn, asks):
        return await holds.place_many(conn, asks, now=clock.now())

    combiner: Combiner[Ask, Placed] = Combiner(pool, decide, lanes=1)
    said = Said()

    async def hold(begun: float) -> None:
        key = combine.key_hash("bench", "holds", secrets.token_hex(8))
        ask = Ask(
            lines=(GoodsLine(pick(load.kind), PLACE, 1),),
            by="bench",
            ttl_s=86_400,
            identifier_id=ids.number(),
            claim=Claim(key, key),
        )
        await combiner.ask(ask)
        said.note(begun, counts_from)

    async def caller(end: float) -> None:
        while (begun := time.perf_counter()) < end:
            await hold(begun)

    await asyncio.sleep(max(0.0, load.start - time.time()))
    used, begun = _processor_s(), time.perf_counter()
    counts_from = begun + load.warm_s
    if load.rate:
        running: set[asyncio.Task[None]] = set()

        def send(due: float) -> None:
            task = asyncio.ensure_future(hold(due))
            running.add(task)
            task.add_done_callback(running.discard)

        await _fall_due(load, send)
        await asyncio.gather(*running)
    else:
        end = counts_from + load.seconds
        await asyncio.gather(*(caller(end) for _ in range(load.callers)))
    said.wall_s = time.perf_counter() - counts_from
    said.processor_s = _processor_s() - used
    said.batches = combiner.batches
    pool.terminate()
    return said


async def over_http(port: int, load: Load, bodies: Iterator[bytes]) -> Said:
    """Whole requests on `load.callers` kept-alive connections, one at a time on each."""
    said = Said()
    waiting: deque[float] = deque()  # due, and every connection is busy
    idle: list[_Caller] = []
    loop = asyncio.get_running_loop()
    end = counts_from = float("inf")

    def answered(caller: _Caller, status: str, due: float) -> None:
        now = time.perf_counter()
        said.note(due, counts_from)
        said.statuses[status] = said.statuses.get(status, 0) + 1
        if not load.rate:
            if now < end:
                caller.send(next(bodies), now)
        elif waiting:
            caller.send(next(bodies), waiting.popleft())
        else:
            idle.append(caller)

    callers = []
    for _ in range(load.callers):
        _, caller = await loop.create_connection(lambda: _Caller(answered), "127.0.0.1", port)
        callers.append(caller)
    idle += callers
    await asyncio.sleep(max(0.0, load.start - time.time()))
    used, begun = _processor_s(), time.perf_counter()
    counts_from = begun + load.warm_s
    if load.rate:

        def send(due: float) -> None:
            if idle:
                idle.pop().send(next(bodies), due)
            else:
                waiting.append(due)

        await _fall_due(load, send)
    else:
        end = counts_from + load.seconds
        for caller in callers:
            caller.send(next(bodies), time.perf_counter())
        await asyncio.sleep(load.warm_s + load.seconds)
    said.wall_s = time.perf_counter() - counts_from
    for _ in range(int(LATE_S / _LOOK_S)):
        if not waiting and not any(c.is_busy for c in callers):
            break
        await asyncio.sleep(_LOOK_S)
        said.wall_s = time.perf_counter() - counts_from
    said.missed = len(waiting) + sum(c.is_busy for c in callers)
    said.processor_s = _processor_s() - used
    return said


class _Caller(asyncio.Protocol):
    """One connection. The client shares the cores with what it measures, so it does little."""

    def __init__(self, answered: Callable[[_Caller, str, float], None]) -> None:
        self._answered = answered
        self._due = 0.0
        self._got = b""
        self.is_busy = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport = transport

    def send(self, request: bytes, due: float) -> None:
        """Ask; `due`: the moment from which its time counts."""
        self._due = due
        self.is_busy = True
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        got = self._got = self._got + data
        head = got.find(b"\r\n\r\n")
        if head < 0:
            return
        at = got.find(b"content-length: ") + 16
        if len(got) < head + 4 + int(got[at : got.index(b"\r", at)]):
            return
        self._got = b""
        self.is_busy = False
        self._answered(self, got[9:12].decode(), self._due)


def requests(key: str, kind: str) -> Iterator[bytes]:
    """Requests for holds with a key, without end."""
    head = (
        f"POST /api/v1/stock/holds HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\nIdempotency-Key: "
        f"{secrets.token_hex(6)}-%d\r\n\r\n%s"
    )
    for number in itertools.count():
        body = (
            f'{{"lines":[{{"sku":"{pick(kind)}","location_id":"{PLACE}","qty":1}}],"ttl_s":86400}}'
        )
        yield (head % (len(body), number, body)).encode()


async def _fall_due(load: Load, send: Callable[[float], None]) -> None:
    """Call `send(due)` for every hold of the open loop, at its time."""
    begun = time.perf_counter()
    total, sent = int(load.rate * (load.warm_s + load.seconds)), 0
    while sent < total:
        due_by_now = min(total, int((time.perf_counter() - begun) * load.rate))
        for index in range(sent, due_by_now):
            send(begun + index / load.rate)
        sent = due_by_now
        await asyncio.sleep(TICK_S)


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
