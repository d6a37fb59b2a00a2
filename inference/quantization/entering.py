"""Going over into the environment of quantization, where torch, transformers and peft are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from inference.errors import QuantizationFailed
from inference.quantization import install

ROOT = Path(__file__).parents[2]
NICENESS = 10  # whoever works on this machine goes first


def enter(env_folder: Path, module: str) -> None:
    """Become the same command inside the environment, unless this is it; raises QuantizationFailed."""
    if Path(sys.prefix).resolve() == env_folder.resolve():
        return
    python = env_folder.absolute() / "bin" / "python"
    if not install.is_complete(env_folder):
        raise QuantizationFailed(
            f"{env_folder} is not the environment of quantization: `python3.11 -m "
            f"inference.quantization.install {env_folder}` makes it"
        )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_VERBOSITY": "error",
        "TOKENIZERS_PARALLELISM": "false",
        "PYTHONWARNINGS": "ignore",  # of libraries that have not changed for years
    }
    os.nice(NICENESS)
    command = [str(python), "-m", module, *sys.argv[1:]]
    os.execve(command[0], command, environment)  # noqa: S606
