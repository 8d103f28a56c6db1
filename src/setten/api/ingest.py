"""Ingest over HTTP, Segment-compatible to the letter (docs/how-to/send-events.md).

A bare ASGI application: every answer, also a refusal, can be read by a page of another origin;
success is exactly 200; nothing is ever redirected. Single events are gathered with their
neighbours into one transaction, and so are batches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec
from litestar import asgi
from litestar.types import ASGIApp, Receive, Scope, Send

from setten.api import ingest_answers as answers
from setten.api import ingest_body as bodies
from setten.api import ingest_tag as tag
from setten.api.ingest_answers import Answer
from setten.api.state import Deps
from setten.customers import ingest
from setten.customers.ingest import Delivery, Said, Taken
from setten.platform import addresses, clock, db, metrics
from setten.platform.combine import Combiner
from setten.platform.db import Connection
from setten.platform.db.disk import Disk
from setten.platform.db.pool import DatabaseUnavailable
from setten.platform.errors import SettenError

CALLS: dict[str, str | None] = {
    **{name: name for name in ("identify", "track", "page", "screen", "group", "alias")},
    **{name[0]: name for name in ("identify", "track", "page", "screen", "group", "alias")},
    **dict.fromkeys(("batch", "import", "b")),
}
PREFIXES = ["/v1", "/ingest", "/analytics.js", "/analytics-next"]
_BELOW = tuple(f"{prefix}/" for prefix in PREFIXES)
# Batches that come at the same time share a transaction: its round trips, its flush and one look
# into the vault. Two lanes, so that one reads events while the database works for the other.
BATCH_LANES = 2
BATCH_EVENTS_AT_ONCE = 1_000  # some 100 ms of work; no writing transaction may take seconds
BATCHES_WAITING_MAX = 100  # of up to 1 MB each
_REFUSED_BY_DATABASE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)

Headers = dict[bytes, bytes]
logger = logging.getLogger(__name__)
_events = metrics.counter("ingest_events", "Events that came in.", ["result"])
_seconds = metrics.histogram("ingest_seconds", "Time to answer a request to ingest.")
_new, _repeated, _refused = (_events.labels(r) for r in ("new", "repeated", "refused"))


class Front:
    """The ingest of one worker process."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps
        self._buckets = ingest.Buckets(deps.settings.workers)
        self._singles: Combiner[Delivery, Taken] = Combiner(deps.pool, self._take)
        self._batches: Combiner[Delivery, Taken] = Combiner(
            deps.pool,
            self._take,
            lanes=BATCH_LANES,
            queue_max=BATCHES_WAITING_MAX,
            weigh=_events_of,
            weight_max=BATCH_EVENTS_AT_ONCE,
        )
        self._disk = Disk(deps.settings.data_dir)

    async def answer(self, scope: Any, headers: Headers, receive: Receive) -> Answer:
        """The answer to one request. Raises SettenError for a refusal."""
        method, path = scope["method"], scope["path"].strip("/").split("/")
        if method == "POST":
            if path[-1] not in CALLS:
                raise answers.NoSuchCall()
            return await self._post(path[-1], scope, headers, receive)
        if method in ("GET", "HEAD"):
            return await self._get(path, headers)
        raise answers.WrongMethod()

    async def _post(self, name: str, scope: Any, headers: Headers, receive: Receive) -> Answer:
        self._disk.check()
        received_at = clock.now()
        body = bodies.unpack(await bodies.read(receive, headers.get(b"content-length", b"")))
        origin = headers.get(b"origin")
        call = CALLS[name]
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        edge = {
            "received_at": received_at,
            "origin": origin.decode("latin-1").lower() if origin else None,
            "ip": self._ip(scope, headers),
        }
        delivery_of = _batch if call is None else _single
        try:
            delivery = delivery_of(body, call, authorization, edge)
        except ingest.BadBody:
            delivery = delivery_of(bodies.mend(body), call, authorization, edge)
        if not delivery.write_key:
            raise ingest.UnknownWriteKey()
        _count(await (self._take_single(delivery) if call else self._take_batch(delivery)))
        return answers.OK

    async def _take(
        self, conn: Connection, deliveries: Sequence[Delivery]
    ) -> list[Taken | Exception]:
        answers = await ingest.take(
            conn,
            self._deps.vault,
            deliveries,
            buckets=self._buckets,
            now=clock.now(),
            now_s=time.monotonic(),
        )
        return list(answers)

    async def _take_single(self, delivery: Delivery) -> Taken:
        try:
            return await self._singles.ask(delivery)
        except _REFUSED_BY_DATABASE:
            return await self._alone(delivery)

    async def _take_batch(self, delivery: Delivery) -> Taken:
        try:
            return await self._batches.ask(delivery)
        except _REFUSED_BY_DATABASE:
            logger.exception("the database refused a batch; taking its events one by one")
            return await self._one_by_one(delivery)

    async def _one_by_one(self, delivery: Delivery) -> Taken:
        """What the database itself refuses is one event's fault, and must stay its own."""
        total = [0, 0, 0]
        for said in delivery.events:
            taken = await self._alone(msgspec.structs.replace(delivery, events=(said,)))
            total = [a + b for a, b in zip(total, msgspec.structs.astuple(taken), strict=True)]
        return Taken(*total)

    async def _alone(self, delivery: Delivery) -> Taken:
        try:
            async with db.transaction(self._deps.pool) as conn:
                [answer] = await self._take(conn, [delivery])
        except _REFUSED_BY_DATABASE:
            async with db.transaction(self._deps.pool) as conn:
                return await ingest.keep_refused(conn, self._deps.vault, delivery, now=clock.now())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _ip(self, scope: Any, headers: Headers) -> str | None:
        """The sender's address: as our own proxies tell it, else the connection's."""
        client = scope.get("client")
        if not client:
            return None
        # Of several lines the last is kept, the one that a proxy of ours adds.
        forwarded = [headers.get(b"x-forwarded-for", b"").decode("latin-1")]
        return addresses.of_sender(str(client[0]), forwarded, self._deps.settings.trusted_proxies)

    async def _get(self, path: list[str], headers: Headers) -> Answer:
        name = path[-1]
        if name == "settings" and path[-3:-2] == ["projects"]:
            return await self._settings(path[-2], headers)
        if name in ("analytics.min.js", "analytics.js") and len(path) >= 2:
            return _file(tag.script(), headers, tag.SCRIPT_CACHE)
        if path[-2:-1] == ["bundles"] and (found := tag.chunk(name.removesuffix(".gz"))):
            return _file(found, headers, tag.CHUNK_CACHE)
        if name in CALLS:
            raise answers.WrongMethod()
        raise answers.NoSuchCall()

    async def _settings(self, write_key: str, headers: Headers) -> Answer:
        if not bodies.is_key(write_key):
            raise ingest.UnknownWriteKey()
        async with self._deps.pool.acquire() as conn:
            found = await ingest.open_sources(conn, [write_key], now=clock.now())
        if write_key not in found:
            raise ingest.UnknownWriteKey()
        base_url = tag.reached_at(
            self._deps.settings.base_url, headers.get(b"host", b"").decode("latin-1")
        )
        body = tag.settings(write_key, base_url)
        return Answer(200, body, headers=((b"cache-control", tag.SETTINGS_CACHE.encode()),))


