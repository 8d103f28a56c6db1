"""What every domain stands on. No retail word lives here."""
