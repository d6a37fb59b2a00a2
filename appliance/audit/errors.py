"""What goes wrong with records."""

from __future__ import annotations


class NotRecorded(Exception):
    """The action could not be recorded, so it was not done."""
