"""Reading profiles, many in two queries; only what is asked for is decrypted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from setten.customers import identity
from setten.customers.profiles import homing, naming
from setten.customers.profiles.model import (
    BoughtThrough,
    Figures,
    IdentifierShown,
    Profile,
    Viewed,
)
from setten.facts.consent import ReachFound, ReachLost
from setten.facts.customers import CustomerMerged, RelationEnded, RelationMade
from setten.facts.ids import CustomerId
from setten.facts.lifecycle import CustomerStageChanged
from setten.facts.stock import HoldExpired
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.vault import Identifier, Trait, Vault, dossier_part, mask

Q = db.load(str(Path(__file__).with_name("store.py")))
VIEWED_MAX = 40  # the newest views, looked through for distinct skus
VIEWED_SHOWN_MAX = 8
# What staff or the clock did about somebody: she was not there when it happened.
NOT_HERS = frozenset(
    fact.event_name
    for fact in (CustomerMerged, CustomerStageChanged, HoldExpired, ReachFound, ReachLost,
                 RelationEnded, RelationMade)
)  # fmt: skip
# Strongest first: of hundreds of cookies nobody reads the hundredth, and each costs a decryption.
OPENED_MAX = 50


class _Bought(homing.Bought, frozen=True, kw_only=True):
    channel: str
    currency: str
    total_minor: int


class _View(msgspec.Struct):
    occurred_at: datetime
    summary: dict[str, Any]


class _Plain(msgspec.Struct):
    """The plain figures of one of the people asked for, by her place among them."""

    owner: int
    last_at: datetime | None
    counters: dict[str, int]
    purchases: list[_Bought]
    traits: dict[str, Any]
    said_ats: dict[str, datetime] | None
    lat: float | None
    lon: float | None
    since: datetime | None
    has_moved: bool | None
    viewed: list[_View]


_decode_plain = msgspec.json.Decoder(list[_Plain]).decode


async def get(
    conn: Connection,
    vault: Vault,
    customer: UUID | identity.Person,
    *,
    personal: bool = True,
    reveal: bool = False,
) -> Profile:
    """One customer, by an id that may have been merged away, or as identity knows her.

    personal: open the personal traits. reveal: identifiers whole instead of masked.
    Raises CustomerNotFound. The caller audits.
    """
    who = await identity.person(conn, customer) if isinstance(customer, UUID) else customer
    return (await get_all(conn, vault, [who], personal=personal, reveal=[reveal]))[0]


async def get_all(
    conn: Connection,
    vault: Vault,
    people: Sequence[identity.Person],
    *,
    personal: bool = True,
    reveal: Sequence[bool] | None = None,
) -> list[Profile]:
    """As `get`, for many people as identity knows them, in order; one may be there twice.

    reveal: one for each of `people`; absent: all masked.
    """
    if not people:
        return []
    row = await db.together(conn, parts(people, personal=personal), Q.whole)
    return await opened(conn, vault, people, row, reveal=reveal)


def parts(people: Sequence[identity.Person], *, personal: bool = True) -> list[db.Part]:
    """`get_all` as parts of a statement: `profiles_overview` and `vault_dossier`."""
    shown = {number for who in people for number in who.numbers[:OPENED_MAX]}
    return [_overview(people, VIEWED_MAX), dossier_part(list(shown), with_traits=personal)]


def _overview(people: Sequence[identity.Person], viewed_most: int) -> db.Part:
    asked = [(owner, number) for owner, who in enumerate(people) for number in who.numbers]
    return db.Part(
        Q.overview,
        {
            "owners": [owner for owner, _ in asked],
            "identifier_ids": [number for _, number in asked],
            "viewed_most": viewed_most,
            "home_fields": list(homing.FIELDS),
            "not_hers": sorted(NOT_HERS),
        },
    )


async def figures(conn: Connection, people: Sequence[identity.Person]) -> list[Figures]:
    """What is plain of many people, in order, in two queries; nothing that is sealed.

    last_at: of somebody who has done nothing, when we first heard of her.
    """
    row = await db.together(conn, [_overview(people, 0)], Q.plain)
    plain = {one.owner: one for one in _decode_plain(row["overview"])}
    shops = await _home_shops(conn, plain)
    return [
        Figures(
            last_at=plain[owner].last_at or min(node.first_at for node in who.nodes),
            purchases=_through(plain[owner].purchases),
            home_location_id=shops[owner],
        )
        for owner, who in enumerate(people)
    ]


async def opened(
    conn: Connection,
    vault: Vault,
    people: Sequence[identity.Person],
    row: Record,
    *,
    reveal: Sequence[bool] | None = None,
) -> list[Profile]:
    """The profiles of `people` from a row with what `parts` found of them."""
    kept = vault.dossier(row)
    said: dict[int, list[Trait]] = {}
    for trait in kept.traits:
        said.setdefault(trait.identifier_id, []).append(trait)
    plain = {one.owner: one for one in _decode_plain(row["overview"])}
    shops = await _home_shops(conn, plain)
    return [
        _profile(
            who,
            plain[owner],
            home=shops[owner],
            values=kept.values,
            said=[trait for number in who.numbers for trait in said.get(number, ())],
            reveal=reveal is not None and reveal[owner],
        )
        for owner, who in enumerate(people)
    ]


def _profile(
    who: identity.Person,
    plain: _Plain,
    *,
    home: str | None,
    values: Mapping[int, Identifier],
    said: Sequence[Trait],
    reveal: bool,
) -> Profile:
    traits = plain.traits | _newest(naming.of_one(said))
    return Profile(
        customer_id=who.customer_id,
        identifiers=_shown(who.nodes, values, reveal=reveal),
        traits=traits,
        first_at=min(node.first_at for node in who.nodes),
        last_at=plain.last_at,
        counters=plain.counters,
        purchases=_through(plain.purchases),
        home_location_id=home,
        last_viewed=_last_viewed(plain.viewed),
        merged=who.merged,
    )


async def _home_shops(conn: Connection, plain: Mapping[int, _Plain]) -> dict[int, str | None]:
    """Of each the shop that is hers; one more query where a home has a say in it."""
    found: dict[int, str | None] = {}
    asked: dict[int, tuple[homing.Lives, str | None]] = {}
    for owner, row in plain.items():
        lives = _lives(row)
        said_ats = row.said_ats or {}
        used = homing.habit(row.traits if said_ats else {}, said_ats, row.purchases, lives)
        found[owner] = used.location_id
        if lives is not None and not used.is_kept:
            asked[owner] = (lives, used.location_id)
    if asked:
        rows = await Q.shops_near.all(
            conn,
            places=list(asked),
            lats=[lives.lat for lives, _ in asked.values()],
            lons=[lives.lon for lives, _ in asked.values()],
            used=[used for _, used in asked.values()],
            reach_km=homing.REACH_KM,
            used_km=homing.USED_KM,
        )
        found |= {row["place"]: row["location_id"] for row in rows}
    return found


def _lives(row: _Plain) -> homing.Lives | None:
    if row.lat is None or row.lon is None or row.since is None:
        return None
    return homing.Lives(row.lat, row.lon, row.since, bool(row.has_moved))


def _newest(traits: Sequence[Trait]) -> dict[str, Any]:
    """The newest word of each personal trait, whichever identifier it was said under."""
    newest: dict[str, Trait] = {}
    for trait in traits:
        kept = newest.get(trait.field)
        if kept is None or kept.occurred_at < trait.occurred_at:
            newest[trait.field] = trait
    return {field: newest[field].value for field in sorted(newest)}


def _shown(
    nodes: Sequence[identity.Node], values: Mapping[int, Identifier], *, reveal: bool
) -> tuple[IdentifierShown, ...]:
    return tuple(
        IdentifierShown(
            identifier_id=node.identifier_id,
            kind=node.kind,
            value=found.value if reveal else mask(node.kind, found.value),
            first_at=node.first_at,
        )
        for node in nodes
        if (found := values.get(node.identifier_id))
    )


def _through(bought: Sequence[_Bought]) -> tuple[BoughtThrough, ...]:
    """By channel and currency over all places, most purchases first."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for one in bought:
        n, total_minor = sums.get((one.channel, one.currency), (0, 0))
        sums[one.channel, one.currency] = (n + one.n, total_minor + one.total_minor)
    ordered = sorted(sums.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        BoughtThrough(channel=channel, currency=currency, n=n, total_minor=total_minor)
        for (channel, currency), (n, total_minor) in ordered
    )


