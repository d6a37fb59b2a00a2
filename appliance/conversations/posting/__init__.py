"""Tells a person's own webhook of their answers: ids, states and counts, never words or code."""
