"""Taking in: check the sender, read each event, seal, append, keep what was bad."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from setten.customers.ingest import reading, store
from setten.customers.ingest.model import (
    BadEvent,
    Delivery,
    Event,
    OriginRefused,
    Said,
    Source,
    Taken,
    TooManyEvents,
    UnknownWriteKey,
)
from setten.customers.ingest.rates import Buckets
from setten.customers.ingest.reading import Prepared, Reading
from setten.facts.reported import Alias
from setten.platform import ids, log
from setten.platform.db import Connection
from setten.platform.errors import SettenError
from setten.platform.log import Entry
from setten.platform.vault import Identifier, Met, Sealed, Trait, Vault

_NEW, _REPEATED, _REFUSED = range(3)  # the fields of Taken


class LetterBody(msgspec.Struct, omit_defaults=True):
    """What a dead letter holds: enough to read the event again as if it came just then."""

    raw: str
    received_at: datetime
    is_base64: bool = False
    type: str | None = None
    sent_at: datetime | None = None
    context: dict[str, Any] | None = None
    integrations: dict[str, Any] | None = None
    ip: str | None = None


class _Bad(msgspec.Struct, frozen=True):
    source: Source
    delivery: Delivery
    said: Said
    hash: uuid.UUID
    why: BadEvent


class _Read(msgspec.Struct):
    """The events of several deliveries, side by side, each with the index of its delivery.

    repeated: indexes of events whose id another event here has already; the first one wins.
    """

    good: list[tuple[int, Source, Prepared]]
    bad: list[tuple[int, _Bad]]
    repeated: list[int]


async def take(
    conn: Connection,
    vault: Vault,
    deliveries: Sequence[Delivery],
    *,
    buckets: Buckets,
    now: datetime,
    now_s: float,
) -> list[Taken | SettenError]:
    """Take in deliveries together; one answer each, a refusal where the sender may not.

    Durable once the caller's transaction commits. A bad event becomes a dead letter and never
    fails its neighbours; one that is known already is not taken again.
    """
    sources = await store.open_sources(conn, list({one.write_key for one in deliveries}), now=now)
    answers: list[Taken | SettenError] = []
    accepted: list[tuple[int, Source, Delivery]] = []
    for index, delivery in enumerate(deliveries):
        source = sources.get(delivery.write_key)
        refusal = refuse(source, delivery, buckets, now_s)
        answers.append(refusal or Taken(0, 0, 0))
        if refusal is None and source is not None:
            accepted.append((index, source, delivery))
    if accepted:
        counts = await _write(conn, vault, _read_all(vault, accepted), now=now)
        for index, taken in counts.items():
            answers[index] = taken
    return answers


def refuse(
    source: Source | None, delivery: Delivery, buckets: Buckets, now_s: float
) -> SettenError | None:
    """Why this sender's delivery is not taken; None when it is."""
    if source is None:
        return UnknownWriteKey()
    if source.origins and delivery.origin is not None and delivery.origin not in source.origins:
        return OriginRefused(origin=delivery.origin)
    wait_s = buckets.take(
        source.source_id, len(delivery.events), rate_per_s=source.rate_per_s, now_s=now_s
    )
    return TooManyEvents(retry_after_s=wait_s) if wait_s else None


def _read_all(vault: Vault, accepted: Sequence[tuple[int, Source, Delivery]]) -> _Read:
    found = _Read([], [], [])
    met: set[str] = set()

    def conceal(value: str) -> str:
        return f"h-{vault.token(Identifier('message_id', value)).hex}"

    for index, source, delivery in accepted:
        with_ = Reading(source, delivery, _new_id, conceal)
        for said in delivery.events:
            try:
                event = reading.decode(said.raw)
            except BadEvent as why:
                found.bad.append((index, _Bad(source, delivery, said, _hash_of(said.raw), why)))
                continue
            try:
                prepared = reading.read(said, event, with_)
            except BadEvent as why:
                hashed = _letter_hash(event, said.raw, with_)
                found.bad.append((index, _Bad(source, delivery, said, hashed, why)))
                continue
            if prepared.event_id in met:
                found.repeated.append(index)
                continue
            met.add(prepared.event_id)
            found.good.append((index, source, prepared))
    return found


def _new_id() -> str:
    return str(ids.uuid7())


def _letter_hash(event: Event, raw: bytes, with_: Reading) -> uuid.UUID:
    """The hash under which a read that names this event in `after` finds it refused."""
    try:
        said = reading.message_id(event)
    except BadEvent:
        said = None
    return _hash_of(raw) if said is None else log.hash_id(reading.event_id_for(said, with_.conceal))


def _hash_of(raw: bytes) -> uuid.UUID:
    return uuid.UUID(bytes=hashlib.blake2b(raw, digest_size=16, person=b"letter").digest())


