"""The demo: a home and furniture chain that lives, told through real verbs and the public API.

`seed` fills an empty installation with the smallest part of it, two shops and seven people, and
`promise` puts a few things aside there: enough for a test. `grow` makes the whole chain with months
of past around them, and `follow` goes on with its present.
"""

from setten.demo.chain.business import names as businesses
from setten.demo.growing import (
    DAYS,
    DAYS_MAX,
    Story,
    client,
    follow,
    grow,
    is_filled,
    worth_finding,
)
from setten.demo.promising import promise
from setten.demo.seeding import SCALES, UnknownScale, seed
from setten.demo.telling import Desk

__all__ = [
    "DAYS",
    "DAYS_MAX",
    "SCALES",
    "Desk",
    "Story",
    "UnknownScale",
    "businesses",
    "client",
    "follow",
    "grow",
    "is_filled",
    "promise",
    "seed",
    "worth_finding",
]
