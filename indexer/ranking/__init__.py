"""Orders what the retrievers found, by a small model learned from the company's own history."""