def _events_of(delivery: Delivery) -> int:
    return len(delivery.events)


def _batch(body: bytes, _: str | None, authorization: str, edge: dict[str, Any]) -> Delivery:
    found = bodies.parse_batch(body)
    return Delivery(
        write_key=bodies.write_key(authorization, found.writeKey),
        events=bodies.events(found),
        sent_at=ingest.find_time(found.sentAt),
        context=bodies.object_or_none(found.context),
        integrations=bodies.object_or_none(found.integrations),
        **edge,
    )


def _single(body: bytes, call: str | None, authorization: str, edge: dict[str, Any]) -> Delivery:
    found = bodies.parse_single(body)
    return Delivery(
        write_key=bodies.write_key(authorization, found.writeKey),
        events=(Said(body, call),),
        **edge,
    )


def _count(taken: Taken) -> None:
    _new.inc(taken.new)
    if taken.repeated:
        _repeated.inc(taken.repeated)
    if taken.refused:
        _refused.inc(taken.refused)


def _file(found: tag.File, asked: Headers, cache: str) -> Answer:
    headers = [
        (b"cache-control", cache.encode()),
        (b"vary", b"Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
        # The tag is loaded by pages of other origins, isolated ones too.
        (b"cross-origin-resource-policy", b"cross-origin"),
    ]
    if b"gzip" in asked.get(b"accept-encoding", b""):
        return Answer(
            200,
            found.packed,
            b"text/javascript; charset=utf-8",
            (*headers, (b"content-encoding", b"gzip")),
        )
    return Answer(200, found.plain, b"text/javascript; charset=utf-8", tuple(headers))


async def _answer(front: Front, scope: Any, headers: Headers, receive: Receive) -> Answer:
    """The answer, whatever happens: a page of another origin must be able to read all of them."""
    try:
        return await front.answer(scope, headers, receive)
    except SettenError as refusal:
        return answers.problem(refusal, headers)
    except db.AWAY as cause:
        logger.warning("ingest is unavailable: %s", type(cause).__name__)
        return answers.problem(DatabaseUnavailable(), headers)
    except Exception:
        # 500 is retried by every client, so the events are not lost with our bug.
        logger.exception("bug in ingest")
        return answers.bug()


async def _handle(scope: Scope, receive: Receive, send: Send) -> None:
    """One request to ingest or for the tag."""
    await serve(_front(scope), scope, receive, send)


async def serve(front: Front, scope: Any, receive: Receive, send: Send) -> None:
    """Answer one HTTP request with what `front` says."""
    begun = time.perf_counter()
    headers: Headers = dict(scope["headers"])
    origin = headers.get(b"origin", b"")
    if scope["method"] == "OPTIONS":
        answer = answers.preflight(headers)
    else:
        answer = await _answer(front, scope, headers, receive)
        _seconds.observe(time.perf_counter() - begun)
    await answers.send(send, answer, origin, is_head=scope["method"] == "HEAD")


def _front(scope: Any) -> Front:
    state = scope["litestar_app"].state
    front = getattr(state, "ingest", None)
    if front is None:
        front = state.ingest = Front(state.deps)
    assert isinstance(front, Front)
    return front


def before(app: ASGIApp) -> ASGIApp:
    """`app`, with what is posted to ingest answered before it.

    The way through the framework would cost a single event more than all that is done with it.
    """

    async def first(scope: Any, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        if is_post and scope["path"].startswith(_BELOW):
            await serve(_front(scope), scope, receive, send)
        else:
            await app(scope, receive, send)

    return first


def mounts() -> list[Any]:
    """The handlers to hang into the web application, outside the JSON API and its errors."""
    return [asgi(PREFIXES, is_mount=True, copy_scope=False, opt={"public": True})(_handle)]
