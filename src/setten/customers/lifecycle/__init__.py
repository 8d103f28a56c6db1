"""Where each customer stands: acquisition, trial, loyalty, retention, recovery.

By her own rhythm of buying, never by one number of days for all. `p_active` says how likely
somebody still buys here; the four numbers of the model are fitted by `customers.predictions`.
"""

from setten.customers.lifecycle.rhythm import (
    Array,
    Rhythm,
    chances,
    p_active,
    silence_until,
)

__all__ = ["Array", "Rhythm", "chances", "p_active", "silence_until"]
