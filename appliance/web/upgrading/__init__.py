"""A new version of the tables: looked at before, done in one transaction, or not at all."""
