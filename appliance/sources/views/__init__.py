"""Pages over sources: search, one file, and what an admin manages."""

from __future__ import annotations
