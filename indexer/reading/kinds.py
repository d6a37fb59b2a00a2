"""What a file is for, in the words that people filter by: code, test, docs ..."""

from __future__ import annotations

from indexer.reading.roles import DocumentRole

CODE = "code"
KINDS = (CODE, *(role.value for role in DocumentRole if role is not DocumentRole.SOURCE))


def kind_of_role(role: str) -> str:
    """Return the kind of a document by the role that it was stored with."""
    return CODE if role == DocumentRole.SOURCE else role
