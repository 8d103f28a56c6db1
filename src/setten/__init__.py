"""Setten (接点): one customer, one stock, one voice, one measure."""

__version__ = "0.1.0"
