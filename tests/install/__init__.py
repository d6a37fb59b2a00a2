"""The drill: real Debian 13 hosts without a network, from a bundle to a cited answer over TLS."""
