"""Feedback on answers, what curators make of it, and where that comes back."""
