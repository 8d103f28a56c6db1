"""Conditions as people say them, read into the expressions that are kept.

The words that are kept are shown back, so what "recently" or "near" was taken for stands there.
"""

from setten.customers.segments.hearing.modifiers import Scene, folded
from setten.customers.segments.hearing.nearest import nearest

__all__ = ["Scene", "folded", "nearest"]
