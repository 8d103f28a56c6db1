"""The verbs of the vault. All are set-based: one call for a whole batch."""

from __future__ import annotations

import os
import struct
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster

from setten.platform import db, ids
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.vault import cipher, searching
from setten.platform.vault.kinds import Identifier

_Q = db.load(str(Path(__file__).with_name("store.py")))
_GENERATION = 1
_PROOF = b"setten"
SEARCH_HITS_MAX = 200
_FEW = 32  # envelopes; more go by COPY, which costs a round trip more and much less for each
_ENVELOPE = ("sealed_id", "identifier_id", "sealed")
_row = struct.Struct("!hiqiqi").pack  # one of them as COPY (binary) takes it, up to its last bytes
# Amounts stay numbers as they were written.
_encode = msgspec.json.Encoder(decimal_format="number").encode


class WrongMasterKey(Invalid):
    """This master key does not open this database. Give the one it was made with."""

    code = "wrong_master_key"


class Sealed(msgspec.Struct, frozen=True):
    """Personal values that came with an event or a note, under one identifier."""

    identifier_id: int
    values: Mapping[str, Any]


class Met(msgspec.Struct, frozen=True):
    """Identifiers of one batch: their numbers, and by number the wrapped keys to seal under."""

    numbers: dict[Identifier, int]
    keys: dict[int, bytes]


class Trait(msgspec.Struct, frozen=True):
    """One personal trait, said at a moment under an identifier."""

    identifier_id: int
    field: str
    value: Any
    occurred_at: datetime


class Dossier(msgspec.Struct, frozen=True):
    """What the vault knows of some identifiers, opened."""

    values: Mapping[int, Identifier]
    traits: Sequence[Trait]


