"""The pages of staff: sign-in, one customer, the pickup queue, stock, data.

Face: `routes()` for the wiring; `problem_page` for addresses that nobody owns, and `lost_page`,
which finds before it whose page that is.
"""

from setten.console.routes import lost_page, problem_page, routes

__all__ = ["lost_page", "problem_page", "routes"]
