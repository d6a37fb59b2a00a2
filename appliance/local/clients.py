"""`make clients`: builds what people install on their own machines, into the data folder.

A wheel for those who have a package index, and one file with everything in it for those who have
none: it needs a Python and nothing else. Both appear on the page /clients/ at once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipapp
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "clients" / "cli"
LOCKED = ROOT / "requirements" / "product.txt"
OLDEST_PYTHON = "3.10"
ENTRY = "plumbline_cli.commands:main"
UV = (sys.executable, "-m", "uv", "--quiet")


def build(folder: Path) -> list[Path]:
    """Build the wheel and the single file; return both. What was there of them is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        subprocess.run([*UV, "build", "--wheel", str(PROJECT), "--out-dir", str(work)], check=True)
        [wheel] = work.glob("*.whl")
        single = _single_file(wheel, work)
        for old in [*folder.glob("plumbline_cli-*.whl"), *folder.glob("plumbline.pyz")]:
            old.unlink()
        return [Path(shutil.copyfile(made, folder / made.name)) for made in (wheel, single)]


def _single_file(wheel: Path, work: Path) -> Path:
    """Pack the client with what it needs, in the versions that the product itself is locked to."""
    packages = work / "packages"
    where = ("--target", str(packages), "--python-version", OLDEST_PYTHON)
    command = [*UV, "pip", "install", *where, "--constraints", str(_versions(work)), str(wheel)]
    subprocess.run(command, check=True)
    for unneeded in [packages / "bin", packages / ".lock"]:
        if unneeded.is_dir():
            shutil.rmtree(unneeded)
        else:
            unneeded.unlink(missing_ok=True)
    target = work / "plumbline.pyz"
    zipapp.create_archive(
        packages, target, interpreter="/usr/bin/env python3", main=ENTRY, compressed=True
    )
    return target


def _versions(work: Path) -> Path:
    """Write the locked versions without their hashes: an oldest Python needs one package more."""
    lines = LOCKED.read_text("utf-8").splitlines()
    pinned = [line.rstrip(" \\") for line in lines if line[:1].isalnum()]
    path = work / "versions.txt"
    path.write_text("\n".join(pinned) + "\n", encoding="utf-8")
    return path


def main() -> None:
    home = Path(os.environ.get("PLUMBLINE_HOME") or ROOT / ".plumbline")
    for made in build(home / "clients"):
        sys.stdout.write(f"Built {made}\n")


if __name__ == "__main__":
    main()
