"""The words that all domains share: typed ids and one frozen Struct per fact. No behaviour."""
