"""A thread as a file: what one person sees of it, for reading (Markdown) or for programs (JSON)."""
