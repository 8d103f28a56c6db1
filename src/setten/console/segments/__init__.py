"""Pages of segments: the list, one from the inside, the composer, two beside each other."""
