"""The frame around all pages: sign-in, preferences, the finder, problems, the pattern page."""
