"""Pages of feedback and of the curators' queue."""
