"""The proof of the air gap: each service looks for a way out, and what it found is kept, signed."""
