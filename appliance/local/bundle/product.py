"""The product's own code in the bundle: what is committed, packed so that the bytes are the same each time."""

from __future__ import annotations

import gzip
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.local.bundle.running import BundleFailed, run
from appliance.local.home import ROOT


@dataclass(frozen=True, slots=True)
class Release:
    """What is bundled: a version, its commit, and when that was made."""

    version: str
    commit: str
    at: datetime


def read_release(root: Path = ROOT) -> Release:
    """Raises BundleFailed where what would be packed is not what is committed."""
    git = ["git", "-C", str(root)]
    changed = run([*git, "status", "--porcelain", "--untracked-files=no"], "git does not answer")
    if changed.strip():
        raise BundleFailed("There are changes that are not committed: commit or undo them first.")
    commit, seconds = run([*git, "log", "-1", "--format=%H %ct"], "git does not answer").split()
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Release(
        version=f"{project['version']}+{commit[:12]}",
        commit=commit,
        at=datetime.fromtimestamp(int(seconds), UTC),
    )


def pack_product(release: Release, folder: Path, work: Path, root: Path = ROOT) -> Path:
    """Write the committed files as one archive, which holds the time of the commit and no other."""
    folder.mkdir(parents=True)
    tar = work / "product.tar"
    prefix = f"--prefix=plumbline-{release.version}/"
    command = ["git", "-C", str(root), "archive", "--format=tar", prefix, release.commit]
    run([*command, "--output", tar], "the code cannot be packed")
    archive = folder / f"plumbline-{release.version}.tar.gz"
    with archive.open("wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as packed:
        packed.write(tar.read_bytes())
    return archive
