"""Installs the identity providers of the tests from npm's registry, as the lock names them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER_VARIABLE = "PLUMBLINE_TEST_IDENTITY_PACKAGES"


def packages_folder() -> Path:
    """Return where `python -m tests` installed the packages, or where they go."""
    if named := os.environ.get(FOLDER_VARIABLE):
        return Path(named)
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return cache / "plumbline-tests" / "identity"


def install_packages() -> bool:
    """Install what the lock names, once; return whether it is there now."""
    folder, lock = packages_folder(), (HERE / "package-lock.json").read_bytes()
    done = folder / "installed-lock.json"
    if done.exists() and done.read_bytes() == lock:
        return True
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
    if subprocess.run(command, check=False, cwd=folder, stdout=subprocess.DEVNULL).returncode:
        return False
    done.write_bytes(lock)
    return True
