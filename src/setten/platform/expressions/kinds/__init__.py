"""The kinds of conditions that come with the language. A domain may register more of its own."""

from setten.platform.expressions.kinds.deeds import DID, TOTAL, Did, Total
from setten.platform.expressions.kinds.fields import FIELD, Field
from setten.platform.expressions.kinds.groups import GROUP, Group
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.kinds.logic import ALL, ANY, NOT, All, Any, Not
from setten.platform.expressions.kinds.picks import FIRST, LAST, First, Last
from setten.platform.expressions.kinds.sequences import SEQUENCE, Sequence
from setten.platform.expressions.kinds.standing import RELATED, Related, Standing, standing

BASIC: tuple[Kind, ...] = (ALL, ANY, NOT, FIELD, DID, TOTAL, FIRST, LAST, SEQUENCE, GROUP, RELATED)

__all__ = [
    "BASIC",
    "All",
    "Any",
    "Did",
    "Field",
    "First",
    "Group",
    "Kind",
    "Last",
    "Not",
    "Related",
    "Sequence",
    "Standing",
    "Total",
    "standing",
]
