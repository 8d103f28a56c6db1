"""One language for conditions about subjects: what they are, and what happened to them when.

A domain declares a `Vocabulary`, makes a `Language` of it, and has each expression read from JSON
or from plain words, checked, and rendered: as columns over the state of some subjects, as SQL over
all of them, as words in Japanese and English. The renderings agree; a test holds them to it.
"""

from setten.platform.expressions.frame import (
    NOTHING,
    Coded,
    Decided,
    Evaluation,
    Frame,
    Integers,
    Needs,
    Test,
)
from setten.platform.expressions.hearing import Heard
from setten.platform.expressions.kinds import (
    BASIC,
    All,
    Did,
    First,
    Group,
    Kind,
    Last,
    Not,
    Related,
    Sequence,
    Standing,
    Total,
    standing,
)
from setten.platform.expressions.kinds import Field as FieldIs
from setten.platform.expressions.language import Language
from setten.platform.expressions.model import (
    BadExpression,
    BadWindow,
    Claim,
    Match,
    Node,
    Path,
    Scalar,
    TooLarge,
    Type,
    UnknownName,
    Unreadable,
    Where,
    WrongType,
)
from setten.platform.expressions.phrases import Listing, Phrase, Token
from setten.platform.expressions.times import (
    ALWAYS,
    ANYTIME,
    NEVER,
    Calendar,
    Span,
    Window,
    instant,
    micros,
)
from setten.platform.expressions.vocabulary import (
    EventKind,
    Field,
    Locale,
    Property,
    Vocabulary,
    Words,
)
from setten.platform.expressions.writing import Statement, question

__all__ = [
    "ALWAYS",
    "ANYTIME",
    "All",
    "BASIC",
    "BadExpression",
    "BadWindow",
    "Calendar",
    "Claim",
    "Coded",
    "Decided",
    "Did",
    "Evaluation",
    "EventKind",
    "Field",
    "FieldIs",
    "First",
    "Frame",
    "Group",
    "Heard",
    "Integers",
    "Kind",
    "Language",
    "Last",
    "Listing",
    "Locale",
    "Match",
    "NEVER",
    "NOTHING",
    "Needs",
    "Node",
    "Not",
    "Path",
    "Phrase",
    "Property",
    "Related",
    "Scalar",
    "Sequence",
    "Span",
    "Standing",
    "Statement",
    "Test",
    "Token",
    "TooLarge",
    "Total",
    "Type",
    "UnknownName",
    "Unreadable",
    "Vocabulary",
    "Where",
    "Window",
    "Words",
    "WrongType",
    "instant",
    "micros",
    "question",
    "standing",
]
