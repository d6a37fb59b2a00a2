"""Where the processes of this host count: needed before prometheus_client is first imported."""

from __future__ import annotations

import os
from pathlib import Path


def use_folder(folder: Path) -> None:
    """Let this process count in files there; where it cannot write, it counts for itself alone."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if os.access(folder, os.W_OK):
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
