"""Receipts of tills, one line of a receipt a row; the lines of a receipt stand together."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from setten.imports import converting
from setten.imports.kind import Kind, Setup, Taken
from setten.imports.mapping import DAY, MONEY, Field
from setten.imports.model import NEW, SAME, BadRow, Outcome, Values, refused
from setten.platform.db import Connection
from setten.platform.vault import Identifier, UnusableIdentifier, normalise
from setten.stock import locations, receipts
from setten.stock.locations import Location
from setten.stock.receipts import LINES_MAX, Receipt, ReceiptLine, Result


class Line(msgspec.Struct, frozen=True, gc=False):
    """One row, read: the receipt it belongs to, and its line."""

    location_id: str
    register: str
    sequence: str
    business_day: date
    at: datetime
    loyalty_card: str | None
    line: ReceiptLine

    @property
    def key(self) -> tuple[str, str, str, date]:
        """The receipt it belongs to."""
        return self.location_id, self.register, self.sequence, self.business_day


_NUMBERED = ("location_id", "register", "sequence")


class Receipts(Kind):
    """What tills took. For history, whose goods left long before the first count: stock stays."""

    name = "receipts"
    fields = (
        Field("location_id", "code", must=True),
        Field("register", "code", must=True),
        Field("sequence", "code", must=True),
        Field("business_day", DAY),
        Field("at", must=True),
        Field("sku", "code", must=True),
        Field("qty", "whole", must=True),
        Field("amount", MONEY, must=True),
        Field("discount", MONEY),
        Field("coupon", MONEY),
        Field("loyalty_card", "code"),
    )

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        self._zone = setup.columns.zone
        self._written_zone = setup.columns.written_zone
        self._night = setup.columns.night
        self._order = setup.columns.dates
        self._currency = setup.columns.currency.upper()
        named = setup.columns.names
        self._has_day_of_business = bool(
            len(named("at")) > 1 and set(named("business_day")) & set(named("at"))
        )

    def read(self, row: Values) -> Line:
        """A row as a line of its receipt."""
        found = self.reader.read(row)
        at, written_on = self._moment(found["at"])
        return Line(
            found["location_id"],
            found["register"],
            found["sequence"],
            found.get("business_day") or written_on,
            at,
            found.get("loyalty_card"),
            ReceiptLine(
                sku=found["sku"],
                qty=found["qty"],
                amount_minor=found["amount"],
                discount_minor=found.get("discount", 0),
                coupon_minor=found.get("coupon", 0),
            ),
        )

    def _moment(self, value: Any) -> tuple[datetime, date]:
        """When it was, and the business day that is in the way it is written. Raises BadRow."""
        try:
            return self._placed(value)
        except (converting.BadValue, OverflowError):  # the end of all days is none of a till's
            raise BadRow("bad_value", "at") from None

    def _placed(self, value: Any) -> tuple[datetime, date]:
        at, is_night = converting.moment(value, self._written_zone, self._order)
        local = at.astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if self._has_day_of_business and not is_night and local - midnight < self._night:
            return at + timedelta(days=1), local.date()  # the night is the next day's by the clock
        # An hour beyond 24 says by itself to which day it belongs.
        before = timedelta(days=1) if is_night else self._night
        return at, (local - before).date()

    def key(self, read: Line) -> tuple[str, str, str]:
        """The receipt, but for its day: there a row without a readable day is looked for."""
        return read.location_id, read.register, read.sequence

    def key_of(self, row: Values) -> tuple[str, str, str] | None:
        """Which receipt a row that cannot be used says it is of."""
        place, register, sequence = (self.reader.one(row, name) for name in _NUMBERED)
        return (place, register, sequence) if place and register and sequence else None

    def within(self, read: Line) -> date:
        """The day: tills begin to count anew."""
        return read.business_day

    def within_of(self, row: Values) -> date | None:
        """The day of a row that cannot be used, where it says one."""
        on: date | None = self.reader.one(row, "business_day")
        at = self.reader.one(row, "at")
        if on is None and at is not None:
            with contextlib.suppress(BadRow):
                return self._moment(at)[1]
        return on

    async def take(self, conn: Connection, rows: Sequence[Line], *, now: datetime) -> Taken:
        """Book the receipts that these lines make."""
        told: dict[Any, list[Line]] = {}
        outcomes: dict[Any, Outcome] = {}
        for row in rows:
            told.setdefault(row.key, []).append(row)
        for key, lines in told.items():
            if len(lines) > LINES_MAX:
                outcomes[key] = refused("too_many_lines")
        fit = {key: lines for key, lines in told.items() if key not in outcomes}
        cards = await self._cards(conn, list(fit.values()))
        if self.setup.options.creates_places:
            await self._create_places(conn, {one.location_id for one in rows}, now)
        asked = [self._receipt(lines, cards) for lines in fit.values()]
        results = await receipts.book(conn, asked, by=self.setup.options.by, now=now)
        sums = {"receipts": 0, "total_minor": 0}
        for key, receipt, result in zip(fit, asked, results, strict=True):
            outcomes[key] = _outcome(result)
            if result.status == "booked":
                sums["receipts"] += 1
                sums["total_minor"] += receipt.total_minor
        return Taken([outcomes[row.key] for row in rows], sums)

    async def _cards(self, conn: Connection, told: Sequence[Sequence[Line]]) -> dict[str, int]:
        wanted: dict[str, Identifier] = {}
        for lines in told:
            card = lines[0].loyalty_card
            if card is not None and card not in wanted:
                try:
                    wanted[card] = normalise("loyalty_card", card)
                except UnusableIdentifier:
                    continue  # the sale stands; it only names nobody
        numbers = await self.setup.vault.identify(conn, wanted.values())
        return {card: numbers[identifier] for card, identifier in wanted.items()}

    async def _create_places(self, conn: Connection, wanted: set[str], now: datetime) -> None:
        missing = sorted(wanted - await locations.known(conn, list(wanted)))
        if missing:
            zone = self.setup.columns.timezone
            places = [
                Location(location_id=name, name_ja=name, name_en=name, kind="shop", timezone=zone)
                for name in missing
            ]
            await locations.put(conn, places, now=now)

    def _receipt(self, lines: Sequence[Line], cards: dict[str, int]) -> Receipt:
        first = lines[0]
        return Receipt(
            location_id=first.location_id,
            register=first.register,
            sequence=first.sequence,
            business_day=first.business_day,
            at=first.at,
            currency=self._currency,
            lines=tuple(one.line for one in lines),
            identifier_id=cards.get(first.loyalty_card) if first.loyalty_card else None,
            moves_stock=self.setup.options.moves_stock,
        )


def _outcome(result: Result) -> Outcome:
    if result.status == "refused":
        return refused(result.reason or "bad_receipt", result.why)
    return SAME if result.status == "already" else NEW
