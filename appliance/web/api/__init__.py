"""The API for programs: JSON behind a token, over the functions that the pages use."""
