"""Ask the servers that host repositories which ones a token may see; one file per kind of server."""

from __future__ import annotations
