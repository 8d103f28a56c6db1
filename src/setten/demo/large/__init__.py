"""A very large business, laid down in minutes: a million customers, twenty million events, 25
million balances.

Not told through the door, as the small demo is: that would take a day. Rows go in by COPY and by
statements over sets, without indexes, which are built at the end; what is written is what the verbs
and the readers of the log would have left. `setten reconcile` and the rebuilds prove that, and a
test holds a small one of these worlds against them.
"""

from setten.demo.large.laying import FILE, Unfinished, is_begun, is_laid, lay_down
from setten.demo.large.sizes import WHOLE, Size

__all__ = ["FILE", "WHOLE", "Size", "Unfinished", "is_begun", "is_laid", "lay_down"]
