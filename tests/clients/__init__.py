"""The programs that people install on their own machines."""
