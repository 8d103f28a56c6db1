"""What people will probably do next: how often they come, how much they spend."""

from setten.customers.predictions.bgnbd import (
    Fit,
    Histories,
    expected_purchases,
    fit,
    histories,
    log_likelihood,
)
from setten.customers.predictions.forecasts import Forecast, TooFewPurchases, forecast
from setten.customers.predictions.learning import (
    REPEATERS_MIN,
    Learnt,
    learn,
    learn_from,
    nightly,
)

__all__ = [
    "REPEATERS_MIN",
    "Fit",
    "Forecast",
    "Histories",
    "Learnt",
    "TooFewPurchases",
    "expected_purchases",
    "fit",
    "forecast",
    "histories",
    "learn",
    "learn_from",
    "log_likelihood",
    "nightly",
]
