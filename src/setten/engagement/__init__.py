"""What we say to customers, and what they said to us."""
