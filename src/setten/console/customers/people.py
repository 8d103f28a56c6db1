"""Names of customers for lists: opened from the vault in few queries, and noted in the audit."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import jaconv
import msgspec

from setten.console import formats
from setten.customers import identity, profiles
from setten.platform import audit, auth
from setten.platform.auth import Actor, Right
from setten.platform.db import Connection
from setten.platform.vault import Vault

NAME_FIELDS = ("name", "first_name", "last_name")
KANA_FIELDS = ("kana", "name_kana", "first_name_kana", "last_name_kana")
EAST_ASIAN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class Person(msgspec.Struct, frozen=True):
    """A customer by name. `name` is "" when nobody has told it."""

    customer_id: UUID
    name: str
    reading: str
    href: str


def name_from(traits: Mapping[str, Any], locale: str) -> str:
    """The name as it is written where she lives, from whatever traits tell it; "" for none."""
    whole = _text(traits.get("name"))
    if whole:
        return " ".join(whole.split())
    family, given = _text(traits.get("last_name")), _text(traits.get("first_name"))
    order = "ja" if EAST_ASIAN.search(family + given) else "en"
    return formats.person(family, given, order)


def reading_from(traits: Mapping[str, Any]) -> str:
    """Her name in hiragana, as it is read; "" for none, and for a name that is read as written."""
    if not EAST_ASIAN.search(name_from(traits, "ja")):
        return ""
    return jaconv.kata2hira(_kana(traits))


def _kana(traits: Mapping[str, Any]) -> str:
    whole = _text(traits.get("kana") or traits.get("name_kana"))
    if whole:
        return " ".join(whole.split())
    return formats.person(
        _text(traits.get("last_name_kana")), _text(traits.get("first_name_kana")), "ja"
    )


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def person(customer_id: UUID, traits: Mapping[str, Any], locale: str) -> Person:
    """A customer with her name, reading and page."""
    return Person(
        customer_id, name_from(traits, locale), reading_from(traits), f"/customers/{customer_id}"
    )


async def behind(
    conn: Connection, vault: Vault, identifiers: Collection[int], locale: str
) -> dict[int, Person]:
    """Whose each identifier is, by name; those identity has not read yet are absent.

    The caller audits (`note`), once per view.
    """
    owners = await identity.customers_for(conn, list(identifiers))
    people = await by_id(conn, vault, list(dict.fromkeys(owners.values())), locale)
    return {number: people[owner] for number, owner in owners.items() if owner in people}


async def by_id(
    conn: Connection, vault: Vault, customer_ids: Sequence[UUID], locale: str
) -> dict[UUID, Person]:
    """Customers by name. The caller audits."""
    told = await profiles.told(conn, vault, customer_ids, NAME_FIELDS + KANA_FIELDS)
    return {one: person(one, traits, locale) for one, traits in told.items()}


def require_lister(actor: Actor) -> None:
    """Lists of everybody are not for a shop's own staff: they open people one by one."""
    auth.require(actor, Right.read_customers)
    if actor.locations:
        auth.require(actor, Right.read_data)


def opens_one_by_one(actor: Actor) -> bool:
    """Whether this is staff of a shop, who open the person before them and nobody else."""
    return actor.may(Right.read_customers) and not may_list(actor)


def may_list(actor: Actor) -> bool:
    """The same as a question."""
    return actor.may(Right.read_customers) and (not actor.locations or actor.may(Right.read_data))


async def note(
    conn: Connection,
    actor: Actor,
    people: Collection[Person],
    *,
    action: str,
    now: datetime,
    meets: bool = False,
) -> None:
    """One audit entry for a list of names: how many, and a hash of whose.

    meets: these were shown for what they did here, by their card or code: their pages open to staff
    of a shop. A list of everybody meets nobody.
    """
    if people:
        ids = [one.customer_id for one in people]
        await audit.note_all(
            conn, actor, action, at=now, subjects=[str(one) for one in ids], fields=("name",)
        )
        if meets and opens_one_by_one(actor):
            await audit.meet(conn, actor, ids, now=now)
