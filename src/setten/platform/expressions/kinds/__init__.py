"""The kinds of conditions that come with the language. A domain may register more of its own."""

from setten.platform.expressions.kinds.deeds import DID, TOTAL
from setten.platform.expressions.kinds.fields import FIELD
from setten.platform.expressions.kinds.groups import GROUP
from setten.platform.expressions.kinds.kind import Kind
from setten.platform.expressions.kinds.logic import ALL, ANY, NOT, All, Any, Not
from setten.platform.expressions.kinds.picks import FIRST, LAST
from setten.platform.expressions.kinds.sequences import SEQUENCE
from setten.platform.expressions.kinds.standing import RELATED, Related, Standing, standing

BASIC: tuple[Kind, ...] = (ALL, ANY, NOT, FIELD, DID, TOTAL, FIRST, LAST, SEQUENCE, GROUP, RELATED)

__all__ = ["BASIC", "Kind", "All", "Any", "Not", "Related", "Standing", "standing"]
