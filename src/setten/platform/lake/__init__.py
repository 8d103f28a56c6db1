"""The lake: what happened, as Parquet sorted by person and time, for questions about everybody.

Identifier numbers only, never a name or a value. `Lake` writes it from the log and keeps it in
order; `work` lends an engine (DuckDB) with limits.
"""

from setten.platform.lake.engine import ANSWER_S_MAX, WORK_S_MAX, LakeTooSlow, work
from setten.platform.lake.model import Column, Line, Lines
from setten.platform.lake.rebuilding import RebuiltMeanwhile, rebuild
from setten.platform.lake.service import READER, Lake, MergedMeanwhile

__all__ = [
    "ANSWER_S_MAX",
    "READER",
    "WORK_S_MAX",
    "Column",
    "Lake",
    "LakeTooSlow",
    "Line",
    "Lines",
    "MergedMeanwhile",
    "RebuiltMeanwhile",
    "rebuild",
    "work",
]
