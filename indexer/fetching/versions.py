"""Which git is installed, and whether it has the security fixes that this product relies on."""

from __future__ import annotations

import re
import subprocess

from indexer.fetching.environment import git_environment

# First release of each series with the fixes of May 2024 (running code by a crafted local
# repository). Distributions also carry them in older releases; older series never got them.
FIXED_IN = {39: 4, 40: 2, 41: 1, 42: 2, 43: 4, 44: 1, 45: 1}


def git_version() -> tuple[int, ...]:
    """Return the version of the git on PATH, empty when there is none."""
    try:
        done = subprocess.run(
            ["git", "version"],  # noqa: S607 - the operator's PATH decides
            capture_output=True,
            env=git_environment(),
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    match = re.search(r"[0-9]+(?:[.][0-9]+)+", done.stdout.decode("ascii", "replace"))
    return tuple(int(number) for number in match[0].split(".")) if match else ()


def has_security_fixes(version: tuple[int, ...]) -> bool:
    major, minor, patch, *_ = (*version, 0, 0, 0)
    if major != 2:
        return major > 2
    return minor > max(FIXED_IN) or patch >= FIXED_IN.get(minor, 1_000)
