"""The verbs of the vault. All are set-based: one call for a whole batch."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from setten.platform import db
from setten.platform.db import Connection
from setten.platform.vault import cipher, searching
from setten.platform.vault import rows as rows_
from setten.platform.vault.keyring import FEW, Keyring, Met, Q
from setten.platform.vault.kinds import Identifier

SEARCH_HITS_MAX = 200
_DOSSIER = ("numbers", "kinds", "wrapped_keys", "seals", "fields", "sealed_traits", "said_ats")
_ENVELOPE = ("sealed_id", "identifier_id", "sealed")
_row = struct.Struct("!hiqiqi").pack  # one of them as COPY (binary) takes it, up to its last bytes


class Sealed(msgspec.Struct, frozen=True):
    """Personal values that came with an event or a note, under one identifier."""

    identifier_id: int
    values: Mapping[str, Any]


class Trait(msgspec.Struct, frozen=True, gc=False):
    """One personal trait, said at a moment under an identifier."""

    identifier_id: int
    field: str
    value: Any
    occurred_at: datetime


class Dossier(msgspec.Struct, frozen=True):
    """What the vault knows of some identifiers, opened."""

    values: Mapping[int, Identifier]
    traits: Sequence[Trait]


def dossier_part(numbers: Sequence[int], *, with_traits: bool = True) -> db.Part:
    """Identifiers and personal traits of some people, as the part `vault_dossier` of a statement.

    Its one row has the columns that `Vault.dossier` opens.
    """
    return db.Part(Q.dossier, {"identifier_ids": list(numbers), "with_traits": with_traits})


class Vault(Keyring):
    """Holds the keys derived from the master key; everything else is in the database."""

    # -- envelopes -----------------------------------------------------------------------------

    async def seal(
        self, conn: Connection, envelopes: Sequence[Sealed], *, met: Met | None = None
    ) -> list[int]:
        """Seal each envelope under its identifier's key and answer their numbers, in order.

        met: spares the look for the keys when `meet` was asked in this transaction.
        """
        if not envelopes:
            return []
        keys = await self._ciphers(conn, {one.identifier_id for one in envelopes}, met)
        numbers = [one.identifier_id for one in envelopes]
        nonces = cipher.nonces(len(envelopes))
        seals = [
            cipher.seal(keys[number], cipher.encode(one.values), cipher.about(number), nonce)
            for number, one, nonce in zip(numbers, envelopes, nonces, strict=True)
        ]
        if len(envelopes) > FEW:
            return await self._copy_envelopes(conn, numbers, seals)
        rows = await Q.insert_envelopes.all(conn, identifier_ids=numbers, seals=seals)
        return [row["sealed_id"] for row in rows]

    async def _copy_envelopes(
        self, conn: Connection, numbers: Sequence[int], seals: Sequence[bytes]
    ) -> list[int]:
        drawn: list[int] = await Q.draw_envelopes.value(conn, count=len(numbers))
        rows: list[bytes] = []
        for sealed_id, number, sealed in zip(drawn, numbers, seals, strict=True):
            rows += (_row(3, 8, sealed_id, 8, number, len(sealed)), sealed)
        await db.copy_rows(conn, "vault", "envelopes", _ENVELOPE, rows)
        return drawn

    async def open(self, conn: Connection, sealed_ids: Sequence[int]) -> dict[int, Sealed]:
        """Open envelopes; those whose key was destroyed are absent. The caller audits."""
        opened = {}
        for row in await Q.envelopes.all(conn, sealed_ids=list(sealed_ids)):
            number = row["identifier_id"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], cipher.about(number))
            opened[row["sealed_id"]] = Sealed(number, msgspec.json.decode(plain))
        return opened

    # -- traits --------------------------------------------------------------------------------

    async def put_traits(
        self, conn: Connection, traits: Sequence[Trait], *, met: Met | None = None
    ) -> None:
        """Keep personal traits, the newest per identifier and field, findable where that helps."""
        newest: dict[tuple[int, str], Trait] = {}
        for one in traits:
            key = one.identifier_id, one.field
            kept = newest.setdefault(key, one)
            if kept is not one and kept.occurred_at <= one.occurred_at:
                newest[key] = one
        if not newest:
            return
        if met is not None and met.ciphers:
            fresh = [one for one in newest.values() if one.identifier_id in met.ciphers]
            if len(fresh) > FEW:
                await self.keep_traits(conn, fresh, met.ciphers)
                if len(fresh) == len(newest):
                    return
                for one in fresh:
                    del newest[one.identifier_id, one.field]
        if newest:
            await self._put_traits(conn, newest, met)

    async def keep_traits(
        self, conn: Connection, traits: Sequence[Trait], ciphers: Mapping[int, cipher.AESGCM]
    ) -> None:
        """Keep traits of identifiers that this transaction has made: none of them can be known.

        traits: one of each field under an identifier. ciphers: of these.
        """
        found = {
            (cipher.digest(self._search, part, text), one.identifier_id, one.field)
            for one in traits
            for part, text in searching.parts(one.field, one.value)
        }
        await db.copy_rows(conn, "vault", "traits", rows_.TRAITS, rows_.traits(traits, ciphers))
        if found:
            rows = rows_.tokens(sorted(found))
            await db.copy_rows(conn, "vault", "search_tokens", rows_.TOKENS, rows)

    async def _put_traits(
        self, conn: Connection, newest: Mapping[tuple[int, str], Trait], met: Met | None
    ) -> None:
        # Somebody has several traits: the cipher of a key is set up once for all of them.
        ciphers = await self._ciphers(conn, {number for number, _ in newest}, met)
        nonces = cipher.nonces(len(newest))
        written = await Q.put_traits.all(
            conn,
            identifier_ids=[number for number, _ in newest],
            fields=[field for _, field in newest],
            seals=[
                cipher.seal(
                    ciphers[one.identifier_id],
                    cipher.encode(one.value),
                    cipher.about(one.identifier_id, one.field),
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
            (self.search_token(part, text), one.identifier_id, one.field)
            for one in traits
            for part, text in searching.parts(one.field, one.value)
        ]
        if changed:
            await Q.drop_search_tokens.run(
                conn,
                identifier_ids=[one.identifier_id for one in changed],
                fields=[one.field for one in changed],
            )
        if entries:
            await Q.put_search_tokens.run(
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
        for row in await Q.traits.all(conn, identifier_ids=list(numbers), fields=wanted):
            number, field = row["identifier_id"], row["field"]
            key = self._unwrap(row["wrapped_key"], number)
            plain = cipher.unseal(key, row["sealed"], cipher.about(number, field))
            found.append(Trait(number, field, msgspec.json.decode(plain), row["occurred_at"]))
        return found

    def dossier(self, found: db.Record) -> Dossier:
        """What `dossier_part` found (a row with its columns), opened. The caller audits."""
        values: dict[int, Identifier] = {}
        keys: dict[int, bytes] = {}
        traits = []
        columns = [found[name] or () for name in _DOSSIER]
        for number, kind, wrapped, sealed, field, trait, at in zip(*columns, strict=True):
            if number not in keys:
                keys[number] = self._unwrap(wrapped, number)
                plain = cipher.unseal(keys[number], sealed, cipher.about(number))
                values[number] = Identifier(kind, plain.decode())
            if field is not None:
                said = cipher.unseal(keys[number], trait, cipher.about(number, field))
                traits.append(Trait(number, field, msgspec.json.decode(said), at))
        return Dossier(values, traits)

    async def search(self, conn: Connection, said: str) -> list[int]:
        """Identifiers whose traits hold what somebody said at a counter, by equality only.

        said: a surname, given name, both with or without a space, kana, the last four digits of
        a phone, or a postcode. At most SEARCH_HITS_MAX numbers. The caller audits.
        """
        guesses = list(searching.guesses(said))
        if not guesses:
            return []
        asked = {
            self.search_token(part, one): place
            for place, (part, text) in enumerate(guesses)
            for one in (searching.spellings(text) if part == "name" else [text])
        }
        # The last guess is all words run together; it is the only one when there is one word.
        whole = len(guesses) - 1
        rows = await Q.search.all(
            conn, tokens=list(asked), places=list(asked.values()), whole=whole,
            words=max(1, whole), most=SEARCH_HITS_MAX,
        )  # fmt: skip
        return [row["identifier_id"] for row in rows or await self._search_halves(conn, said)]

    async def _search_halves(self, conn: Connection, said: str) -> list[db.Record]:
        cuts = list(searching.halves(said))
        if not cuts:
            return []
        return await Q.search_halves.all(
            conn,
            lefts=[self.search_token("name", family) for family, _ in cuts],
            rights=[self.search_token("name", given) for _, given in cuts],
            most=SEARCH_HITS_MAX,
        )

    def search_token(self, part: str, text: str) -> uuid.UUID:
        """The keyed token under which a part of a trait is found."""
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