async def _write(
    conn: Connection, vault: Vault, found: _Read, *, now: datetime
) -> dict[int, Taken]:
    events = [event for _, _, event in found.good]
    met = await vault.meet(conn, {one for event in events for one in event.identifiers})
    places = await log.claim(
        conn, [(event.times.day, event.event_id) for event in events], on=now.date()
    )
    new = found.good
    if len(places) < len(new):
        new = [one for one in new if one[2].event_id in places]
        events = [event for _, _, event in new]
    numbers = [tuple([met.numbers[one] for one in event.identifiers]) for event in events]
    sealed_ids = await _seal(conn, vault, events, numbers, met)
    entries = [
        _entry(source, event, under, met, sealed_id, now)
        for (_, source, event), under, sealed_id in zip(new, numbers, sealed_ids, strict=True)
    ]
    await log.write(conn, entries, places)
    await vault.put_traits(conn, _traits(events, numbers), met=met)
    if found.bad:
        await _keep(conn, vault, [bad for _, bad in found.bad])
    return _count(found, places)


def _count(found: _Read, places: Mapping[str, int]) -> dict[int, Taken]:
    counts: dict[int, list[int]] = {}
    for index, _, event in found.good:
        which = _NEW if event.event_id in places else _REPEATED
        counts.setdefault(index, [0, 0, 0])[which] += 1
    for index in found.repeated:
        counts.setdefault(index, [0, 0, 0])[_REPEATED] += 1
    for index, _ in found.bad:
        counts.setdefault(index, [0, 0, 0])[_REFUSED] += 1
    return {index: Taken(*count) for index, count in counts.items()}


def _traits(events: Sequence[Prepared], numbers: Sequence[tuple[int, ...]]) -> list[Trait]:
    return [
        Trait(under[0], field, value, event.times.occurred_at)
        for event, under in zip(events, numbers, strict=True)
        if event.traits
        for field, value in event.traits
    ]


async def _seal(
    conn: Connection,
    vault: Vault,
    events: Sequence[Prepared],
    numbers: Sequence[tuple[int, ...]],
    met: Met,
) -> list[int | None]:
    """One envelope for each event that has something sealed, under its strongest identifier."""
    envelopes = [
        Sealed(under[0], event.sealed)
        for event, under in zip(events, numbers, strict=True)
        if event.sealed
    ]
    following = iter(await vault.seal(conn, envelopes, met=met))
    return [next(following) if event.sealed else None for event in events]


def _entry(
    source: Source,
    event: Prepared,
    numbers: tuple[int, ...],
    met: Met,
    sealed_id: int | None,
    now: datetime,
) -> Entry:
    body = event.body
    if event.alias is not None:
        previous, user = event.alias
        body = reading.with_alias(body, Alias(met.numbers[previous], met.numbers[user]))
    when = event.times
    return Entry(  # by place, because words would take three times as long
        event.event_id,
        when.day,
        event.name,
        when.occurred_at,
        now,
        source.channel,
        numbers,
        body.decode(),
        when.sent_at,
        when.original_at,
        source.source_id,
        event.location_id,
        sealed_id,
    )


async def _keep(conn: Connection, vault: Vault, letters: Sequence[_Bad]) -> None:
    await store.insert_letters(
        conn,
        [
            (
                one.delivery.received_at,
                one.source.source_id,
                one.hash,
                one.why.reason,
                one.why.field,
                vault.seal_letter(msgspec.json.encode(_body(one.said, one.delivery))),
            )
            for one in {bad.hash: bad for bad in letters}.values()
        ],
    )


def _body(said: Said, delivery: Delivery) -> LetterBody:
    try:
        raw, is_base64 = said.raw.decode(), False
    except UnicodeDecodeError:
        raw, is_base64 = base64.b64encode(said.raw).decode(), True
    return LetterBody(
        raw=raw,
        is_base64=is_base64,
        type=said.type,
        received_at=delivery.received_at,
        sent_at=delivery.sent_at,
        context=delivery.context,
        integrations=delivery.integrations,
        ip=delivery.ip,
    )


async def take_again(
    conn: Connection, vault: Vault, source: Source, delivery: Delivery, *, now: datetime
) -> str:
    """Take in the one event of a replayed delivery and answer its id. Raises BadEvent."""
    found = _read_all(vault, [(0, source, delivery)])
    if found.bad:
        raise found.bad[0][1].why
    await _write(conn, vault, found, now=now)
    return found.good[0][2].event_id


async def take_rows(
    conn: Connection, vault: Vault, rows: Sequence[tuple[Source, bytes]], *, now: datetime
) -> list[Taken | BadEvent]:
    """Take in events of a file, each under a source of its own; what came of each, in order.

    Nothing is kept of a bad one: whoever has the file has it. Neither rate nor origin is asked.
    """
    told = [
        (index, source, Delivery(write_key="", events=(Said(raw),), received_at=now))
        for index, (source, raw) in enumerate(rows)
    ]
    found = _read_all(vault, told)
    bad = {index: one.why for index, one in found.bad}
    counts = await _write(conn, vault, _Read(found.good, [], found.repeated), now=now)
    return [bad.get(index) or counts[index] for index in range(len(rows))]


async def keep_refused(
    conn: Connection, vault: Vault, delivery: Delivery, *, now: datetime
) -> Taken:
    """Keep every event of a delivery as a dead letter: for one that the database itself refused."""
    source = (await store.open_sources(conn, [delivery.write_key], now=now))[delivery.write_key]
    why = BadEvent("refused_by_database")
    letters = [_Bad(source, delivery, said, _hash_of(said.raw), why) for said in delivery.events]
    await _keep(conn, vault, letters)
    return Taken(0, 0, len(letters))
