"""The keys of the vault: whose each is, and the numbers of the identifiers that they seal."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

import asyncpg
import msgspec
from asyncpg.pgproto.pgproto import UUID  # equal to uuid.UUID, and made five times faster

from setten.platform import db, ids
from setten.platform.db import Connection
from setten.platform.errors import Invalid
from setten.platform.vault import cipher
from setten.platform.vault import rows as rows_
from setten.platform.vault.kinds import Identifier

Q = db.load(str(Path(__file__).with_name("store.py")))
FEW = 32  # rows; more go by COPY, which costs a round trip more and much less for each
_PROOF = b"setten"


class WrongMasterKey(Invalid):
    """This master key does not open this database. Give the one it was made with."""

    code = "wrong_master_key"


class Met(msgspec.Struct, frozen=True):
    """Identifiers of one batch: their numbers, and by number the wrapped keys to seal under.

    ciphers: of those that were made in this transaction, of whom nobody else knows anything.
    """

    numbers: dict[Identifier, int]
    keys: dict[int, bytes]
    ciphers: dict[int, cipher.AESGCM] = {}


class Keyring:
    """Tokens, numbers and keys of identifiers. All is set-based: one call for a whole batch."""

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
        await Q.keep_proof.run(conn, generation=cipher.GENERATION, proof=proof)
        row = await Q.proof.one(conn)
        try:
            cipher.unseal(self._wrap, row["proof"], b"proof")
        except cipher.InvalidTag as cause:
            raise WrongMasterKey from cause

    def token(self, identifier: Identifier) -> uuid.UUID:
        """The keyed token under which an identifier is known."""
        return cipher.token(self._tokens, identifier.kind, identifier.value)

    async def find(self, conn: Connection, wanted: Iterable[Identifier]) -> dict[Identifier, int]:
        """Numbers of the identifiers that are known; the others are absent from the answer."""
        by_token = {self.token(identifier): identifier for identifier in wanted}
        if not by_token:
            return {}
        rows = await Q.known.all(conn, tokens=list(by_token))
        return {by_token[row["token"]]: row["identifier_id"] for row in rows}

    async def meet(self, conn: Connection, wanted: Iterable[Identifier]) -> Met:
        """Numbers and wrapped keys of all of them, made where they are new: one look a batch."""
        people = list(set(wanted))
        tokens = [cipher.digest(self._tokens, one.kind, one.value) for one in people]
        met = Met({}, {}, {})
        await self._known(conn, people, tokens, met)
        if len(met.numbers) < len(people):
            new = {
                UUID(token): one
                for one, token in zip(people, tokens, strict=True)
                if one not in met.numbers
            }
            for token, (number, key) in (await self._insert(conn, new)).items():
                met.numbers[new.pop(token)] = number
                met.ciphers[number] = key
            if new:  # somebody else brought them in the same moment
                await self._known(conn, list(new.values()), [one.bytes for one in new], met)
        return met

    async def _known(
        self, conn: Connection, people: Sequence[Identifier], tokens: Sequence[bytes], met: Met
    ) -> None:
        """Add to `met` those of `people` that are known. tokens: theirs, in the same order."""
        if not people:
            return
        row = await Q.known_with_keys.one(conn, tokens=_array([one.hex() for one in tokens]))
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
    ) -> dict[uuid.UUID, tuple[int, cipher.AESGCM]]:
        """Numbers and ciphers by token of those that nobody else made meanwhile."""
        numbers = ids.numbers(len(new))
        tokens = [one.bytes for one in new]
        kept, ciphers = self._sealed(list(new.values()), tokens, numbers)
        made = dict(zip(new, zip(numbers, ciphers, strict=True), strict=True))
        if len(new) > FEW:
            try:
                async with conn.transaction():
                    await self._copy_identifiers(conn, kept)
                return made
            except asyncpg.UniqueViolationError:
                pass  # somebody met one of them in the same moment: now each is looked at
        rows = await Q.insert_identifiers.all(
            conn,
            generation=cipher.GENERATION,
            ids=numbers,
            kinds=[one[2] for one in kept],
            tokens=list(new),
            keys=[one[3] for one in kept],
            seals=[one[4] for one in kept],
        )
        return {token: made[token] for token, _ in rows}

    def _sealed(
        self, people: Sequence[Identifier], tokens: Sequence[bytes], numbers: Sequence[int]
    ) -> tuple[list[rows_.Kept], list[cipher.AESGCM]]:
        """Rows of newcomers, each under a key of its own, and the ciphers of these keys."""
        kept: list[rows_.Kept] = []
        ciphers: list[cipher.AESGCM] = []
        wrap = self._wrap.encrypt
        nonces = iter(cipher.nonces(2 * len(people)))
        keys = cipher.keys(len(people))
        for one, token, number, key in zip(people, tokens, numbers, keys, strict=True):
            first, second, about = next(nonces), next(nonces), cipher.about(number)
            own = cipher.AESGCM(key)  # a third of the work, so it is set up once for all it seals
            value = second + own.encrypt(second, one.value.encode(), about)
            kept.append((token, number, one.kind, first + wrap(first, key, about), value))
            ciphers.append(own)
        return kept, ciphers

    async def _copy_identifiers(self, conn: Connection, kept: Sequence[rows_.Kept]) -> None:
        rows = rows_.identifiers(kept)
        await db.copy_rows(conn, "vault", "identifiers", rows_.IDENTIFIERS, rows)

    async def keep(
        self,
        conn: Connection,
        people: Sequence[Identifier],
        numbers: Sequence[int],
    ) -> dict[int, cipher.AESGCM]:
        """Keep identifiers that nobody has met, under the numbers given; the cipher of each.

        Raises UniqueViolationError where one of them is known.
        """
        tokens = [cipher.digest(self._tokens, one.kind, one.value) for one in people]
        kept, ciphers = self._sealed(people, tokens, numbers)
        await self._copy_identifiers(conn, kept)
        return dict(zip(numbers, ciphers, strict=True))

    async def values(self, conn: Connection, numbers: Sequence[int]) -> dict[int, Identifier]:
        """The identifiers behind numbers, opened. The caller writes the audit entry."""
        found = {}
        for row in await Q.values.all(conn, identifier_ids=list(numbers)):
            number = row["identifier_id"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], cipher.about(number))
            found[number] = Identifier(row["kind"], plain.decode())
        return found

    async def _ciphers(
        self, conn: Connection, numbers: Collection[int], met: Met | None = None
    ) -> dict[int, cipher.AESGCM]:
        if met is not None:
            return {
                number: met.ciphers.get(number)
                or cipher.AESGCM(self._unwrap(met.keys[number], number))
                for number in numbers
            }
        rows = await Q.keys.all(conn, identifier_ids=list(numbers))
        return {
            row["identifier_id"]: cipher.AESGCM(
                self._unwrap(row["wrapped_key"], row["identifier_id"])
            )
            for row in rows
        }

    def _unwrap(self, wrapped: bytes, number: int) -> bytes:
        return cipher.unseal(self._wrap, wrapped, cipher.about(number))


def _array(tokens: Sequence[str]) -> str:
    """As the text of an array: the driver writes a list element by element, and slowly."""
    return f"{{{','.join(tokens)}}}"
