"""The JSON surfaces: one file a domain. Authorise, parse, call one verb, answer."""
