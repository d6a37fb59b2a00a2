"""What a model is asked: texts, and how they fit its window."""
