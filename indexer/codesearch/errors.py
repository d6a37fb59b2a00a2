"""What is wrong with a code search."""

from __future__ import annotations

from indexer.errors import IndexerError


class QueryRefused(IndexerError):
    """The query cannot be searched; the message names the part and says what to do."""
