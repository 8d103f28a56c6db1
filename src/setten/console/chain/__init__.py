"""What a chain sets up: its places, who delivers where, goods that everybody wants."""
