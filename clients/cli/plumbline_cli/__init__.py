"""The command-line client of a Plumbline appliance. It stands alone: nothing of the product is in it."""

from __future__ import annotations

VERSION = "0.1.0"
