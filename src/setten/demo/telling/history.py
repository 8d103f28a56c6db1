"""The past of the chain, laid into the product through its own verbs, some hundred deeds at once.

Each deed is told at its own moment: what the verbs write bears the day on which it happened, as if
the product had been there. So it must be told in the order of time, and before anything later is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import msgspec

from setten.customers import ingest
from setten.customers.ingest import Buckets, Delivery, Said
from setten.demo.chain import Chain, Deed, Kind, calendar
from setten.demo.telling import desk, goods, ordering, tills
from setten.demo.telling.cards import card_shown
from setten.demo.telling.events import event_of
from setten.engagement.conversations import Author
from setten.platform.db import Connection
from setten.platform.vault import Vault, normalise
from setten.stock.locations import Directory

EVENTS_AT_ONCE = 2_000
TIDIED = "09:05"  # before shops open: what ran out goes back to the shelf
_EVENTS = frozenset({Kind.event, Kind.order})
_ON_SCREENS = _EVENTS | {Kind.words}
_FAR_S = 1_000.0  # between two deliveries on the clock of the buckets: nothing is ever too fast


class Teller:
    """Tells deeds to a database. sources: write key by name of the source."""

    def __init__(self, vault: Vault, chain: Chain, sources: dict[str, str]) -> None:
        self.chain = chain
        self.vault = vault
        self._sources = sources
        self._buckets = Buckets(1)
        self._clock_s = 0.0
        self._cards: dict[str, int] = {}
        self._authors: dict[str, Author] = {}
        self._directory = Directory()

    async def begin(self, conn: Connection) -> None:
        """Learn the numbers of everybody's card, and who of staff writes."""
        cards = {}
        for one in self.chain.people:
            for field in ("loyalty_card", "second_card"):
                if field in one.told:
                    cards[one.told[field]] = normalise("loyalty_card", one.told[field])
        numbers = await self.vault.identify(conn, cards.values())
        self._cards = {written: numbers[card] for written, card in cards.items()}
        self._authors = await desk.authors(conn)

    def card_of(self, deed: Deed) -> int | None:
        """The number of the card that was shown at a till."""
        written = card_shown(self.chain, deed)
        return self._cards[written] if written else None

    async def tell(self, conn: Connection, deeds: Sequence[Deed], *, fine: bool) -> None:
        """Tell the deeds of (a part of) a day. fine: tills report every ten minutes, not four
        times a day."""
        if any(one.kind in goods.ASIDE for one in deeds):
            await goods.tidy_up(
                conn, self.chain.business, now=calendar.clock(deeds[0].at.date(), TIDIED)
            )
        on_floor = [one for one in deeds if one.kind not in _ON_SCREENS]
        for some in _slices(on_floor, fine=fine):
            await goods.move(conn, [one for one in some if one.kind in goods.MOVES])
            aside = [one for one in some if one.kind in goods.ASIDE]
            await goods.put_aside(conn, self.chain.business, aside, self.card_of)
            sold = [one for one in some if one.kind in tills.PRINTED]
            await tills.sell(conn, sold, self.card_of)
            for one in some:
                if one.kind is Kind.refund:
                    await tills.take_back(conn, one)
                elif one.kind in ordering.KINDS:
                    await self._ordering(conn, one)
        await self._events(conn, [one for one in deeds if one.kind in _EVENTS])
        for deed in deeds:
            if deed.kind is Kind.words:
                await self._words(conn, deed)

    async def _events(self, conn: Connection, deeds: Sequence[Deed]) -> None:
        for start in range(0, len(deeds), EVENTS_AT_ONCE):
            some = deeds[start : start + EVENTS_AT_ONCE]
            by_source: dict[str, list[Said]] = {}
            for number, deed in enumerate(some, start=start):
                who = self.chain.person(deed.who) if deed.who else None
                said = Said(msgspec.json.encode(event_of(self.chain.business, deed, number, who)))
                by_source.setdefault(deed.source, []).append(said)
            at = some[-1].at + timedelta(milliseconds=700)
            self._clock_s += _FAR_S
            deliveries = [
                Delivery(write_key=self._sources[name], events=tuple(said), received_at=at)
                for name, said in by_source.items()
            ]
            taken = await ingest.take(
                conn, self.vault, deliveries, buckets=self._buckets, now=at, now_s=self._clock_s
            )
            assert all(isinstance(one, ingest.Taken) and not one.refused for one in taken), taken

    async def _ordering(self, conn: Connection, deed: Deed) -> None:
        who = self.chain.person(deed.who) if deed.who else None
        named = normalise(*ordering.identifier_of(deed, who))
        number = (await self.vault.identify(conn, [named]))[named]
        await ordering.tell(conn, self.vault, self._directory, deed, number)

    async def _words(self, conn: Connection, deed: Deed) -> None:
        who = self.chain.person(str(deed.who))
        by = desk.writer(self._authors, deed, who)
        card = self._cards[who.told["loyalty_card"]]
        await desk.write(conn, self.vault, deed, card=card, by=by)


def _slices(deeds: Sequence[Deed], *, fine: bool) -> Iterator[list[Deed]]:
    """Deeds of stock that are told together: of ten minutes, or of a quarter of a day."""
    minutes = 10 if fine else 300
    # Not at the same minutes each day.
    shift = 0 if fine or not deeds else deeds[0].at.day * 37 % minutes

    def turn(one: Deed) -> int:
        return (one.at.hour * 60 + one.at.minute + shift) // minutes

    for _, found in groupby(deeds, key=turn):
        some: list[Deed] = []
        for one in found:
            some.append(one)
            if one.kind is Kind.refund:  # booked by itself: what is sold later stands after it
                yield some
                some = []
        if some:
            yield some
