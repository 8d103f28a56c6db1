"""Imports: what other systems have kept, brought in from files.

A kind (`customers`, `receipts`, …) says what a row is and takes rows in through the verbs that
live callers use; the run around it is the same for all: reading, mapping, refusing, resuming.
"""

from setten.imports import choosing, desk, errands
from setten.imports.choosing import lacks_price
from setten.imports.hands import Hands, spare
from setten.imports.kinds import KINDS
from setten.imports.mapping import Columns
from setten.imports.model import FileMissing, Options, Outcome, Progress, Shown, Summary
from setten.imports.proposing import proposal
from setten.imports.resuming import Known, latest
from setten.imports.running import bring
from setten.imports.staging import StagedGone
from setten.imports.wording import codes, rows, say

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
    "StagedGone",
    "Summary",
    "bring",
    "choosing",
    "codes",
    "desk",
    "errands",
    "lacks_price",
    "latest",
    "proposal",
    "rows",
    "say",
    "spare",
]
