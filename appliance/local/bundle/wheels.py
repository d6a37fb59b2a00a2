"""The wheels of locked requirements, for the Python of the hosts and not of this machine."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from packaging.markers import Marker

from appliance.local.bundle.running import BundleFailed, run
from appliance.local.bundle.target import MARKERS, PYTHON, platforms
from inference.serving.install import TORCH, TORCH_INDEX

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def requirements_for_target(text: str) -> list[str]:
    """Return the requirements that hold for the hosts, with hashes and without markers.

    pip compares markers with the Python it runs under, also when it fetches for another one.
    """
    lines = []
    for requirement in _joined(text):
        pinned, _, options = requirement.partition(" --hash=")
        name, _, marker = pinned.partition(";")
        if not PINNED.match(name):
            raise BundleFailed(f"a requirement without an exact version: {name.strip()}")
        if not marker.strip() or Marker(marker).evaluate(MARKERS):
            lines.append(f"{name.strip()} --hash={options}")
    return lines


def _joined(text: str) -> Iterator[str]:
    """Yield one requirement a line, its hashes behind it."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield " ".join(line.split())


def fetch_wheels(requirements: Sequence[Path], folder: Path, work: Path) -> list[Path]:
    """Put the wheels of locked requirements into a folder and return them."""
    folder.mkdir(parents=True)
    lines = [line for path in requirements for line in requirements_for_target(path.read_text())]
    file = work / f"{folder.name}.txt"
    file.write_text("\n".join([*lines, ""]), encoding="utf-8")
    _pip_download(folder, "--require-hashes", "--requirement", str(file))
    wheels = sorted(folder.iterdir())
    if len(wheels) != len(lines):
        raise BundleFailed(f"{len(lines)} packages are locked, and {len(wheels)} wheels came")
    return wheels


def fetch_torch_for_cpu(folder: Path) -> None:
    """Add torch's CPU build: from the configured index, else from PyTorch's own."""
    try:
        _pip_download(folder, TORCH)
    except BundleFailed:
        _pip_download(folder, "--index-url", TORCH_INDEX, TORCH)


def _pip_download(folder: Path, *arguments: str) -> None:
    for_target = [f"--platform={platform}" for platform in platforms()]
    abis = [f"--abi={abi}" for abi in (f"cp{PYTHON.replace('.', '')}", "abi3", "none")]
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-deps",
        "--disable-pip-version-check", "--only-binary", ":all:", "--implementation", "cp",
        "--python-version", PYTHON, *for_target, *abis, "--dest", str(folder),
    ]  # fmt: skip
    run([*command, *arguments], "the wheels do not come from the package index")
