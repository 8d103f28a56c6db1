"""What worked, and what is going on: read from the log, never from other domains' tables."""
