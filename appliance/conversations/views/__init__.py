"""Pages of conversations: each fetches through access.py, calls a plain function, and shows."""
