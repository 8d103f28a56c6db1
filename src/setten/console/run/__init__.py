"""Running it: where events come from, what arrives, what could not be taken in."""
