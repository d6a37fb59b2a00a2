"""Where given bytes still lie: tables, queue, mirrors, folders. What is found is never shown."""

from __future__ import annotations
