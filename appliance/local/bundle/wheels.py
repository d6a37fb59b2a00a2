"""The wheels of locked requirements, for a Python of the hosts and not of this machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.markers import Marker

from appliance.local.bundle.running import BundleFailed, run
from appliance.local.bundle.target import PYTHON, markers, platforms
from inference.serving.install import TORCH_INDEX

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def requirements_for_target(text: str, python: str = PYTHON) -> list[str]:
    """Return the requirements that hold for the hosts, with hashes and without markers.

    pip compares markers with the Python it runs under, also when it fetches for another one.
    """
    lines = []
    for requirement in _joined(text):
        pinned, _, options = requirement.partition(" --hash=")
        name, _, marker = pinned.partition(";")
        if not PINNED.match(name):
            raise BundleFailed(f"a requirement without an exact version: {name.strip()}")
        if not marker.strip() or Marker(marker).evaluate(markers(python)):
            lines.append(f"{name.strip()} --hash={options}")
    return lines


def _joined(text: str) -> Iterator[str]:
    """Yield one requirement a line, its hashes behind it."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield " ".join(line.split())


def fetch_wheels(
    requirements: Sequence[Path], folder: Path, work: Path, python: str = PYTHON
) -> list[Path]:
    """Put the wheels of locked requirements into a folder and return them."""
    folder.mkdir(parents=True)
    texts = [path.read_text(encoding="utf-8") for path in requirements]
    lines = [line for text in texts for line in requirements_for_target(text, python)]
    file = work / f"{folder.name}.txt"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    _pip_download(folder, python, "--no-deps", "--require-hashes", "--requirement", str(file))
    wheels = sorted(folder.iterdir())
    if len(wheels) != len(lines):
        raise BundleFailed(f"{len(lines)} packages are locked, and {len(wheels)} wheels came")
    return wheels


def fetch_torch(folder: Path, torch: str, python: str = PYTHON) -> None:
    """Add torch: its build for the processor alone, from the configured index, else from PyTorch's own;
    the build for cards with the libraries of CUDA that it names."""
    if "+cpu" not in torch:
        _pip_download(folder, python, torch)
        return
    try:
        _pip_download(folder, python, "--no-deps", torch)
    except BundleFailed:
        _pip_download(folder, python, "--no-deps", "--index-url", TORCH_INDEX, torch)


def _pip_download(folder: Path, python: str, *arguments: str) -> None:
    for_target = [f"--platform={platform}" for platform in platforms()]
    abis = [f"--abi={abi}" for abi in (f"cp{python.replace('.', '')}", "abi3", "none")]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input",
        "--disable-pip-version-check", "--only-binary", ":all:", "--implementation", "cp",
        "--python-version", python, *for_target, *abis, "--dest", str(folder),
    ]  # fmt: skip
    run([*command, *arguments], "the wheels do not come from the package index")
