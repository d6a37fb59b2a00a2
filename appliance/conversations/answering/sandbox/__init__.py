"""Runs a command on a patched tree where it can reach nothing else: off unless an admin switches it on."""
