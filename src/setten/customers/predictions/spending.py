"""How much somebody spends when she comes: the gamma-gamma model.

What one spends at a time scatters around a mean of her own, and the means scatter over people
(Fader, Hardie and Lee, "RFM and CLV", 2005). A person seen once lends most from all others.
"""

from __future__ import annotations

import msgspec
import numpy as np

from setten.customers.lifecycle import Array

_LOG_MIN, _LOG_MAX = -5.0, 10.0
_Q_MIN = 1.05  # at 1 and below, the mean of people's means has no end


class Spending(msgspec.Struct, frozen=True, kw_only=True):
    """Fitted: p shapes a person's amounts; q and gamma (in money) the spread of people."""

    p: float
    q: float
    gamma: float

    def expected(self, times: Array, mean_value: Array) -> Array:
        """What each will spend at a time. times: (n,) purchases seen, >= 0; mean_value: of them."""
        found: Array = self.p * (self.gamma + times * mean_value) / (self.p * times + self.q - 1.0)
        return found


def fit_spending(times: Array, mean_value: Array) -> Spending | None:
    """The likeliest spending of people who spent something; None when nobody did."""
    from scipy.optimize import minimize
    from scipy.special import gammaln

    spent = (times > 0) & (mean_value > 0)
    if not spent.any():
        return None
    unit = float(np.median(mean_value[spent]))  # the currency must not decide how well it climbs
    x, z = times[spent], mean_value[spent] / unit

    def valley(at: Array) -> float:
        p, q, gamma = np.exp(at)
        height = (
            gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
            + (p * x - 1) * np.log(z) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * z)
        )  # fmt: skip
        return -float(height.sum())

    bounds = [(_LOG_MIN, _LOG_MAX), (float(np.log(_Q_MIN)), _LOG_MAX), (_LOG_MIN, _LOG_MAX)]
    found = minimize(valley, [1.5, 1.3, 0.5], method="L-BFGS-B", bounds=bounds)
    p, q, gamma = (float(one) for one in np.exp(found.x))
    return Spending(p=p, q=q, gamma=gamma * unit)
