"""What templates of every part may load."""

from __future__ import annotations
