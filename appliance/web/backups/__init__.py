"""Backups: everything that must last, in one encrypted file, and back."""
