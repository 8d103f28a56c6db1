"""What was said at the counter, on the telephone, in chats: written down as staff do."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from setten.demo.chain import Chain, Deed, Person
from setten.demo.telling.cards import card_shown
from setten.engagement import conversations
from setten.engagement.conversations import Author
from setten.platform import auth, db
from setten.platform.db import Connection
from setten.platform.settings import Settings
from setten.platform.vault import Vault, normalise

AGENT = "rin"  # answers what comes by chat, LINE and mail; telephones ring in the shops
_NOBODY = Author("system:demo", "demo")


async def authors(conn: Connection) -> dict[str, Author]:
    """Who may write, by login."""
    return {
        one.login: Author(f"staff:{one.staff_id}", one.name) for one in await auth.list_staff(conn)
    }


def writer(found: Mapping[str, Author], deed: Deed, who: Person) -> Author:
    """Who of staff wrote it down: of a shop always the same one for the same person."""
    login = AGENT if deed.source != "phone" else f"{who.shop}-{1 + sum(who.key.encode()) % 2}"
    return found.get(login, _NOBODY)


async def write(conn: Connection, vault: Vault, deed: Deed, *, card: int, by: Author) -> None:
    """One note on the page of whoever has a card. card: its number in the vault."""
    await conversations.note(
        conn, vault, identifier=card, text=str(deed.said["text"]), by=by, now=deed.at,
        voice=str(deed.said["voice"]), channel=deed.source,
    )  # fmt: skip


class Desk:
    """The desk of today: no call of the public API writes notes, so it uses their verb."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def say(self, chain: Chain, deed: Deed) -> None:
        """Write a note now. Raises OSError where the database is away."""
        try:
            asyncio.run(self._say(chain, deed))
        except db.AWAY as away:
            raise OSError(type(away).__name__) from away

    async def _say(self, chain: Chain, deed: Deed) -> None:
        who = chain.person(str(deed.who))
        card = normalise("loyalty_card", str(card_shown(chain, deed)))
        vault = Vault(self._settings.key)
        conn = await db.connect(str(self._settings.database_url))
        try:
            async with conn.transaction():
                by = writer(await authors(conn), deed, who)
                number = (await vault.identify(conn, [card]))[card]
                await write(conn, vault, deed, card=number, by=by)
        finally:
            await conn.close()
