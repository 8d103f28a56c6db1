"""Goods come, go, are counted and moved: what the floor and other systems tell us.

A movement is booked when it can be true: nobody carries out more than is there. It may take what
was promised; then the youngest promise becomes short in the same transaction, and the shop hears.
"""

from setten.stock.movements.model import KINDS, MOVEMENTS_MAX, QTY_MAX, REASONS, Booked, Movement
from setten.stock.movements.service import book

__all__ = ["KINDS", "MOVEMENTS_MAX", "QTY_MAX", "REASONS", "Booked", "Movement", "book"]
