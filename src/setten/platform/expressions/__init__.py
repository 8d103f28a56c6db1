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
from setten.platform.expressions.kinds import BASIC, Kind, Related, Standing, standing
from setten.platform.expressions.language import Language
from setten.platform.expressions.model import (
    BadExpression,
    BadWindow,
    Node,
    Path,
    TooLarge,
    Type,
    UnknownName,
    Unreadable,
    WrongType,
)
from setten.platform.expressions.phrases import Phrase, Token
from setten.platform.expressions.times import ALWAYS, NEVER, Calendar, instant, micros
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
    "BASIC",
    "NEVER",
    "NOTHING",
    "BadExpression",
    "BadWindow",
    "Calendar",
    "Coded",
    "Decided",
    "Evaluation",
    "EventKind",
    "Field",
    "Frame",
    "Integers",
    "Kind",
    "Language",
    "Locale",
    "Needs",
    "Node",
    "Path",
    "Phrase",
    "Property",
    "Related",
    "Standing",
    "Statement",
    "Test",
    "Token",
    "TooLarge",
    "Type",
    "UnknownName",
    "Unreadable",
    "Vocabulary",
    "Words",
    "WrongType",
    "instant",
    "micros",
    "question",
    "standing",
]
