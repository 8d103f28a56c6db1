"""The demo: a small home and furniture chain with a handful of people, told through real verbs.

`seed` fills an empty installation and leaves a filled one as it is; `promise` puts a few things
aside, so that the pickup queues have something to do.
"""

from setten.demo.promising import promise
from setten.demo.seeding import SCALES, UnknownScale, seed

__all__ = ["SCALES", "UnknownScale", "promise", "seed"]
