"""Reading profiles: three queries, and only what is asked for is decrypted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from setten.customers import identity
from setten.customers.profiles.model import BoughtThrough, IdentifierShown, Profile, Viewed
from setten.facts.ids import CustomerId
from setten.platform import db
from setten.platform.db import Connection
from setten.platform.vault import Identifier, Trait, Vault, mask

Q = db.load(str(Path(__file__).with_name("store.py")))
VIEWED_MAX = 40  # the newest views, looked through for distinct skus
VIEWED_SHOWN_MAX = 8
# Strongest first: of hundreds of cookies nobody reads the hundredth, and each costs a decryption.
OPENED_MAX = 50
_HOME_TRAITS = ("home_location_id", "home_location", "home_store", "home_shop")


class _Bought(msgspec.Struct):
    channel: str
    currency: str
    n: int
    total_minor: int


class _View(msgspec.Struct):
    occurred_at: datetime
    summary: dict[str, Any]


_decode_viewed = msgspec.json.Decoder(list[_View]).decode
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
    who = customer
    if isinstance(who, UUID):
        who = await identity.person(conn, who)
    plain = await Q.overview.one(conn, identifier_ids=who.numbers, viewed_most=VIEWED_MAX)
    opened = await vault.dossier(conn, who.numbers[:OPENED_MAX], with_traits=personal)
    traits: dict[str, Any] = msgspec.json.decode(plain["traits"])
    traits |= _newest(opened.traits)
    return Profile(
        customer_id=who.customer_id,
        identifiers=_shown(who.nodes, opened.values, reveal=reveal),
        traits=traits,
        first_at=plain["first_at"],
        last_at=plain["last_at"],
        counters=msgspec.json.decode(plain["counters"]),
        purchases=_bought(plain["purchases"]),
        home_location_id=_home(traits) or plain["bought_most_at"],
        last_viewed=_last_viewed(_decode_viewed(plain["viewed"])),
        merged=who.merged,
    )


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


def _bought(text: str) -> tuple[BoughtThrough, ...]:
    return tuple(
        BoughtThrough(
            channel=one.channel, currency=one.currency, n=one.n, total_minor=one.total_minor
        )
        for one in _decode_bought(text)
    )


def _home(traits: dict[str, Any]) -> str | None:
    for field in _HOME_TRAITS:
        if isinstance(traits.get(field), str):
            return str(traits[field])
    return None


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
    found = []
    for customer_id in customer_ids:
        try:
            found.append(await get(conn, vault, customer_id))
        except identity.CustomerNotFound:
            continue
    return tuple(found)
