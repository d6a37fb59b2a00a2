"""Debian's own apt finds, in a folder of the bundle, a package and what it depends on."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.local.bundle.debian import DebianPackage, apt_folders, index_of
from appliance.local.bundle.running import BundleFailed

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt")


def build(folder: Path, name: str, version: str, depends: str = "") -> DebianPackage:
    control = folder / name / "DEBIAN" / "control"
    control.parent.mkdir(parents=True)
    control.write_text(
        f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: A <a@example.com>\n"
        + (f"Depends: {depends}\n" if depends else "")
        + "Description: a test\n of two lines\n"
    )
    path = folder / "debian" / f"{name}_{version.split(':')[-1]}_all.deb"
    path.parent.mkdir(exist_ok=True)
    subprocess.run(["dpkg-deb", "--build", folder / name, path], check=True, capture_output=True)
    return DebianPackage(name, version, "all", path)


def fetched_by_apt(folder: Path) -> subprocess.CompletedProcess[str]:
    settings = apt_folders(
        folder / "apt", f"Types: deb\nURIs: file:{folder}/debian\nSuites: ./\nTrusted: yes\n"
    )
    apt = ["apt-get", "--quiet", "--quiet"]
    subprocess.run([*apt, "update"], env=settings, check=True)
    command = [*apt, "install", "--yes", "--print-uris", "top"]
    return subprocess.run(command, env=settings, capture_output=True, text=True, check=False)


def test_apt_reads_the_index(tmp_path: Path) -> None:
    packages = [
        build(tmp_path, "base", "1:2.0-1"),
        build(tmp_path, "top", "1.0", "base (>= 1:2.0)"),
    ]
    (tmp_path / "debian" / "Packages").write_text(index_of(packages))
    done = fetched_by_apt(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "base_2.0-1_all.deb" in done.stdout
    assert "top_1.0_all.deb" in done.stdout


def test_without_what_it_depends_on_nothing_is_fetched(tmp_path: Path) -> None:
    """Apt believes that this machine has nothing installed: the closure is whole, or it fails."""
    (tmp_path / "debian").mkdir()
    packages = [build(tmp_path, "top", "1.0", "libc6")]
    (tmp_path / "debian" / "Packages").write_text(index_of(packages))
    assert fetched_by_apt(tmp_path).returncode != 0


def test_what_is_no_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.deb").write_bytes(b"no package")
    with pytest.raises(BundleFailed, match=r"x\.deb is no package"):
        index_of([DebianPackage("x", "1", "all", tmp_path / "x.deb")])
