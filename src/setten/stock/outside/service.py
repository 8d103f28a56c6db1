"""Taking the word of outside systems: compared, booked or shown; never written over ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from setten.facts.stock import StockDisagreed
from setten.platform import db, ids, log
from setten.platform.db import Connection
from setten.stock import catalog, holds, ledger, locations, sets, tasks
from setten.stock.holds import Shortened
from setten.stock.ledger import Account, Balance, Entry, Key
from setten.stock.outside import rules
from setten.stock.outside.model import (
    PAGE_MAX,
    BadOutcome,
    Disagreement,
    DisagreementEnded,
    Level,
    Master,
    Told,
    UnknownDisagreement,
)
from setten.stock.outside.rules import Verdict
from setten.stock.refusals import Refused

_Q = db.load(str(Path(__file__).with_name("store.py")))
_MASTERS_SHOWN = 10_000


async def put_masters(conn: Connection, asked: Sequence[Master], *, now: datetime) -> list[Refused]:
    """Say whose word counts where, and answer those refused. Of two the last counts."""
    places = await locations.known(
        conn, [one.location_id for one in asked if "\x00" not in one.location_id]
    )
    skus = await catalog.known(
        conn, [one.sku for one in asked if one.sku and "\x00" not in one.sku]
    )
    refused, kept = [], {}
    for index, one in enumerate(asked):
        if one.location_id in places and (not one.sku or one.sku in skus):
            kept[one.location_id, one.sku] = one
        else:
            why = "unknown_location" if one.location_id not in places else "unknown_item"
            refused.append(Refused(index=index, key=one.location_id[:100], reason=why))
    ours = [one for one in kept.values() if one.system is None]
    theirs = [one for one in kept.values() if one.system is not None]
    await _Q.forget_masters.run(
        conn, location_ids=[one.location_id for one in ours], skus=[one.sku for one in ours]
    )
    await _Q.put_masters.run(
        conn,
        now=now,
        location_ids=[one.location_id for one in theirs],
        skus=[one.sku for one in theirs],
        systems=[one.system for one in theirs],
    )
    return refused


async def masters(conn: Connection) -> list[Master]:
    """All places and skus whose master is outside."""
    rows = await _Q.masters.all(conn, most=_MASTERS_SHOWN)
    return [Master(**dict(row)) for row in rows]


class _Sorted(msgspec.Struct):
    """Where each level of a call went. rows as they are after what went before."""

    rows: dict[Key, Balance]
    booked: list[tuple[Level, Entry]] = []
    agreed: list[Level] = []
    disagreed: dict[Key, tuple[Level, int]] = {}
    stale: int = 0
    refused: list[Refused] = []
    newest: dict[Key, Level] = {}


async def tell(
    conn: Connection, system: str, levels: Sequence[Level], *, by: str, now: datetime
) -> Told:
    """What a system says lies where, in the order told.

    The master's word is booked as a difference in the moment of telling; another's is compared.
    """
    fit, refused = await _fit(conn, levels)
    keys = {(one.sku, one.location_id) for _, one in fit}
    await ledger.ensure(conn, keys)
    balances = await ledger.lock(conn, keys)
    last = await _last(conn, system, keys)
    owners = await _owners(conn, keys)
    out = _Sorted(rows=dict(balances), refused=refused)
    for index, one in fit:
        _sort(index, one, system, last, owners, out)
    entries = [entry for _, entry in out.booked]
    after = await ledger.post(conn, entries, balances=balances, now=now)
    short = await holds.shorten(conn, after, now=now)
    await _keep(conn, system, out.newest, now)
    await _settle(conn, system, out, by, now)
    return Told(
        agreed=len(out.agreed),
        booked=len(out.booked),
        disagreed=len(out.disagreed),
        stale=out.stale,
        refused=tuple(sorted(out.refused, key=lambda r: r.index)),
        short=tuple(short),
    )


async def _fit(
    conn: Connection, levels: Sequence[Level]
) -> tuple[list[tuple[int, Level]], list[Refused]]:
    clean = [one for one in levels if "\x00" not in one.sku + one.location_id]
    skus = await catalog.known(conn, [one.sku for one in clean])
    bundles = await sets.parts_of(conn, [one.sku for one in clean])
    places = await locations.known(conn, [one.location_id for one in clean])
    fit, refused = [], []
    for index, one in enumerate(levels):
        why = rules.check(one)
        if one.sku not in skus:
            why = "unknown_item"
        elif one.sku in bundles:
            why = "is_a_set"
        elif one.location_id not in places:
            why = "unknown_location"
        if why is None:
            fit.append((index, one))
        else:
            refused.append(_refusal(index, one, why))
    return fit, refused


def _refusal(index: int, one: Level, why: str) -> Refused:
    return Refused(index=index, key=f"{one.sku[:100]}@{one.location_id[:100]}", reason=why)


def _sort(
    index: int,
    one: Level,
    system: str,
    last: dict[Key, int],
    owners: Mapping[tuple[str, str], str],
    out: _Sorted,
) -> None:
    key = (one.sku, one.location_id)
    ours = out.rows[key].physical
    master = rules.master_of(key, owners)
    verdict = rules.judge(one, ours=ours, last=last.get(key), master=master, system=system)
    if verdict is Verdict.stale:
        out.stale += 1
        return
    if verdict is Verdict.changed_since:
        # Not remembered: it may tell again under the same number once it has looked.
        out.refused.append(_refusal(index, one, "changed_since"))
        return
    last[key] = one.sequence
    out.newest[key] = one
    out.disagreed.pop(key, None)
    if verdict is Verdict.agreed:
        out.agreed.append(one)
    elif verdict is Verdict.disagreed:
        out.disagreed[key] = (one, ours)
    else:
        entry = _entry(one.sku, one.location_id, one.to - ours)
        out.booked.append((one, entry))
        out.rows |= ledger.preview(out.rows, [entry])


def _entry(sku: str, location_id: str, units: int) -> Entry:
    source, target = (
        (Account.shrinkage, Account.on_hand) if units > 0 else (Account.on_hand, Account.shrinkage)
    )
    return Entry(
        sku=sku,
        location_id=location_id,
        source=source,
        target=target,
        qty=abs(units),
        cause="outside",
        cause_id=ids.uuid7(),
    )


async def _last(conn: Connection, system: str, keys: set[Key]) -> dict[Key, int]:
    rows = await _Q.last_told.all(
        conn,
        system=system,
        skus=[sku for sku, _ in keys],
        location_ids=[place for _, place in keys],
    )
    return {(row["sku"], row["location_id"]): row["sequence"] for row in rows}


async def _owners(conn: Connection, keys: set[Key]) -> dict[tuple[str, str], str]:
    rows = await _Q.masters_of.all(
        conn,
        location_ids=sorted({place for _, place in keys}),
        skus=sorted({sku for sku, _ in keys}),
    )
    return {(row["location_id"], row["sku"]): row["system"] for row in rows}


async def _keep(conn: Connection, system: str, newest: Mapping[Key, Level], now: datetime) -> None:
    rows = list(newest.values())
    await _Q.keep_told.run(
        conn,
        system=system,
        now=now,
        skus=[one.sku for one in rows],
        location_ids=[one.location_id for one in rows],
        levels=[one.to for one in rows],
        sequences=[one.sequence for one in rows],
    )


async def _settle(conn: Connection, system: str, out: _Sorted, by: str, now: datetime) -> None:
    """Keep what differs for somebody to decide; end what is agreed by now."""
    met = [key for key in out.newest if key not in out.disagreed]
    ended = await _Q.agree.all(
        conn,
        system=system,
        now=now,
        by=by,
        skus=[sku for sku, _ in met],
        location_ids=[place for _, place in met],
    )
    for row in ended:
        await tasks.finish_about(conn, row["disagreement_id"], by=by, now=now)
    if not out.disagreed:
        return
    rows = list(out.disagreed.items())
    made = await _Q.disagree.all(
        conn,
        system=system,
        now=now,
        disagreement_ids=[ids.uuid7() for _ in rows],
        skus=[sku for (sku, _), _ in rows],
        location_ids=[place for (_, place), _ in rows],
        ours=[ours for _, (_, ours) in rows],
        theirs=[one.to for _, (one, _) in rows],
    )
    new = {(row["sku"], row["location_id"]): row["disagreement_id"]
           for row in made if row["is_new"]}  # fmt: skip
    await _announce(conn, system, {key: out.disagreed[key] for key in new}, new, now)


async def _announce(
    conn: Connection,
    system: str,
    differing: Mapping[Key, tuple[Level, int]],
    new: Mapping[Key, UUID],
    now: datetime,
) -> None:
    await tasks.open_many(
        conn,
        [
            tasks.Opening(
                kind="stock_disagrees", location_id=place, sku=sku, qty=one.to - ours,
                about=new[sku, place],
            )
            for (sku, place), (one, ours) in differing.items()
        ],
        now=now,
    )  # fmt: skip
    facts = [
        log.entry_for(
            StockDisagreed(
                disagreement_id=new[sku, place],
                system=system,
                sku=sku,
                location_id=place,
                ours=ours,
                theirs=one.to,
            ),
            at=now,
            location_id=place,
        )
        for (sku, place), (one, ours) in differing.items()
    ]
    await log.state_all(conn, facts)


async def open_at(
    conn: Connection,
    location_id: str | None = None,
    *,
    after: UUID | None = None,
    limit: int = PAGE_MAX,
    newest_first: bool = False,
) -> list[Disagreement]:
    """Open disagreements of a place, or of all; oldest first, pages by the last id."""
    [last] = (after,) if after else db.end(UUID, largest=newest_first)
    rows = await _Q.open_at.turned(newest_first).all(
        conn, location_id=location_id, after=last, most=min(limit, PAGE_MAX)
    )
    return [Disagreement(**dict(row)) for row in rows]


async def decide(
    conn: Connection, disagreement_id: UUID, outcome: str, *, by: str, now: datetime
) -> tuple[Disagreement, list[Shortened]]:
    """Take their number (booked as a difference now), or keep ours.

    The difference is that of the moment they told: what was sold since is not lost.
    Raises UnknownDisagreement, DisagreementEnded, BadOutcome.
    """
    if outcome not in ("theirs", "ours"):
        raise BadOutcome()
    seen = await _get(conn, disagreement_id)
    balances = await ledger.lock(conn, [(seen.sku, seen.location_id)])
    if not await _Q.finish.all(
        conn, disagreement_id=disagreement_id, outcome=outcome, by=by, now=now
    ):
        ended = await _get(conn, disagreement_id)
        raise DisagreementEnded(outcome=ended.outcome)
    found = await _get(conn, disagreement_id)
    short: list[Shortened] = []
    if outcome == "theirs" and found.theirs != found.ours:
        entry = _entry(found.sku, found.location_id, found.theirs - found.ours)
        after = await ledger.post(conn, [entry], balances=balances, now=now)
        short = await holds.shorten(conn, after, now=now)
    await tasks.finish_about(conn, disagreement_id, by=by, now=now)
    return found, short


async def _get(conn: Connection, disagreement_id: UUID) -> Disagreement:
    row = await _Q.by_id.maybe(conn, disagreement_id=disagreement_id)
    if row is None:
        raise UnknownDisagreement(disagreement_id=str(disagreement_id))
    return Disagreement(**dict(row))
