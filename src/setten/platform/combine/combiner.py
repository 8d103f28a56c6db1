"""The gatherer: a bounded queue, a few lanes, one transaction a batch."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import asyncpg

from setten.platform import db
from setten.platform.db import Connection, Pool
from setten.platform.errors import SettenError, Unavailable

Asked = TypeVar("Asked")
Given = TypeVar("Given")

BATCH_MAX = 200  # DESIGN: larger ones win nothing and make the slowest answer slower
QUEUE_MAX = 5_000  # a second of work; beyond it the caller is better told to come back
Handle = Callable[[Connection, Sequence[Asked]], Awaitable[Sequence[Given | Exception]]]


class QueueFull(Unavailable):
    """Too many requests wait already."""

    code = "queue_full"


class _Undone(ConnectionAbortedError):
    """The database took a whole batch back so that somebody else could go on: it may be tried
    again, and whoever has waited twice in vain is told that the database is away."""


class Combiner(Generic[Asked, Given]):
    """Gathers calls of `ask` into batches for `handle`.

    `handle(conn, asked)` answers one result or one exception for each, in order, and never commits.
    An exception that it *returns* is that caller's refusal and the batch commits; an exception that
    it *raises* rolls the batch back, and each request is tried again in a transaction of its own.
    is_transaction: False for a `handle` that reads and writes at most one statement, its last: a
    statement is a transaction by itself, and two of the few round trips are spared.

    lanes: batches that run at once. busy: a lane beside another begins, and goes on, only while so
    many wait, a third beside two while twice as many: fewer are better served by one larger batch,
    and nobody waits for the same row twice.

    weigh: how much of `weight_max` a request takes, where requests differ in size; one that is
    heavier than that goes alone.
    """

    def __init__(
        self,
        pool: Pool,
        handle: Handle[Asked, Given],
        *,
        lanes: int = 1,
        busy: int = 1,
        batch_max: int = BATCH_MAX,
        queue_max: int = QUEUE_MAX,
        is_transaction: bool = True,
        weigh: Callable[[Asked], int] | None = None,
        weight_max: int = 0,
    ) -> None:
        self._pool = pool
        self._handle = handle
        self._hold = db.transaction if is_transaction else db.connection
        self._lanes = lanes
        self._busy = busy
        self._batch_max = batch_max
        self._queue_max = queue_max
        self._weigh = weigh
        self._weight_max = weight_max
        self._queue: deque[tuple[Asked, asyncio.Future[Given]]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.batches = 0
        self.asked = 0

    async def ask(self, asked: Asked) -> Given:
        """The result for `asked`, after the commit. Raises its refusal, or QueueFull."""
        if len(self._queue) >= self._queue_max:
            raise QueueFull()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Given] = loop.create_future()
        self._queue.append((asked, future))
        if self._running < self._lanes and self._is_work_beside(self._running):
            self._running += 1
            task = loop.create_task(self._lane())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            return await future
        finally:
            # A refusal keeps its traceback, that this frame, and this frame what holds the refusal:
            # a ring of some fifty objects a refused request, which only the collector would find.
            del future

    async def _lane(self) -> None:
        try:
            while self._queue and self._is_work_beside(self._running - 1):
                await self._settle(self._gather())
        finally:
            # No await may come between the look at the queue and this line: a request that arrives
            # in between would see a lane running and wait for ever.
            self._running -= 1

    def _is_work_beside(self, others: int) -> bool:
        """Whether enough wait for a lane beside so many others."""
        return len(self._queue) >= self._busy * others

    def _gather(self) -> list[tuple[Asked, asyncio.Future[Given]]]:
        most = min(len(self._queue), self._batch_max)
        if self._weigh is None:
            return [self._queue.popleft() for _ in range(most)]
        batch = [self._queue.popleft()]
        left = self._weight_max - self._weigh(batch[0][0])
        while len(batch) < most and (left := left - self._weigh(self._queue[0][0])) >= 0:
            batch.append(self._queue.popleft())
        return batch

    async def _settle(self, batch: list[tuple[Asked, asyncio.Future[Given]]]) -> None:
        self.batches += 1
        self.asked += len(batch)
        try:
            answers = await self._commit([asked for asked, _ in batch])
        except Exception as cause:
            is_alone = len(batch) == 1 and not isinstance(cause, _Undone)
            if is_alone or isinstance(cause, Unavailable):
                _answer(batch, [cause] * len(batch))
                return
            for one in batch:
                await self._settle_alone(one)
            return
        except BaseException as cause:
            _answer(batch, [Unavailable()] * len(batch))
            raise cause
        _answer(batch, answers)

    async def _settle_alone(self, one: tuple[Asked, asyncio.Future[Given]]) -> None:
        if one[1].done():
            return
        try:
            answers = await self._commit([one[0]])
        except Exception as cause:
            answers = [cause]
        _answer([one], answers)

    async def _commit(self, asked: list[Asked]) -> Sequence[Given | Exception]:
        try:
            async with self._hold(self._pool) as conn:
                answers = await self._handle(conn, asked)
        except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError) as cause:
            raise _Undone() from cause
        assert len(answers) == len(asked), "a handler answers every request"
        return answers


def _answer(
    batch: Sequence[tuple[Asked, asyncio.Future[Given]]], answers: Sequence[Given | Exception]
) -> None:
    for (_, future), answer in zip(batch, answers, strict=True):
        if future.done():  # the caller went away
            continue
        if isinstance(answer, SettenError):
            future.set_exception(type(answer)(**_facts(answer)))
        elif isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)


def _facts(error: SettenError) -> dict[str, object]:
    # One error object must not be raised in many tasks: tracebacks would pile up on it.
    if isinstance(error, Unavailable):
        return {**error.facts, "retry_after_s": error.retry_after_s}
    return dict(error.facts)
