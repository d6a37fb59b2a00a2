"""Tries to get out, to prove that nothing can: no Django, no libraries, so that any service can ask."""
