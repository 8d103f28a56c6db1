"""Segments: named conditions about customers, kept live.

A definition is an expression (`platform.expressions`) over the words of `vocabulary`. The reader
looks at customers whose events may have changed an answer, the wake-ups at those for whom time may
have, the filling at everybody when a definition is new. Entering and leaving are facts. `preview`
asks the lake how many a condition would give.
"""

from setten.customers.segments import lists
from setten.customers.segments.conditions import CHANNELS, KM_MAX, STATES
from setten.customers.segments.copies import Place, Places, follow_places
from setten.customers.segments.evaluating import CUSTOMERS_MAX
from setten.customers.segments.everyone import SAMPLE, Preview, preview
from setten.customers.segments.heard import AboutSealed, AboutUnasked, hear, say
from setten.customers.segments.hearing import Scene, folded, nearest
from setten.customers.segments.lines import COLUMNS as LAKE_COLUMNS
from setten.customers.segments.lines import lines as lake_lines
from setten.customers.segments.model import (
    BadList,
    Flow,
    ListNameTaken,
    ListNotFound,
    Member,
    Membership,
    Overlap,
    Passage,
    RelatedTooDeep,
    Segment,
    SegmentChanged,
    SegmentCircle,
    SegmentInUse,
    SegmentNameTaken,
    SegmentNotFound,
    TooManySegments,
    Version,
)
from setten.customers.segments.naming import (
    GOODS_MAX,
    Called,
    NoSuchGoods,
    TooManyGoods,
    goods_in,
    with_goods,
)
from setten.customers.segments.passing import Moved, moved
from setten.customers.segments.past import tell_past
from setten.customers.segments.reader import READER, fill, readers, wake
from setten.customers.segments.service import (
    BadSegmentName,
    change,
    define,
    flows,
    get,
    listed,
    members,
    memberships,
    memberships_part,
    memberships_told,
    overlap,
    passages,
    retire,
    used_by,
    versions,
)
from setten.customers.segments.vocabulary import LANGUAGE, RELATIONS, VOCABULARY

__all__ = [
    "AboutSealed",
    "AboutUnasked",
    "Called",
    "GOODS_MAX",
    "NoSuchGoods",
    "TooManyGoods",
    "goods_in",
    "with_goods",
    "CHANNELS",
    "KM_MAX",
    "RELATIONS",
    "STATES",
    "Place",
    "Places",
    "RelatedTooDeep",
    "follow_places",
    "CUSTOMERS_MAX",
    "LAKE_COLUMNS",
    "LANGUAGE",
    "READER",
    "SAMPLE",
    "Scene",
    "VOCABULARY",
    "BadList",
    "BadSegmentName",
    "Flow",
    "ListNameTaken",
    "ListNotFound",
    "Member",
    "Membership",
    "Moved",
    "Overlap",
    "Passage",
    "Preview",
    "Segment",
    "SegmentChanged",
    "SegmentCircle",
    "SegmentInUse",
    "SegmentNameTaken",
    "SegmentNotFound",
    "TooManySegments",
    "Version",
    "change",
    "define",
    "fill",
    "flows",
    "folded",
    "get",
    "hear",
    "lake_lines",
    "listed",
    "lists",
    "members",
    "memberships",
    "memberships_part",
    "memberships_told",
    "moved",
    "nearest",
    "overlap",
    "passages",
    "preview",
    "readers",
    "retire",
    "tell_past",
    "say",
    "used_by",
    "versions",
    "wake",
]
