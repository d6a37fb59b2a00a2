"""Exact and regular expression search over all that a scope may read, with a certificate."""
