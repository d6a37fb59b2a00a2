"""The offline bundle: all that a site without a network installs from, listed, hashed and signed."""
