"""Verbs: take down what somebody says, tell what stands, mark where nothing arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from setten.customers.consent import rules
from setten.customers.consent.model import (
    ENTRIES_MAX,
    KINDS,
    SAID_MAX,
    STRICTNESS,
    BadConsent,
    Entry,
    Kept,
    Said,
    Standing,
    State,
    Statement,
)
from setten.facts.consent import ConsentGiven, ConsentWithdrawn, ReachFound, ReachLost
from setten.platform import audit, db, log
from setten.platform.auth import Actor
from setten.platform.db import Connection
from setten.platform.vault import Sealed, Vault

Q = db.load(str(Path(__file__).with_name("store.py")))


async def say(
    conn: Connection,
    vault: Vault,
    actor: Actor,
    *,
    numbers: Sequence[int],
    said: Sequence[Said],
    source: str,
    now: datetime,
) -> str:
    """Take down what a person says she allows; the id of the last fact. Audited.

    numbers: her identifiers, strongest first; it is written under the strongest of the channel's
    kind. evidence is sealed. Raises BadConsent.
    """
    if not 1 <= len(said) <= SAID_MAX:
        raise BadConsent(field="consents")
    for one in said:
        rules.check(one, now)
    kinds = {row["mate"]: row["kind"] for row in await Q.mates.all(conn, identifier_ids=numbers)}
    sealed = await _seal(conn, vault, numbers[0], said)
    statements = [
        Statement(
            identifier_id=_under(one.channel, numbers, kinds),
            purpose=one.purpose,
            channel=one.channel,
            state=one.state,
            at=one.at,
            source=source,
            text_version=one.text_version,
            evidence_sealed_id=sealed_id,
        )
        for one, sealed_id in zip(said, sealed, strict=True)
    ]
    event_ids = await settle(conn, statements, now=now, by=actor.label)
    await audit.note(
        conn, actor, "consent.said", at=now, subject=str(numbers[0]),
        fields=[f"{one.purpose}.{one.channel}.{one.state}" for one in said],
    )  # fmt: skip
    return event_ids[-1]


async def _seal(
    conn: Connection, vault: Vault, number: int, said: Sequence[Said]
) -> list[int | None]:
    envelopes = [Sealed(number, {"evidence": one.evidence}) for one in said if one.evidence]
    drawn = iter(await vault.seal(conn, envelopes) if envelopes else [])
    return [next(drawn) if one.evidence else None for one in said]


def _under(channel: str, numbers: Sequence[int], kinds: Mapping[int, str]) -> int:
    """The address it is about; without one, her strongest identifier."""
    return next((one for one in numbers if kinds.get(one) in KINDS[channel]), numbers[0])


async def settle(
    conn: Connection, statements: Sequence[Statement], *, now: datetime, by: str | None
) -> list[str]:
    """Write what becomes of statements and state the facts; the ids of what told each."""
    await Q.lock.run(conn)
    asked = sorted({one.identifier_id for one in statements})
    mates: dict[int, list[int]] = {}
    for row in await Q.mates.all(conn, identifier_ids=asked):
        mates.setdefault(row["identifier_id"], []).append(row["mate"])
    everyone = sorted({*asked, *(one for many in mates.values() for one in many)})
    kept = [Kept(**dict(row)) for row in await Q.kept.all(conn, identifier_ids=everyone)]
    settled = rules.settle(statements, kept, mates)
    facts = {id(one): _entry(one, now) for one in statements}
    await log.state_all(conn, [facts[id(one)] for one in settled.news])
    event_ids = [one.because or facts[id(one)].event_id for one in statements]
    told_by = dict(zip(map(id, statements), event_ids, strict=True))
    await _note(conn, settled.entries, told_by, now=now, by=by)
    await _put(conn, settled.kept)
    is_news = {id(one) for one in settled.news}
    return [
        facts[id(one)].event_id if id(one) in is_news else one.because or "" for one in statements
    ]


def _entry(said: Statement, now: datetime) -> log.Entry:
    fact = ConsentGiven if said.state == "granted" else ConsentWithdrawn
    body = fact(
        purpose=said.purpose,
        channel=said.channel,
        state=said.state,
        source=said.source,
        text_version=said.text_version,
        because=said.because,
    )
    entry = log.entry_for(body, at=now, identifiers=[said.identifier_id])
    # When she said so, though it may have come to us later.
    return msgspec.structs.replace(entry, occurred_at=said.at)


async def _note(
    conn: Connection,
    entries: Sequence[tuple[int, Statement]],
    told_by: Mapping[int, str],
    *,
    now: datetime,
    by: str | None,
) -> None:
    if not entries:
        return
    await Q.note.run(
        conn,
        noted_at=now,
        by=by,
        identifier_ids=[number for number, _ in entries],
        purposes=[one.purpose for _, one in entries],
        channels=[one.channel for _, one in entries],
        states=[one.state for _, one in entries],
        ats=[one.at for _, one in entries],
        sources=[one.source for _, one in entries],
        text_versions=[one.text_version for _, one in entries],
        evidence_sealed_ids=[one.evidence_sealed_id for _, one in entries],
        event_ids=[told_by[id(one)] for _, one in entries],
    )


async def _put(conn: Connection, kept: Sequence[Kept]) -> None:
    if not kept:
        return
    await Q.put.run(
        conn,
        identifier_ids=[one.identifier_id for one in kept],
        purposes=[one.purpose for one in kept],
        channels=[one.channel for one in kept],
        states=[one.state for one in kept],
        ats=[one.at for one in kept],
        sources=[one.source for one in kept],
        carrieds=[one.carried for one in kept],
        carried_ats=[one.carried_at for one in kept],
    )


async def standings(
    conn: Connection, people: Sequence[Sequence[int]]
) -> list[tuple[Standing, ...]]:
    """What stands of each of these people, given by all of their identifiers; in one query."""
    row = await db.together(conn, [standings_part(people)], Q.standings_told)
    return standings_told(row["allowed"], len(people))


def standings_part(people: Sequence[Sequence[int]]) -> db.Part:
    """`standings` as the part `consent_standings` of a statement."""
    asked = [(owner, number) for owner, numbers in enumerate(people) for number in numbers]
    owners, numbers = [owner for owner, _ in asked], [number for _, number in asked]
    return db.Part(Q.of_owners, {"owners": owners, "identifier_ids": numbers})


def standings_told(allowed: str, people: int) -> list[tuple[Standing, ...]]:
    """What that part found of so many people, as a list in JSON."""
    by_owner: list[list[_Word]] = [[] for _ in range(people)]
    for word in _decode_words(allowed):
        by_owner[word.owner].append(word)
    return [_standings(one) for one in by_owner]


class _Word(msgspec.Struct):
    """What stands under one identifier; all of it None where nothing does."""

    owner: int
    kind: str
    has_home: bool
    lost: list[str]
    purpose: str | None
    channel: str | None
    state: State | None
    at: datetime | None
    source: str | None


_decode_words = msgspec.json.Decoder(list[_Word]).decode


def _standings(words: Sequence[_Word]) -> tuple[Standing, ...]:
    """The strictest word of each purpose and channel; of equal ones the newest."""
    stands: dict[tuple[str, str], Standing] = {}
    for word in words:
        if word.state and word.purpose and word.channel and word.at and word.source:
            said = Standing(
                purpose=word.purpose,
                channel=word.channel,
                state=word.state,
                at=word.at,
                source=word.source,
                is_reachable=word.state == "granted" and _arrives(words, word.channel),
            )
            about = (word.purpose, word.channel)
            kept = stands.get(about)
            if kept is None or _strictness(said) < _strictness(kept):
                stands[about] = said
    return tuple(stands[about] for about in sorted(stands))


def _strictness(one: Standing) -> tuple[int, float]:
    return STRICTNESS[one.state], -one.at.timestamp()


def _arrives(words: Sequence[_Word], channel: str) -> bool:
    kinds = KINDS[channel]
    return any(
        channel not in one.lost and (one.kind in kinds or (channel == "post" and one.has_home))
        for one in words
    )


async def entries(
    conn: Connection, numbers: Sequence[int], *, limit: int = 100
) -> tuple[Entry, ...]:
    """The ledger of a person's identifiers, the latest word first."""
    most = max(1, min(limit, ENTRIES_MAX))
    rows = await Q.entries.all(conn, identifier_ids=list(numbers), most=most)
    return tuple(msgspec.convert(dict(row), Entry) for row in rows)


