"""A million people: what the vault keeps of them, and who is whom, as identity would say.

A person has a cookie; three in five a login, a card and a mail address too, which she told with
the cookie in one call: so her login is linked to each of the others.
"""

from __future__ import annotations

import hashlib
import tomllib
import uuid
from array import array
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

import jaconv
import msgspec
import numpy as np

from setten.demo import chain
from setten.demo.large.sizes import Size, is_member
from setten.platform import db, vault
from setten.platform.db import Connection
from setten.platform.vault import Identifier, Trait, Vault

Q = db.load(__file__)
TABLES = ("vault.identifiers", "vault.traits", "vault.search_tokens", "customers.customers",
          "customers.identifiers", "customers.links", "customers.traits")  # fmt: skip
AT_ONCE = 2_000
# By letter: what somebody's number is made of, and its kind. The strongest first, as events say it.
KINDS = {"u": "user_id", "k": "loyalty_card", "e": "email", "c": "anonymous_id"}
_MEMBER, _VISITOR = "ukec", "c"
_TIERS = ('"silver"', '"gold"', '"platinum"')
_NAMES = Path(chain.__file__).with_name("names.toml")
_NAMES_OF_PEOPLE = uuid.UUID("5e77e000-0000-4000-8000-000000000004").bytes
Progress = Callable[[int, int], None]
Name = tuple[str, str]  # written, read


class Numbers(msgspec.Struct):
    """The numbers of everybody's cookie, login and card, by person; 0 where there is none."""

    cookie: array[int]
    login: array[int]
    card: array[int]


def number(letter: str, person: int) -> int:
    """The number of somebody's identifier: of 63 bits, as the vault's are."""
    head = hashlib.blake2b(f"{letter}{person}".encode(), digest_size=8, person=b"large").digest()
    return int.from_bytes(head) & (1 << 63) - 1 or 1


def numbers(size: Size) -> Numbers:
    """Everybody's, from the first person on."""
    people = range(size.people)
    return Numbers(
        array("q", (number("c", one) for one in people)),
        array("q", (number("u", one) if is_member(one) else 0 for one in people)),
        array("q", (number("k", one) if is_member(one) else 0 for one in people)),
    )


def customer_of(person: int) -> uuid.UUID:
    """The id of somebody as a customer."""
    drawn = hashlib.blake2b(b"%d" % person, digest_size=16, key=_NAMES_OF_PEOPLE).digest()
    return uuid.UUID(bytes=drawn, version=4)


def event_of(person: int) -> str:
    """The id of the event by which somebody became known."""
    return f"came-{person}"


def joins(size: Size) -> Iterator[tuple[int, datetime]]:
    """(person, moment) of becoming known, in the order of time."""
    for place, day in enumerate(size.days):
        first, last = size.known_by(place - 1), size.known_by(place)
        midnight = datetime.combine(day, time(), UTC)
        step = timedelta(days=1) / (last - first or 1)
        for person in range(first, last):
            yield person, midnight + step * (person - first)


async def lay_down(
    conn: Connection, sealing: Vault, size: Size, source_id: int, progress: Progress
) -> None:
    """Fill the tables of the vault and of identity, which have no indexes meanwhile."""
    await Q.clear.run(conn)
    block: list[tuple[int, datetime]] = []
    for one in joins(size):
        block.append(one)
        if len(block) == AT_ONCE:
            await _put(conn, sealing, block, source_id)
            progress(block[-1][0], size.people)
            block = []
    await _put(conn, sealing, block, source_id)
    progress(size.people, size.people)


async def _put(
    conn: Connection, sealing: Vault, block: Sequence[tuple[int, datetime]], source_id: int
) -> None:
    if not block:
        return
    traits = [trait for person, at in block if is_member(person) for trait in told(person, at)]
    async with conn.transaction():
        newcomers = [pair for person, _ in block for pair in identifiers(person)]
        await vault.bring(conn, sealing, newcomers, traits)
        await _copy(conn, "customers", ("customer_id", "created_at"),
                    [(customer_of(person), at) for person, at in block])  # fmt: skip
        await _copy(
            conn, "identifiers",
            ("identifier_id", "kind", "customer_id", "born_as", "first_at"),
            [
                (number(letter, person), KINDS[letter], customer_of(person), born, at)
                for person, at in block
                for letter, born in _born(person)
            ],
        )  # fmt: skip
        await _copy(
            conn, "links", ("a", "b", "kind", "event_id", "source_id", "occurred_at"),
            [
                (*sorted((number("u", person), number(letter, person))), "event",
                 event_of(person), source_id, at)
                for person, at in block if is_member(person)
                for letter in "kec"
            ],
        )  # fmt: skip
        await _copy(
            conn, "traits", ("identifier_id", "field", "value", "occurred_at"),
            [(number("u", person), "tier", _TIERS[tier_of(person)], at)
             for person, at in block if is_member(person)],
        )  # fmt: skip


async def _copy(
    conn: Connection, table: str, columns: Sequence[str], records: Sequence[tuple[object, ...]]
) -> None:
    await conn.copy_records_to_table(
        table, schema_name="customers", columns=columns, records=records
    )


def _born(person: int) -> Iterator[tuple[str, uuid.UUID]]:
    """Each identifier, and the customer that it would be by itself; the first is who she is."""
    letters = _MEMBER if is_member(person) else _VISITOR
    for letter in letters:
        if letter == letters[0]:
            yield letter, customer_of(person)
        else:
            yield letter, uuid.UUID(int=number(letter, person) << 64 | number(letter, ~person))


def tier_of(person: int) -> int:
    """0 to 2."""
    return min(2, person * 7919 % 10 // 4)


def identifiers(person: int) -> list[tuple[int, Identifier]]:
    """Somebody's identifiers, spelt as the vault keeps them, with their numbers."""
    values = {"u": f"m-{person:07d}", "k": f"2900{person:08d}", "e": f"m{person:07d}@example.jp",
              "c": f"large-{person:07d}"}  # fmt: skip
    letters = _MEMBER if is_member(person) else _VISITOR
    return [
        (number(letter, person), Identifier(KINDS[letter], values[letter])) for letter in letters
    ]


def told(person: int, at: datetime) -> list[Trait]:
    """What a member told of herself, under her login."""
    family, given = name_of(person)
    login = number("u", person)
    said = {
        "name": f"{family[0]} {given[0]}",
        "kana": f"{family[1]} {given[1]}",
        "email": f"m{person:07d}@example.jp",
        "phone": f"070-0{person // 10_000 % 1_000:03d}-{person % 10_000:04d}",
        "postal_code": f"{100 + person * 31 % 890}-{person * 7919 % 10_000:04d}",
    }
    return [Trait(login, field, value, at) for field, value in said.items()]


def name_of(person: int) -> tuple[Name, Name]:
    """Family and given name, as common as such names are."""
    families, givens = _names()
    rng = person * 2_654_435_761 % 2**32
    return families[rng % len(families)], givens[rng // 8_192 % len(givens)]


@cache
def _names() -> tuple[list[Name], list[Name]]:
    """Family names and given names, each as often as it is common, well mixed."""
    told = tomllib.loads(_NAMES.read_text(encoding="utf-8"))
    mixed = []
    for key in (("family",), tuple(sorted(told.keys() - {"family"}))):
        rows = [
            one.split()
            for which in key
            for one in told[which].strip().replace("\n", "|").split("|")
        ]
        often = [(row[0], jaconv.hira2kata(row[1])) for row in rows for _ in range(int(row[2]))]
        order = np.random.default_rng(len(often)).permutation(len(often))
        mixed.append([often[place] for place in order])
    return mixed[0], mixed[1]
