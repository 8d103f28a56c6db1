"""One customer as staff see her: who she is, what she has done, what we promised."""
