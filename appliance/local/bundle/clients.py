"""The programs that people install on their own machines: the command line, and the extension for editors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from appliance.local import clients
from appliance.local.bundle.running import BundleFailed, run

NO_NPM = (
    "npm is needed to pack the extension for editors: install Node.js, or leave the programs for "
    "people out with --without-clients"
)


def add_clients(folder: Path, root: Path) -> None:
    """Build them into a folder. Raises BundleFailed."""
    if shutil.which("npm") is None:
        raise BundleFailed(NO_NPM)
    try:
        clients.build(folder)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise BundleFailed(f"the command-line client cannot be built: {exc}") from exc
    package = root / "clients" / "vscode" / "package.sh"
    run(["sh", package, folder], "the extension for editors cannot be packed")
