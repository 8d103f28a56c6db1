"""What people will probably do next: how often they come, how much they spend."""

from setten.customers.predictions.bgnbd import (
    Fit,
    Histories,
    expected_purchases,
    fit,
    histories,
    log_likelihood,
)

__all__ = ["Fit", "Histories", "expected_purchases", "fit", "histories", "log_likelihood"]
