"""Imports: what other systems have kept, brought in from files.

A kind (`customers`, `receipts`, …) says what a row is and takes rows in through the verbs that
live callers use; the run around it is the same for all: reading, mapping, refusing, resuming.
"""

from setten.imports.deals import Activities, Orders
from setten.imports.events import Events, WebLogs
from setten.imports.goods import Items, Locations, Stock
from setten.imports.hands import Hands, spare
from setten.imports.kind import Kind
from setten.imports.mapping import Columns, proposal
from setten.imports.model import FileMissing, Options, Outcome, Progress, Shown, Summary
from setten.imports.people import Contacts, Customers
from setten.imports.receipts import Receipts
from setten.imports.resuming import Known, latest
from setten.imports.running import bring
from setten.imports.staging import Staged, StagedGone, keep, keep_refused, refused_rows, staged
from setten.imports.wording import codes, say

KINDS: dict[str, type[Kind]] = {one.name: one for one in (
    Customers, Items, Locations, Stock, Receipts, Orders, Events, WebLogs, Contacts, Activities
)}  # fmt: skip

__all__ = [
    "KINDS",
    "Columns",
    "FileMissing",
    "Hands",
    "Known",
    "Options",
    "Outcome",
    "Progress",
    "Shown",
    "Staged",
    "StagedGone",
    "Summary",
    "bring",
    "codes",
    "keep",
    "keep_refused",
    "latest",
    "proposal",
    "refused_rows",
    "say",
    "spare",
    "staged",
]
