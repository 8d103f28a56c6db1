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
from setten.customers.profiles import homing
from setten.customers.profiles.model import BoughtThrough, IdentifierShown, Profile, Viewed
from setten.facts.ids import CustomerId
from setten.platform import db
from setten.platform.db import Connection, Record
from setten.platform.vault import Identifier, Trait, Vault, mask

Q = db.load(str(Path(__file__).with_name("store.py")))
VIEWED_MAX = 40  # the newest views, looked through for distinct skus
VIEWED_SHOWN_MAX = 8
# Strongest first: of hundreds of cookies nobody reads the hundredth, and each costs a decryption.
OPENED_MAX = 50


class _Bought(homing.Bought, frozen=True, kw_only=True):
    channel: str
    currency: str
    total_minor: int


class _View(msgspec.Struct):
    occurred_at: datetime
    summary: dict[str, Any]


_decode_viewed = msgspec.json.Decoder(list[_View]).decode
_decode_ats = msgspec.json.Decoder(dict[str, datetime]).decode
_decode_bought = msgspec.json.Decoder(list[_Bought]).decode


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
    asked = [(owner, number) for owner, who in enumerate(people) for number in who.numbers]
    rows = await Q.overview.all(
        conn,
        owners=[owner for owner, _ in asked],
        identifier_ids=[number for _, number in asked],
        viewed_most=VIEWED_MAX,
        home_fields=list(homing.FIELDS),
    )
    opened = await vault.dossier(
        conn,
        list({number for who in people for number in who.numbers[:OPENED_MAX]}),
        with_traits=personal,
    )
    said: dict[int, list[Trait]] = {}
    for trait in opened.traits:
        said.setdefault(trait.identifier_id, []).append(trait)
    plain = {row["owner"]: row for row in rows}
    bought = {owner: _decode_bought(row["purchases"]) for owner, row in plain.items()}
    shops = await _home_shops(conn, plain, bought)
    return [
        _profile(
            who,
            plain[owner],
            bought=bought[owner],
            home=shops[owner],
            values=opened.values,
            said=[trait for number in who.numbers for trait in said.get(number, ())],
            reveal=reveal is not None and reveal[owner],
        )
        for owner, who in enumerate(people)
    ]


def _profile(
    who: identity.Person,
    plain: Record,
    *,
    bought: Sequence[_Bought],
    home: str | None,
    values: Mapping[int, Identifier],
    said: Sequence[Trait],
    reveal: bool,
) -> Profile:
    traits: dict[str, Any] = msgspec.json.decode(plain["traits"])
    traits |= _newest(said)
    return Profile(
        customer_id=who.customer_id,
        identifiers=_shown(who.nodes, values, reveal=reveal),
        traits=traits,
        first_at=min(node.first_at for node in who.nodes),
        last_at=plain["last_at"],
        counters=msgspec.json.decode(plain["counters"]),
        purchases=_through(bought),
        home_location_id=home,
        last_viewed=_last_viewed(_decode_viewed(plain["viewed"])),
        merged=who.merged,
    )


async def _home_shops(
    conn: Connection, plain: Mapping[int, Record], bought: Mapping[int, Sequence[_Bought]]
) -> dict[int, str | None]:
    """Of each the shop that is hers; one more query where a home has a say in it."""
    found: dict[int, str | None] = {}
    asked: dict[int, tuple[homing.Lives, str | None]] = {}
    for owner, row in plain.items():
        lives = None
        if row["lat"] is not None:
            lives = homing.Lives(row["lat"], row["lon"], row["since"], row["has_moved"])
        said_ats = _decode_ats(row["said_ats"]) if row["said_ats"] else {}
        traits = msgspec.json.decode(row["traits"]) if said_ats else {}
        used = homing.habit(traits, said_ats, bought[owner], lives)
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