async def lost(
    conn: Connection, marks: Sequence[tuple[int, str, str, datetime]], *, now: datetime
) -> None:
    """Nothing arrives any more: (identifier, channel, reason, since) each. Stated once."""
    if not marks:
        return
    unique = {(number, channel): (reason, at) for number, channel, reason, at in reversed(marks)}
    rows = await Q.lose.all(
        conn,
        identifier_ids=[number for number, _ in unique],
        channels=[channel for _, channel in unique],
        reasons=[reason for reason, _ in unique.values()],
        sinces=[at for _, at in unique.values()],
    )
    facts = []
    for row in rows:
        number, channel = row["identifier_id"], row["channel"]
        fact = ReachLost(channel=channel, reason=unique[number, channel][0])
        facts.append(log.entry_for(fact, at=now, identifiers=[number]))
    if facts:
        await log.state_all(conn, facts)


async def regained(
    conn: Connection, identifier_id: int, channel: str, *, at: datetime, now: datetime
) -> bool:
    """Something arrived at `at` where nothing did; whether that was news."""
    found = await Q.regain.maybe(conn, identifier_id=identifier_id, channel=channel, at=at)
    if found is not None:
        await log.state(conn, ReachFound(channel=channel), at=now, identifiers=[identifier_id])
    return found is not None
