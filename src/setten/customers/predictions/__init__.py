"""What people will probably do next: how often they come, how much they spend."""

import os

# Fits climb in five to seven dimensions: threads of linear algebra would only wait for each other,
# which they do by spinning, half of a forecast's processor time. Read when scipy is first loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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
