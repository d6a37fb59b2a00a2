"""What a search is narrowed to, the counts beside it, and its addresses."""
