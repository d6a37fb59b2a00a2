"""Small folders that look like models, for tests that load none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from inference.serving.shape import SHAPES


def make_model(folder: Path, shape: str = "codellama-34b-gptq", **changed: object) -> Path:
    """Make a folder with a real configuration and a few bytes instead of weights."""
    folder.mkdir(parents=True)
    config = json.loads((SHAPES / shape / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changed))
    (folder / "model.safetensors").write_bytes(bytes(range(256)) * 64)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    return folder


def copied(folder: Path, to: Path) -> Path:
    return Path(shutil.copytree(folder, to))
