"""The database's log, kept: with a copy of the whole it leads back to any moment."""
