"""The callers of bench/holds.py: processes of their own, at the verb or over HTTP.

Closed loop: each caller asks again as soon as it is answered, so at n callers the mean wait is
n / rate, whatever a single hold costs. Open loop: holds fall due at a fixed rate whatever the
answers do, and time counts from when one was due, so that a stall is paid by all it held up.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import resource
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import msgspec

import honesty
from setten.facts.stock import GoodsLine
from setten.platform import clock, combine, db, ids
from setten.platform.combine import Claim, Combiner
from setten.stock import holds
from setten.stock.holds import Ask, Placed

HOT, WIDE_SKUS = "SOFA", 50_000
PLACE = "ginza"
TICK_S = 0.001  # an open loop sends what fell due since the last tick
PROBE_EVERY_S = 0.05
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
    is_traced: bool = False


class Said(msgspec.Struct, kw_only=True):
    """What it saw. samples: seconds of each answer, `early` those of the first seconds; missed: due
    and never answered. lags: seconds by which the callers' own loop woke too late; probes: seconds
    of a request that touches no database, now and then: how late the server's loop is. idle: share
    of the machine that had nothing to do in the seconds that count. traced: when each answered one
    fell due and its seconds, woken: when the callers were to wake and how late they did, both by
    the monotonic clock, where a trace was asked for."""

    is_traced: bool = False
    samples: list[float] = []
    early: list[float] = []
    statuses: dict[str, int] = {}
    missed: int = 0
    wall_s: float = 0.0
    processor_s: float = 0.0
    batches: int = 0
    lags: list[float] = []
    probes: list[float] = []
    idle: float = 0.0
    traced: list[tuple[float, float]] = []
    woken: list[tuple[float, float]] = []

    def note(self, due: float, counts_from: float) -> None:
        """An answer that came now."""
        (self.samples if due >= counts_from else self.early).append(time.perf_counter() - due)
        if self.is_traced:
            self.traced.append((due, time.perf_counter() - due))


def pick(kind: str) -> str:
    """The sku that the next caller wants."""
    return HOT if kind == "hot" else f"S{random.randrange(WIDE_SKUS):06d}"


async def at_verb(dsn: str, load: Load) -> Said:
    """Holds at `holds.place_many` behind a combiner of this process."""
    pool = await db.open_pool(dsn, size=4)

    async def decide(conn, asks):
        return await holds.place_many(conn, asks, now=clock.now())

    combiner: Combiner[Ask, Placed] = Combiner(pool, decide, lanes=1)
    said = Said(is_traced=load.is_traced)

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
    used, idle, begun = _processor_s(), honesty.idle_s(), time.perf_counter()
    counts_from = begun + load.warm_s
    if load.rate:
        running: set[asyncio.Task[None]] = set()

        def send(due: float) -> None:
            task = asyncio.ensure_future(hold(due))
            running.add(task)
            task.add_done_callback(running.discard)

        await _fall_due(load, send, said)
        await asyncio.gather(*running)
    else:
        end = counts_from + load.seconds
        await asyncio.gather(*(caller(end) for _ in range(load.callers)))
    said.wall_s = time.perf_counter() - counts_from
    said.idle = _idle_since(idle, begun)
    said.processor_s = _processor_s() - used
    said.batches = combiner.batches
    pool.terminate()
    return said


async def over_http(port: int, load: Load, bodies: Iterator[bytes]) -> Said:
    """Whole requests on `load.callers` kept-alive connections, one at a time on each."""
    said = Said(is_traced=load.is_traced)
    # Those of an open loop are made beforehand: the client shares the cores with what it measures.
    made = list(itertools.islice(bodies, int(load.rate * (load.warm_s + load.seconds))))
    bodies = itertools.chain(made, bodies)
    waiting: deque[float] = deque()  # due, and every connection is busy
    free: list[_Caller] = []
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
            free.append(caller)

    callers = []
    for _ in range(load.callers):
        _, caller = await loop.create_connection(lambda: _Caller(answered), "127.0.0.1", port)
        callers.append(caller)
    free += callers
    await asyncio.sleep(max(0.0, load.start - time.time()))
    probing = asyncio.create_task(_probe(port, said))
    used, idle, begun = _processor_s(), honesty.idle_s(), time.perf_counter()
    counts_from = begun + load.warm_s
    if load.rate:

        def send(due: float) -> None:
            if free:
                free.pop().send(next(bodies), due)
            else:
                waiting.append(due)

        await _fall_due(load, send, said)
    else:
        end = counts_from + load.seconds
        for caller in callers:
            caller.send(next(bodies), time.perf_counter())
        await asyncio.sleep(load.warm_s + load.seconds)
    said.wall_s = time.perf_counter() - counts_from
    said.idle = _idle_since(idle, begun)
    probing.cancel()
    for _ in range(int(LATE_S / _LOOK_S)):
        if not waiting and not any(c.is_busy for c in callers):
            break
        await asyncio.sleep(_LOOK_S)
        said.wall_s = time.perf_counter() - counts_from
    said.missed = len(waiting) + sum(c.is_busy for c in callers)
    said.processor_s = _processor_s() - used
    return said


def late(said: Sequence[Said]) -> str:
    """How late the callers' loops were, and what a request without a database took, as words."""
    lags = [one for part in said for one in part.lags]
    probes = [one for part in said for one in part.probes]
    told = f"callers woke late by: {honesty.percentiles(lags)}"
    return f"{told}; a look at the server's loop: {honesty.percentiles(probes)}" if probes else told


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


async def _probe(port: int, said: Said) -> None:
    """Ask now and then for what needs no database: its time is that of the server's loop."""
    answered: asyncio.Queue[float] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(
        lambda: _Caller(lambda _, __, due: answered.put_nowait(time.perf_counter() - due)),
        "127.0.0.1",
        port,
    )
    while True:
        caller.send(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n", time.perf_counter())
        said.probes.append(await answered.get())
        await asyncio.sleep(PROBE_EVERY_S)


def _idle_since(idle: float, begun: float) -> float:
    cores = os.cpu_count() or 1
    return (honesty.idle_s() - idle) / (time.perf_counter() - begun) / cores


async def _fall_due(load: Load, send: Callable[[float], None], said: Said) -> None:
    """Call `send(due)` for every hold of the open loop, at its time."""
    begun = time.perf_counter()
    total, sent = int(load.rate * (load.warm_s + load.seconds)), 0
    while sent < total:
        due_by_now = min(total, int((time.perf_counter() - begun) * load.rate))
        for index in range(sent, due_by_now):
            send(begun + index / load.rate)
        sent = due_by_now
        wakes = time.perf_counter() + max(TICK_S, begun + sent / load.rate - time.perf_counter())
        await asyncio.sleep(wakes - time.perf_counter())
        said.lags.append(max(0.0, time.perf_counter() - wakes))
        if load.is_traced:
            said.woken.append((wakes, said.lags[-1]))


def _processor_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
