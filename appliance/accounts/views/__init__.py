"""Pages about people: sessions, roles, groups, emergency access."""

from __future__ import annotations
