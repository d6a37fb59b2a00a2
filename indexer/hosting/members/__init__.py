"""Who may read a repository by the word of its host; one file per kind of host."""

from __future__ import annotations
