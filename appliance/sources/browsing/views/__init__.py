"""Pages of the code view."""
