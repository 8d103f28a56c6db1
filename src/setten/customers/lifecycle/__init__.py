"""Where each customer stands: acquisition, trial, loyalty, retention, recovery.

By her own rhythm of buying, never by one number of days for all: `standings` tells it, `sentence`
says why. A change is a fact in the log. Purchases, merges and splits come by the reader; what
silence changes is due at moments known beforehand, which `wake` looks for. How people buy here is
fitted by `customers.predictions` and taken up with `adopt`.
"""

from setten.customers.lifecycle.board import VALUE_DAYS, board, count_sizes, count_values
from setten.customers.lifecycle.model import (
    NOWHERE,
    STAGES,
    BadThresholds,
    Board,
    Business,
    Flow,
    History,
    Size,
    Stage,
    Standing,
    Thresholds,
    Value,
)
from setten.customers.lifecycle.reader import READER, readers
from setten.customers.lifecycle.reckoning import business
from setten.customers.lifecycle.rhythm import (
    Array,
    Numbers,
    Rhythm,
    chances,
    p_active,
    silence_until,
)
from setten.customers.lifecycle.service import (
    PAGE_MAX,
    Listed,
    adopt,
    change_thresholds,
    look_at_everybody,
    people,
    sample,
    standings,
    standings_part,
    standings_told,
    thresholds,
)
from setten.customers.lifecycle.waking import reckon_everybody, wake
from setten.customers.lifecycle.words import NAMES, sentence

__all__ = [
    "NAMES",
    "NOWHERE",
    "PAGE_MAX",
    "READER",
    "STAGES",
    "VALUE_DAYS",
    "Array",
    "BadThresholds",
    "Board",
    "Business",
    "Flow",
    "History",
    "Listed",
    "Numbers",
    "Rhythm",
    "Size",
    "Stage",
    "Standing",
    "Thresholds",
    "Value",
    "adopt",
    "board",
    "business",
    "chances",
    "change_thresholds",
    "count_sizes",
    "count_values",
    "look_at_everybody",
    "p_active",
    "people",
    "readers",
    "reckon_everybody",
    "sample",
    "sentence",
    "silence_until",
    "standings",
    "standings_part",
    "standings_told",
    "thresholds",
    "wake",
]
