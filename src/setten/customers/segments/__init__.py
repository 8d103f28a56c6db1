"""Segments: named conditions about customers, kept live.

A definition is an expression (`platform.expressions`) over the words of `vocabulary`. The reader
looks at customers whose events may have changed an answer, the wake-ups at those for whom time may
have, the filling at everybody when a definition is new. Entering and leaving are facts.
"""

from setten.customers.segments.evaluating import CUSTOMERS_MAX
from setten.customers.segments.model import (
    Flow,
    Member,
    Passage,
    Segment,
    SegmentCircle,
    SegmentInUse,
    SegmentNameTaken,
    SegmentNotFound,
    TooManySegments,
)
from setten.customers.segments.reader import READER, fill, readers, wake
from setten.customers.segments.service import (
    BadSegmentName,
    change,
    define,
    flows,
    get,
    listed,
    members,
    names_of,
    passages,
    retire,
    used_by,
)
from setten.customers.segments.vocabulary import LANGUAGE, VOCABULARY

__all__ = [
    "CUSTOMERS_MAX",
    "LANGUAGE",
    "READER",
    "VOCABULARY",
    "BadSegmentName",
    "Flow",
    "Member",
    "Passage",
    "Segment",
    "SegmentCircle",
    "SegmentInUse",
    "SegmentNameTaken",
    "SegmentNotFound",
    "TooManySegments",
    "change",
    "define",
    "fill",
    "flows",
    "get",
    "listed",
    "members",
    "names_of",
    "passages",
    "readers",
    "retire",
    "used_by",
    "wake",
]
