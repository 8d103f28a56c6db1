"""Stock as staff see it: the sheet of all goods, one item, the pickup queue of a place."""
