"""Debian's packages with all that they depend on, and the index by which apt finds them in a folder.

apt runs on folders of its own: the machine that makes a bundle may be another Debian, nothing on it
is changed, and no root is needed. Its list of installed packages is empty there, so that nothing is
left out because this machine has it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from appliance.local.bundle.running import BundleFailed, run
from appliance.local.bundle.target import ARCHITECTURE, DEBIAN

MIRROR, SECURITY = "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"
KEYS = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
NO_APT = "apt-get is needed to fetch Debian's packages: make the bundle on Debian or Ubuntu"
NO_KEYS = f"{KEYS} is missing: apt-get install debian-archive-keyring"

SOURCES = Template("""\
Types: deb
URIs: $mirror
Suites: $release $release-updates
Components: main
Signed-By: $keys

Types: deb
URIs: $security
Suites: $release-security
Components: main
Signed-By: $keys
""")


@dataclass(frozen=True, slots=True)
class DebianPackage:
    """One package, as it says of itself."""

    name: str
    version: str
    architecture: str
    path: Path


@dataclass(frozen=True, slots=True)
class Mirror:
    """Where Debian's packages come from."""

    main: str = MIRROR
    security: str = SECURITY


def fetch_packages(
    names: Sequence[str], folder: Path, work: Path, mirror: Mirror
) -> list[DebianPackage]:
    """Put the packages and all they need into a folder with an index, and return them."""
    if shutil.which("apt-get") is None:
        raise BundleFailed(NO_APT)
    if not KEYS.is_file():
        raise BundleFailed(NO_KEYS)
    folder.mkdir(parents=True)
    sources = SOURCES.substitute(
        mirror=mirror.main, security=mirror.security, release=DEBIAN, keys=KEYS
    )
    settings = apt_folders(work / "apt", sources)
    apt = ["apt-get", "--quiet", "--quiet"]
    run([*apt, "update"], "Debian's lists of packages do not come", environment=settings)
    download = ["--yes", "--download-only", "--no-install-recommends", "install", *names]
    run([*apt, *download], "Debian's packages do not come", environment=settings)
    fetched = sorted((work / "apt" / "cache" / "archives").glob("*.deb"))
    packages = [_keep(path, folder) for path in fetched]
    (folder / "Packages").write_text(index_of(packages), encoding="utf-8")
    return packages


def _keep(fetched: Path, folder: Path) -> DebianPackage:
    """Move a package into the folder, under the name that Debian's archive has for it."""
    form = "--showformat=${Package} ${Version} ${Architecture}"
    said = run(["dpkg-deb", "--show", form, fetched], f"{fetched.name} is no package")
    name, version, architecture = said.split()
    kept = folder / f"{name}_{version.split(':')[-1]}_{architecture}.deb"
    shutil.move(fetched, kept)
    return DebianPackage(name, version, architecture, kept)


def apt_folders(root: Path, sources: str) -> dict[str, str]:
    """Make folders for apt alone; return an environment in which it uses them and these sources."""
    for name in ("lists/partial", "cache/archives/partial", "etc"):
        (root / name).mkdir(parents=True)
    (root / "status").touch()
    (root / "debian.sources").write_text(sources, encoding="utf-8")
    options = {
        "APT::Architecture": ARCHITECTURE,
        "APT::Architectures": ARCHITECTURE,
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Debug::NoLocking": "true",
        "Dir::Cache": str(root / "cache"),
        "Dir::Etc::SourceList": str(root / "debian.sources"),
        "Dir::Etc::SourceParts": "/dev/null",
        "Dir::Etc::Preferences": "/dev/null",
        "Dir::Etc::PreferencesParts": "/dev/null",
        "Dir::State": str(root),
        "Dir::State::Lists": str(root / "lists"),
        "Dir::State::Status": str(root / "status"),
    }
    settings = root / "apt.conf"
    settings.write_text(
        "".join(f'{name} "{value}";\n' for name, value in options.items()), encoding="utf-8"
    )
    return os.environ | {"APT_CONFIG": str(settings), "LC_ALL": "C"}


def index_of(packages: Sequence[DebianPackage]) -> str:
    """Return apt's index of a folder: what each package says of itself, its size and its hash."""
    entries = []
    for package in packages:
        path = package.path
        said = run(["dpkg-deb", "--field", path], f"{path.name} is no package").rstrip("\n")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        place = f"Filename: ./{path.name}\nSize: {path.stat().st_size}\nSHA256: {digest}"
        entries.append(f"{said}\n{place}\n")
    return "\n".join(entries)
