"""Transfers, and the refusals a caller of them may meet."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from setten.platform.errors import Conflict, NotFound

LINES_MAX = 500  # of one paper: a roll cage has fewer kinds of goods
QTY_MAX = 100_000
REF_LENGTH_MAX = 100
PAGE_MAX = 100


class TransferState(StrEnum):
    """planned: nothing left yet. received: all of it is there. closed: the rest is lost."""

    planned = "planned"
    shipped = "shipped"
    received = "received"
    closed = "closed"
    cancelled = "cancelled"


class UnknownTransfer(NotFound):
    """There is no such transfer."""

    code = "unknown_transfer"


class TransferEnded(Conflict):
    """The transfer is not in a state for this. facts: state."""

    code = "transfer_ended"


class TransferShort(Conflict):
    """Not enough free units to send. facts: short, a list of {sku, wanted, available}."""

    code = "transfer_short"


class TransferRefUsed(Conflict):
    """The number stands for another transfer. facts: ref."""

    code = "transfer_ref_used"


class BadTransfer(Conflict):
    """The request cannot be a transfer. facts: why."""

    code = "bad_transfer"


class UnknownTransferGoods(NotFound):
    """Goods or a place that do not exist, or are not on this paper. facts: skus, locations."""

    code = "unknown_transfer_goods"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to go where. lines: units by sku. ref: the number on the paper. due_on: arrival."""

    from_location: str
    to_location: str
    lines: dict[str, int]
    ref: str | None = None
    due_on: date | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What was counted in of one sku; `damaged` of them are not fit for sale."""

    sku: str
    qty: int
    damaged: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of goods on the paper. Units."""

    sku: str
    qty: int
    received: int = 0
    damaged: int = 0
    missing: int = 0
    surplus: int = 0

    @property
    def open(self) -> int:
        """Still on the road."""
        return self.qty - self.received - self.missing


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer as it stands."""

    transfer_id: UUID
    from_location: str
    to_location: str
    state: TransferState
    ref: str | None
    due_on: date | None
    created_at: datetime
    created_by: str
    shipped_at: datetime | None
    ended_at: datetime | None
    lines: tuple[Line, ...] = ()

    @property
    def units(self) -> int:
        """Units on the paper."""
        return sum(line.qty for line in self.lines)

    @property
    def open(self) -> int:
        """Units still on the road."""
        return sum(line.open for line in self.lines)
