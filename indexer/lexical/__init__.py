"""From text to search terms, the same for documents and for queries."""
