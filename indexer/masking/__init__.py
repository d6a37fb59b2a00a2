"""What no index may hold: secrets are masked and invisible characters made harmless, line for line."""

from __future__ import annotations

from indexer.masking.masking import Masked, MaskFinding, mask

__all__ = ["MaskFinding", "Masked", "mask"]
