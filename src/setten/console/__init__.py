"""The pages of staff: sign-in, one customer, the pickup queue, stock, data.

Face: `routes()` for the wiring, `problem_page` for addresses that nobody owns.
"""

from setten.console.routes import problem_page, routes

__all__ = ["problem_page", "routes"]
