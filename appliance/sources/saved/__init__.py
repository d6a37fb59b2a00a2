"""Saved searches, and what their owners are told of new matches."""
