"""Typed ids, so that two of them cannot be swapped."""

from typing import NewType
from uuid import UUID

CustomerId = NewType("CustomerId", UUID)
IdentifierId = NewType("IdentifierId", int)
Sku = NewType("Sku", str)
LocationId = NewType("LocationId", str)
HoldId = NewType("HoldId", UUID)
OrderId = NewType("OrderId", UUID)
ReceiptId = NewType("ReceiptId", UUID)
StaffId = NewType("StaffId", UUID)
SourceId = NewType("SourceId", int)
