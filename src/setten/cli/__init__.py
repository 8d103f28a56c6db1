"""The same verbs from a terminal. Thin: read flags, call a verb, print for people or as JSON."""
