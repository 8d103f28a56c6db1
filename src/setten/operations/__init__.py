"""Acts that span domains: whose cart it is, what it costs to the door, checking out, cancelling."""
