"""How likely somebody still buys here: the BG/NBD model read forwards.

While active, a person buys at random at a rate of her own; after each purchase she may leave for
good, with a chance of her own. Rates are spread over people as a gamma, chances as a beta
distribution (Fader, Hardie and Lee, "Counting your customers the easy way", 2005). In the modified
form (Batislam, Denizel and Filiztekin, 2007) she may also leave after the very first purchase; the
original takes everybody who bought once for active for ever, which no shop believes.

Arrays of numpy, or plain numbers, in weeks. Fitting the four numbers is `customers.predictions`'.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = Array | float
# Beyond this nobody waits, and dates would overflow.
SILENCE_WEEKS_MAX = 52.0 * 50


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """How the people of a business buy: four numbers, all > 0.

    r, alpha: shape and rate (weeks) of the gamma over people's purchase rates. a, b: of the beta
    over their chance to leave after a purchase. is_modified: also after the first one.
    """

    r: float
    alpha: float
    a: float
    b: float
    is_modified: bool = True


def chances(rhythm: Rhythm, repeats: Numbers) -> Array:
    """How many times each had the chance to leave. repeats: purchases after the first."""
    return np.asarray(repeats, dtype=np.float64) + rhythm.is_modified


def p_active(rhythm: Rhythm, repeats: Numbers, last: Numbers, age: Numbers) -> Array:
    """The probability that each is still active.

    repeats: (n,) purchases after the first, >= 0. last: (n,) weeks from the first to the last one.
    age: (n,) weeks from the first one to now, >= last. Returns (n,) within [0, 1]; in log space, so
    that neither a thousand purchases nor a lifetime of silence overflow.
    """
    had = chances(rhythm, repeats)
    silence = np.log1p(
        np.maximum(np.subtract(age, last), 0.0) / (rhythm.alpha + np.asarray(last, np.float64))
    )
    against = (
        np.log(rhythm.a)
        - np.log(rhythm.b + np.maximum(had, 1.0) - 1.0)
        + (rhythm.r + np.asarray(repeats, np.float64)) * silence
    )
    # Who never had the chance to leave has not left.
    found: Array = np.where(had > 0, np.exp(-np.logaddexp(0.0, against)), 1.0)
    return found


def silence_until(rhythm: Rhythm, repeats: Numbers, last: Numbers, *, probability: float) -> Array:
    """Weeks of silence after the last purchase until `p_active` falls to `probability`.

    probability: within (0, 1). Returns (n,) weeks >= 0: 0 where it is never above, at most
    SILENCE_WEEKS_MAX. The inverse of `p_active`.
    """
    had = chances(rhythm, repeats)
    odds = np.log1p(-probability) - np.log(probability)
    exponent = (odds - np.log(rhythm.a) + np.log(rhythm.b + np.maximum(had, 1.0) - 1.0)) / (
        rhythm.r + np.asarray(repeats, np.float64)
    )
    # exp(50) weeks is past any limit; further would only overflow.
    grown = np.expm1(np.clip(exponent, 0.0, 50.0))
    weeks = (rhythm.alpha + np.asarray(last, np.float64)) * grown
    found: Array = np.where(had > 0, np.minimum(weeks, SILENCE_WEEKS_MAX), SILENCE_WEEKS_MAX)
    return found
