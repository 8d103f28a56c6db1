"""Runs what the desk was asked for, one file after the other, behind the pages.

It survives its process: who comes next finds the file where it was, and goes on at the row after
the last that was committed. A run has connections of its own, so that no job waits for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

import msgspec

from setten.imports import choosing, desk, staging
from setten.imports.desk import Outcome, Sent
from setten.imports.hands import Hands
from setten.imports.kinds import KINDS
from setten.imports.model import (
    Clock,
    ImportStopped,
    Options,
    Progress,
    Summary,
)
from setten.imports.proposing import proposal
from setten.imports.running import bring
from setten.platform import db
from setten.platform.db import Pool
from setten.platform.errors import SettenError
from setten.platform.vault import Vault

_Q = db.load(desk.__file__)
LOOK_S = 1.0
MOVE_S = 0.5  # how often a page may see that it moves
TURN_S = 30.0  # of a file while others wait; it costs reading past what is in, a second or two
TRIAL_S = 600.0  # of a trial that nobody waits for: a million rows, and no file takes for ever
CONNECTIONS = 3  # one for the run's lock, one for its rows, one to spare
TRIES_MAX = 10
TIDY_EVERY = 600  # looks: every ten minutes
logger = logging.getLogger(__name__)

Finished = Callable[[db.Connection, Sent, Summary, datetime], Awaitable[None]]
"""Told in the transaction that ends an import: the audit writes it down."""


class GaveUp(Exception):
    """It took its process down too often."""


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """What runs are done with. folder: where the sealed files lie. hands: help with long files.

    turn_s: after so long a file that is brought in lets others go first, and goes on behind them;
    a trial ends there. trial_s: a trial ends though nobody waits.
    """

    pool: Pool
    vault: Vault
    folder: Path
    dsn: str
    finished: Finished
    clock: Clock
    hands: Hands | None = None
    turn_s: float = TURN_S
    trial_s: float = TRIAL_S


async def serve(at: Desk, stop: asyncio.Event) -> None:
    """Run what is asked for until `stop`."""
    looks = 0
    while not stop.is_set():
        try:
            if looks % TIDY_EVERY == 0:
                await _tidy(at)
            looks += 1
            await work(at, stop)
        except db.AWAY as cause:
            logger.warning("imports wait: %s", type(cause).__name__)
        except Exception:  # the next look tries again; a file that does it always is given up
            logger.exception("an import failed where none should")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await stop.wait()


async def work(at: Desk, stop: asyncio.Event) -> None:
    """Run all that waits, unless another process is at it."""
    async with at.pool.acquire() as guard:
        if await _Q.next.maybe(guard) is None or not await _Q.try_lock.value(guard):
            return
        try:
            while not stop.is_set():
                row = await _Q.next.maybe(guard)
                if row is None:
                    return
                await _run(at, guard, desk.sent_of(at.vault, row), stop)
        finally:
            if not guard.is_closed():
                await _Q.unlock.value(guard)


async def _tidy(at: Desk) -> None:
    async with db.transaction(at.pool) as conn:
        await desk.tidy(conn, now=at.clock())
    async with at.pool.acquire() as conn:
        await desk.sweep(conn, at.folder)


async def _run(at: Desk, guard: db.Connection, sent: Sent, stop: asyncio.Event) -> None:
    """One run, to its end or to `stop`; then it waits for the next process as it is."""
    if not await _Q.begin.run(guard, file_id=sent.file_id):
        return
    try:
        if sent.tries >= TRIES_MAX:
            raise GaveUp
        summary = await _brought(at, guard, sent, stop)
    except db.AWAY:
        raise
    except ImportStopped:  # a helper has gone; the next round goes on where it was
        logger.warning("an import goes on without who helped with it")
    except SettenError as refusal:
        said = {key: str(value)[:200] for key, value in refusal.facts.items()}
        await _end(at, sent, Outcome(code=refusal.code, facts=said))
    except (GaveUp, OSError, ValueError) as cause:
        logger.warning("an import was given up: %s", type(cause).__name__)
        await _end(at, sent, Outcome(code="import_failed"))
    else:
        if summary is not None:
            await _end(at, sent, Outcome(summary=summary))


async def _brought(
    at: Desk, guard: db.Connection, sent: Sent, stop: asyncio.Event
) -> Summary | None:
    """What came of the run; None when it was ended from outside."""
    path = await asyncio.to_thread(
        staging.laid_open, at.vault, at.folder, sent.file_id, sent.about.name
    )
    options = _options(sent, path.parent)
    if options.resumes:
        await asyncio.to_thread(staging.lay_back, at.vault, at.folder, sent.file_id)
    far = [Progress(sent.rows_done, sent.bytes_done, sent.bytes_all)]
    began, enough = time.monotonic(), asyncio.Event()

    def on_progress(progress: Progress) -> None:
        far[0] = progress

    own = await db.open_pool(at.dsn, size=CONNECTIONS)
    try:
        run = asyncio.create_task(bring(
            own, at.vault, KINDS[sent.kind], path, options, clock=at.clock, hands=at.hands,
            on_progress=on_progress, is_enough=enough.is_set,
        ))  # fmt: skip
        try:
            while not (await asyncio.wait({run}, timeout=MOVE_S))[0]:
                if stop.is_set():
                    return None
                if await _moved(guard, sent, far[0]):
                    await _stopped(at, sent, run)
                    return None
                if await _is_over(at, guard, sent, time.monotonic() - began):
                    enough.set()
                    if sent.state == "taking" and far[0].rows > sent.rows_done:
                        await _Q.give_way.run(guard, file_id=sent.file_id, now=at.clock())
                        return None
            await _moved(guard, sent, far[0])
            return await run
        finally:
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await run
    finally:
        own.terminate()


async def _is_over(at: Desk, guard: db.Connection, sent: Sent, worked_s: float) -> bool:
    """Whether others are to have their turn, or a trial has lasted long enough."""
    if sent.state == "trying" and worked_s > at.trial_s:
        return True
    return worked_s > at.turn_s and bool(await _Q.is_waited_for.value(guard, file_id=sent.file_id))


def _options(sent: Sent, place: Path) -> Options:
    if sent.about.columns:
        (place / "mapping.toml").write_text(proposal(sent.about.mapping), "utf-8")
    return sent.about.options(
        is_dry=sent.state == "trying",
        resumes=sent.state == "taking" and _has_begun(sent),
        by=sent.sender,
        place=place,
    )


def _has_begun(sent: Sent) -> bool:
    """Whether rows may be in, also such as this page was never told of."""
    return sent.bytes_done > 0 or sent.tries > 0


async def _moved(guard: db.Connection, sent: Sent, far: Progress) -> bool:
    """Tell the page how far it is; whether somebody wants it stopped."""
    return bool(
        await _Q.move.value(
            guard, file_id=sent.file_id, bytes_done=far.bytes_done, rows_done=far.rows
        )
    )


async def _stopped(at: Desk, sent: Sent, run: asyncio.Task[Summary]) -> None:
    run.cancel()
    await asyncio.wait({run})
    async with db.transaction(at.pool) as conn:
        known = await desk.get(conn, at.vault, sent.file_id)
        state = "sent" if sent.state == "trying" else "stopped"
        await _Q.end.run(
            conn, file_id=sent.file_id, state=state, outcome=None,
            rows_done=known.rows_done, now=at.clock(),
        )  # fmt: skip
    await asyncio.to_thread(_put_away, at, sent)


async def _end(at: Desk, sent: Sent, outcome: Outcome) -> None:
    """Write down what came of it; the open file goes, its refused rows are sealed."""
    has_refused = await asyncio.to_thread(_put_away, at, sent)
    outcome = msgspec.structs.replace(outcome, has_refused=has_refused)
    state, summary, now = _state_after(sent, outcome), outcome.summary, at.clock()
    async with db.transaction(at.pool) as conn:
        known = await desk.get(conn, at.vault, sent.file_id)
        rows = known.rows_done if summary is None else summary.rows
        await _Q.end.run(
            conn, file_id=sent.file_id, state=state, rows_done=rows, now=now,
            outcome=at.vault.seal_setting(msgspec.json.encode(outcome)),
        )  # fmt: skip
        if state == "done" and summary is not None:
            await at.finished(conn, sent, summary, now)
    if state == "done":
        staging.drop(at.folder, sent.file_id, "")
    if summary is not None and not has_refused:
        staging.drop(at.folder, sent.file_id, staging.REFUSED)  # of a trial before


def _state_after(sent: Sent, outcome: Outcome) -> desk.State:
    if sent.state == "trying":
        lacks = choosing.lacking(KINDS[sent.kind], sent.about.mapping)
        return "sent" if outcome.summary is None or lacks else "tried"
    return "failed" if outcome.summary is None else "done"


def _put_away(at: Desk, sent: Sent) -> bool:
    """Seal what was refused, and leave nothing open; whether there was any."""
    path = staging.workshop(at.folder, sent.file_id) / staging.REFUSED_OPEN
    has_refused = path.exists()
    if has_refused:
        with path.open("rb") as file:
            staging.seal(at.vault, at.folder, sent.file_id, file, staging.REFUSED)
    staging.close(at.folder, sent.file_id)
    return has_refused
