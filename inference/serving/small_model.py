"""The small model: from packages to a folder that the model server can load, once, in the cache."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from inference.errors import ServingFailed
from inference.fetching import Progress, fetch, no_progress
from inference.packages import SMALL_MODEL_GGUF, get_model, model_folder
from inference.serving.manifest import NAME, make_manifest, write_manifest

FOLDER_NAME = "qwen2.5-coder-0.5b-instruct"
SHOWN_LOG_CHARACTERS = 500
REPOSITORY = Path(__file__).parents[2]  # the folder that `inference` is imported from


def small_model_folder(cache: Path) -> Path:
    return model_folder(cache, FOLDER_NAME)


def is_prepared(cache: Path) -> bool:
    return (small_model_folder(cache) / "config.json").exists()


def fetch_small_model(cache: Path, progress: Progress = no_progress) -> Path:
    """Return the verified GGUF file; downloads nothing when it was converted before."""
    gguf = model_folder(cache, SMALL_MODEL_GGUF) / "model.gguf"
    if is_prepared(cache):
        return gguf
    return fetch(get_model(SMALL_MODEL_GGUF), cache, progress) / "model.gguf"


def convert_small_model(cache: Path, env_folder: Path, tell: Callable[[str], None]) -> Path:
    """Return the converted folder; `tell` gets a line per step. Raises ServingFailed."""
    folder = small_model_folder(cache)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two starts at once: the second finds it done
        if not is_prepared(cache):
            gguf = model_folder(cache, SMALL_MODEL_GGUF) / "model.gguf"
            _run_conversion(env_folder / "bin" / "python", gguf, folder, tell)
        if not (folder / NAME).exists():
            _write_manifest(folder)
    return folder


def _write_manifest(folder: Path) -> None:
    packaged = get_model(SMALL_MODEL_GGUF)
    origin = f"converted from {packaged.name}, SHA-256 {packaged.files[0].sha256}"
    manifest = make_manifest(folder, name=FOLDER_NAME, licence=packaged.licence, origin=origin)
    write_manifest(folder, manifest)


def _run_conversion(python: Path, gguf: Path, folder: Path, tell: Callable[[str], None]) -> None:
    command = [str(python), "-m", "inference.serving.convert", str(gguf), str(folder)]
    environment = {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY),
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "TRANSFORMERS_VERBOSITY": "error",
    }
    log: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own arguments, no shell
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        errors="replace",
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            log.append(line)
            if line[:2] in {"1/", "2/", "3/"} or line.startswith("converted"):
                tell(line.strip())
    if process.returncode:
        raise ServingFailed(f"the conversion failed: {''.join(log)[-SHOWN_LOG_CHARACTERS:]}")
