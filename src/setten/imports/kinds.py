"""All kinds of files, by the names that people type."""

from __future__ import annotations

from setten.imports.deals import Activities, Orders
from setten.imports.events import Events, WebLogs
from setten.imports.goods import Items, Locations, Stock
from setten.imports.kind import Kind
from setten.imports.people import Contacts, Customers
from setten.imports.receipts import Receipts

KINDS: dict[str, type[Kind]] = {one.name: one for one in (
    Customers, Items, Locations, Stock, Receipts, Orders, Events, WebLogs, Contacts, Activities
)}  # fmt: skip