def _last_viewed(views: Sequence[_View]) -> tuple[Viewed, ...]:
    found: dict[str, Viewed] = {}
    times: Counter[str] = Counter()
    for view in views:
        said = view.summary
        sku = said.get("sku")
        if not sku:
            continue
        times[sku] += 1
        if sku not in found:
            found[sku] = Viewed(
                sku=sku,
                name=said.get("item"),
                variant=said.get("variant"),
                product_id=said.get("product_id"),
                occurred_at=view.occurred_at,
                n=1,
            )
    shown = list(found.values())[:VIEWED_SHOWN_MAX]
    return tuple(msgspec.structs.replace(one, n=times[one.sku]) for one in shown)


async def told(
    conn: Connection, vault: Vault, customer_ids: Sequence[UUID], fields: Sequence[str]
) -> dict[CustomerId, dict[str, Any]]:
    """The newest word of chosen personal traits of many living customers, in two queries.

    For lists that show names. Everyone asked for who is known is in the answer. The caller audits.
    """
    owners = await identity.members(conn, customer_ids)
    by_owner: dict[CustomerId, list[Trait]] = {owner: [] for owner in owners.values()}
    for trait in await vault.traits(conn, list(owners), fields):
        by_owner[owners[trait.identifier_id]].append(trait)
    return {owner: _newest(traits) for owner, traits in by_owner.items()}


async def get_many(
    conn: Connection, vault: Vault, customer_ids: Sequence[UUID]
) -> tuple[Profile, ...]:
    """Several customers, for what a finder found; the missing are left out. The caller audits."""
    people = await identity.people(conn, customer_ids)
    wanted = [people[one] for one in customer_ids if one in people]
    return tuple(await get_all(conn, vault, wanted))
