"""Which generation of readers, detectors and chunkers made what is stored of a blob."""

from __future__ import annotations

# Raise it when text, masking, chunks, terms, trigrams or symbols of the same bytes come out
# differently: the next sync of each source reads its blobs again, in place, while the old ones
# are searched.
READER_VERSION = 4
