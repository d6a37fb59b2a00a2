"""Taking a host's own permissions: who may read a repository there may read it here."""

from __future__ import annotations