class Vault:
    """Holds the keys derived from the master key; everything else is in the database."""

    def __init__(self, master_key: bytes) -> None:
        assert len(master_key) == cipher.KEY_BYTES, "settings checks the length"
        self._wrap = cipher.AESGCM(cipher.derive(master_key, "setten wrap 1"))
        self._tokens = cipher.keyed(cipher.derive(master_key, "setten token 1"))
        self._search = cipher.keyed(cipher.derive(master_key, "setten search 1"))
        self._letters = cipher.derive(master_key, "setten dead letter 1")
        self._settings = cipher.derive(master_key, "setten setting 1")

    async def prove(self, conn: Connection) -> None:
        """Check that the database was made with this master key. Raises WrongMasterKey."""
        proof = cipher.seal(self._wrap, _PROOF, b"proof")
        await _Q.keep_proof.run(conn, generation=_GENERATION, proof=proof)
        row = await _Q.proof.one(conn)
        try:
            cipher.unseal(self._wrap, row["proof"], b"proof")
        except cipher.InvalidTag as cause:
            raise WrongMasterKey from cause

    # -- identifiers ---------------------------------------------------------------------------

    def token(self, identifier: Identifier) -> uuid.UUID:
        """The keyed token under which an identifier is known."""
        return cipher.token(self._tokens, identifier.kind, identifier.value)

    async def find(self, conn: Connection, wanted: Iterable[Identifier]) -> dict[Identifier, int]:
        """Numbers of the identifiers that are known; the others are absent from the answer."""
        by_token = {self.token(identifier): identifier for identifier in wanted}
        if not by_token:
            return {}
        rows = await _Q.known.all(conn, tokens=list(by_token))
        return {by_token[row["token"]]: row["identifier_id"] for row in rows}

    async def meet(self, conn: Connection, wanted: Iterable[Identifier]) -> Met:
        """Numbers and wrapped keys of all of them, made where they are new: one look a batch."""
        people = list(set(wanted))
        tokens = [cipher.digest(self._tokens, one.kind, one.value) for one in people]
        met = Met({}, {})
        await self._known(conn, people, tokens, met)
        if len(met.numbers) < len(people):
            new = {
                UUID(token): one
                for one, token in zip(people, tokens, strict=True)
                if one not in met.numbers
            }
            for token, (number, key) in (await self._insert(conn, new)).items():
                met.numbers[new.pop(token)] = number
                met.keys[number] = key
            if new:  # somebody else brought them in the same moment
                await self._known(conn, list(new.values()), [one.bytes for one in new], met)
        return met

    async def _known(
        self, conn: Connection, people: Sequence[Identifier], tokens: Sequence[bytes], met: Met
    ) -> None:
        """Add to `met` those of `people` that are known. tokens: theirs, in the same order."""
        if not people:
            return
        row = await _Q.known_with_keys.one(conn, tokens=_array([one.hex() for one in tokens]))
        places, numbers, keys = row
        if places:
            met.numbers.update(zip([people[place - 1] for place in places], numbers, strict=True))
            met.keys.update(zip(numbers, keys, strict=True))

    async def identify(
        self, conn: Connection, wanted: Iterable[Identifier]
    ) -> dict[Identifier, int]:
        """Numbers of all of them, made where they are new."""
        distinct = set(wanted)
        found = await self.find(conn, distinct)
        new = [identifier for identifier in distinct if identifier not in found]
        if new:
            await self._insert(conn, {self.token(one): one for one in new})
            found |= await self.find(conn, new)
        return found

    async def _insert(
        self, conn: Connection, new: Mapping[uuid.UUID, Identifier]
    ) -> dict[uuid.UUID, tuple[int, bytes]]:
        """Numbers and wrapped keys by token of those that nobody else made meanwhile."""
        numbers = [ids.number() for _ in new]
        keys = [os.urandom(cipher.KEY_BYTES) for _ in new]
        nonces = cipher.nonces(2 * len(new))
        wrapped = [
            cipher.seal(self._wrap, key, _about(number), nonce)
            for key, number, nonce in zip(keys, numbers, nonces[: len(new)], strict=True)
        ]
        rows = await _Q.insert_identifiers.all(
            conn,
            generation=_GENERATION,
            ids=numbers,
            kinds=[one.kind for one in new.values()],
            tokens=list(new),
            keys=wrapped,
            seals=[
                cipher.seal(key, one.value.encode(), _about(number), nonce)
                for key, number, one, nonce in zip(
                    keys, numbers, new.values(), nonces[len(new) :], strict=True
                )
            ],
        )
        key_of = dict(zip(numbers, wrapped, strict=True))
        return {token: (number, key_of[number]) for token, number in rows}

    async def values(self, conn: Connection, numbers: Sequence[int]) -> dict[int, Identifier]:
        """The identifiers behind numbers, opened. The caller writes the audit entry."""
        found = {}
        for row in await _Q.values.all(conn, identifier_ids=list(numbers)):
            number = row["identifier_id"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], _about(number))
            found[number] = Identifier(row["kind"], plain.decode())
        return found

    # -- envelopes -----------------------------------------------------------------------------

    async def seal(
        self, conn: Connection, envelopes: Sequence[Sealed], *, met: Met | None = None
    ) -> list[int]:
        """Seal each envelope under its identifier's key and answer their numbers, in order.

        met: spares the look for the keys when `meet` was asked in this transaction.
        """
        if not envelopes:
            return []
        keys = await self._keys(conn, {one.identifier_id for one in envelopes}, met)
        numbers = [one.identifier_id for one in envelopes]
        nonces = cipher.nonces(len(envelopes))
        seals = [
            cipher.seal(
                keys[one.identifier_id], _encode(one.values), _about(one.identifier_id), nonce
            )
            for one, nonce in zip(envelopes, nonces, strict=True)
        ]
        if len(envelopes) > _FEW:
            return await self._copy_envelopes(conn, numbers, seals)
        rows = await _Q.insert_envelopes.all(conn, identifier_ids=numbers, seals=seals)
        return [row["sealed_id"] for row in rows]

    async def _copy_envelopes(
        self, conn: Connection, numbers: Sequence[int], seals: Sequence[bytes]
    ) -> list[int]:
        drawn: list[int] = await _Q.draw_envelopes.value(conn, count=len(numbers))
        rows: list[bytes] = []
        for sealed_id, number, sealed in zip(drawn, numbers, seals, strict=True):
            rows += (_row(3, 8, sealed_id, 8, number, len(sealed)), sealed)
        await db.copy_rows(conn, "vault", "envelopes", _ENVELOPE, rows)
        return drawn

    async def open(self, conn: Connection, sealed_ids: Sequence[int]) -> dict[int, Sealed]:
        """Open envelopes; those whose key was destroyed are absent. The caller audits."""
        opened = {}
        for row in await _Q.envelopes.all(conn, sealed_ids=list(sealed_ids)):
            number = row["identifier_id"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], _about(number))
            opened[row["sealed_id"]] = Sealed(number, msgspec.json.decode(plain))
        return opened

    # -- traits --------------------------------------------------------------------------------

    async def put_traits(
        self, conn: Connection, traits: Sequence[Trait], *, met: Met | None = None
    ) -> None:
        """Keep personal traits, the newest per identifier and field, findable where that helps."""
        newest: dict[tuple[int, str], Trait] = {}
        for one in traits:
            kept = newest.get((one.identifier_id, one.field))
            if kept is None or kept.occurred_at <= one.occurred_at:
                newest[(one.identifier_id, one.field)] = one
        if not newest:
            return
        keys = await self._keys(conn, {number for number, _ in newest}, met)
        # Somebody has several traits: the cipher of a key is set up once for all of them.
        ciphers = {number: cipher.AESGCM(key) for number, key in keys.items()}
        nonces = cipher.nonces(len(newest))
        written = await _Q.put_traits.all(
            conn,
            identifier_ids=[number for number, _ in newest],
            fields=[field for _, field in newest],
            seals=[
                cipher.seal(
                    ciphers[one.identifier_id],
                    _encode(one.value),
                    _about(one.identifier_id, one.field),
                    nonce,
                )
                for one, nonce in zip(newest.values(), nonces, strict=True)
            ],
            occurred_ats=[one.occurred_at for one in newest.values()],
        )
        await self._index(
            conn,
            [newest[number, field] for number, field, _ in written],
            changed=[newest[number, field] for number, field, is_new in written if not is_new],
        )

    async def _index(
        self, conn: Connection, traits: Sequence[Trait], *, changed: Sequence[Trait]
    ) -> None:
        entries = [
            (self._search_token(part, text), one.identifier_id, one.field)
            for one in traits
            for part, text in searching.parts(one.field, one.value)
        ]
        if changed:
            await _Q.drop_search_tokens.run(
                conn,
                identifier_ids=[one.identifier_id for one in changed],
                fields=[one.field for one in changed],
            )
        if entries:
            await _Q.put_search_tokens.run(
                conn,
                tokens=[entry[0] for entry in entries],
                identifier_ids=[entry[1] for entry in entries],
                fields=[entry[2] for entry in entries],
            )

    async def traits(
        self, conn: Connection, numbers: Sequence[int], fields: Sequence[str] | None = None
    ) -> list[Trait]:
        """Personal traits said under these identifiers, opened: all, or only these fields.

        The caller audits.
        """
        found = []
        wanted = None if fields is None else list(fields)
        for row in await _Q.traits.all(conn, identifier_ids=list(numbers), fields=wanted):
            number, field = row["identifier_id"], row["field"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], _about(number, field))
            found.append(Trait(number, field, msgspec.json.decode(plain), row["occurred_at"]))
        return found

    async def dossier(
        self, conn: Connection, numbers: Sequence[int], *, with_traits: bool = True
    ) -> Dossier:
        """Identifiers and personal traits of one person in one query. The caller audits."""
        values: dict[int, Identifier] = {}
        keys: dict[int, bytes] = {}
        traits = []
        for row in await _Q.dossier.all(
            conn, identifier_ids=list(numbers), with_traits=with_traits
        ):
            number, field = row["identifier_id"], row["field"]
            if number not in keys:
                keys[number] = self._unwrap(row["wrapped_key"], number)
                plain = cipher.unseal(keys[number], row["sealed"], _about(number))
                values[number] = Identifier(row["kind"], plain.decode())
            if field is not None:
                said = cipher.unseal(keys[number], row["sealed_trait"], _about(number, field))
                value = msgspec.json.decode(said)
                traits.append(Trait(number, field, value, row["occurred_at"]))
        return Dossier(values, traits)

    async def search(self, conn: Connection, said: str) -> list[int]:
        """Identifiers whose traits hold what somebody said at a counter, by equality only.

        said: a surname, given name, both with or without a space, kana, the last four digits of
        a phone, or a postcode. At most SEARCH_HITS_MAX numbers. The caller audits.
        """
        tokens = [self._search_token(part, text) for part, text in searching.guesses(said)]
        if not tokens:
            return []
        # The last guess is all words run together; it is the only one when there is one word.
        rows = await _Q.search.all(
            conn, tokens=tokens, whole=tokens[-1], words=max(1, len(tokens) - 1),
            most=SEARCH_HITS_MAX,
        )  # fmt: skip
        return [row["identifier_id"] for row in rows or await self._search_halves(conn, said)]

    async def _search_halves(self, conn: Connection, said: str) -> list[db.Record]:
        cuts = list(searching.halves(said))
        if not cuts:
            return []
        return await _Q.search_halves.all(
            conn,
            lefts=[self._search_token("name", family) for family, _ in cuts],
            rights=[self._search_token("name", given) for _, given in cuts],
            most=SEARCH_HITS_MAX,
        )

    def _search_token(self, part: str, text: str) -> uuid.UUID:
        return cipher.token(self._search, part, text)

    # -- dead letters: no identifier is known yet -------------------------------------------------

    def seal_letter(self, plain: bytes) -> bytes:
        """Seal an event that could not be read far enough to know whose it is."""
        return cipher.seal(self._letters, plain, b"dead letter")

    def open_letter(self, sealed: bytes) -> bytes:
        """The event as it came. The caller audits."""
        return cipher.unseal(self._letters, sealed, b"dead letter")

    # -- what a business sets or says of no one person, and may name somebody ----------------------

    def seal_setting(self, plain: bytes) -> bytes:
        """Seal words of a setting: a form of values, a reason for a rule."""
        return cipher.seal(self._settings, plain, b"setting")

    def open_setting(self, sealed: bytes) -> bytes:
        """The words as they were set."""
        return cipher.unseal(self._settings, sealed, b"setting")

    # -- keys ----------------------------------------------------------------------------------

    async def _keys(
        self, conn: Connection, numbers: Iterable[int], met: Met | None = None
    ) -> dict[int, bytes]:
        if met is not None:
            return {number: self._unwrap(met.keys[number], number) for number in numbers}
        rows = await _Q.keys.all(conn, identifier_ids=list(numbers))
        return {
            row["identifier_id"]: self._unwrap(row["wrapped_key"], row["identifier_id"])
            for row in rows
        }

    def _unwrap(self, wrapped: bytes, number: int) -> bytes:
        return cipher.unseal(self._wrap, wrapped, _about(number))


def _array(tokens: Sequence[str]) -> str:
    """As the text of an array: the driver writes a list element by element, and slowly."""
    return f"{{{','.join(tokens)}}}"


def _about(number: int, field: str = "") -> bytes:
    return f"{number}/{field}".encode()
