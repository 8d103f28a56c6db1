"""Chance that can be had again: the same words give the same draws, on every machine."""

from __future__ import annotations

import random


def dice(*words: object) -> random.Random:
    """A source of chance of its own for these words."""
    return random.Random("/".join(map(str, words)))  # noqa: S311 - a story, nothing to guess
