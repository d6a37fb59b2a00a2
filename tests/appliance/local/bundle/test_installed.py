"""What a host runs is compared with the bundle it came from, file by file (H12)."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from appliance.local.bundle.verify import BundleWrong, compare_installed

VERSION = "1.0+test"
CODE = {"manage.py": b"run()", "appliance/pages.py": b"page()"}
PACKAGE = {
    "asked/__init__.py": b"ask()",
    "asked-1.0.dist-info/METADATA": b"Name: asked",
    "asked-1.0.dist-info/RECORD": b"of the wheel",
    "asked-1.0.data/purelib/beside.py": b"beside()",
    "asked-1.0.data/scripts/asked": b"#!python",
}
PACKAGES = ".venv/lib/python3.13/site-packages"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    for name in ("product", "wheels/product"):
        (folder / name).mkdir(parents=True)
    (folder / "VERSION").write_text(f"{VERSION}\n")
    with tarfile.open(folder / "product" / f"plumbline-{VERSION}.tar.gz", "w:gz") as tar:
        for name, content in CODE.items():
            member = tarfile.TarInfo(f"plumbline-{VERSION}/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    with zipfile.ZipFile(folder / "wheels/product/asked-1.0-py3-none-any.whl", "w") as wheel:
        for name, content in PACKAGE.items():
            wheel.writestr(name, content)
    return folder


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """What an installer makes of the bundle."""
    folder = tmp_path / "release"
    installed = {
        **CODE,
        f"{PACKAGES}/asked/__init__.py": PACKAGE["asked/__init__.py"],
        f"{PACKAGES}/asked-1.0.dist-info/METADATA": PACKAGE["asked-1.0.dist-info/METADATA"],
        f"{PACKAGES}/asked-1.0.dist-info/RECORD": b"of the host",
        f"{PACKAGES}/asked-1.0.dist-info/INSTALLER": b"uv",
        f"{PACKAGES}/beside.py": b"beside()",
        f"{PACKAGES}/asked/__pycache__/__init__.cpython-313.pyc": b"compiled",
        f"{PACKAGES}/pip/__init__.py": b"of Debian",
        f"{PACKAGES}/pip-25.1.1.dist-info/METADATA": b"of Debian",
        ".venv/bin/asked": b"#!/opt/plumbline/.venv/bin/python",
        ".venv/pyvenv.cfg": b"home = /usr/bin",
    }
    for name, content in installed.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_what_was_installed_is_as_in_the_bundle(bundle: Path, release: Path) -> None:
    assert compare_installed(bundle, release) == 5


@pytest.mark.parametrize(
    "name", ["appliance/pages.py", f"{PACKAGES}/asked/__init__.py", f"{PACKAGES}/beside.py"]
)
def test_a_changed_and_a_deleted_file_are_named(bundle: Path, release: Path, name: str) -> None:
    (release / name).write_bytes(b"planted()")
    with pytest.raises(BundleWrong, match=f"(?m)^INVALID_HASH {re.escape(name)}$"):
        compare_installed(bundle, release)
    (release / name).unlink()
    with pytest.raises(BundleWrong, match=f"(?m)^MISSING_FILE {re.escape(name)}$"):
        compare_installed(bundle, release)


@pytest.mark.parametrize(
    "name",
    [
        "sitecustomize.py",
        f"{PACKAGES}/planted.pth",
        f"{PACKAGES}/asked/planted.py",
        f"{PACKAGES}/pipe/__init__.py",
        f"{PACKAGES}/asked/RECORD",
        "appliance/INSTALLER",
    ],
)
def test_a_file_too_many_is_named(bundle: Path, release: Path, name: str) -> None:
    (release / name).parent.mkdir(exist_ok=True)
    (release / name).write_bytes(b"planted()")
    with pytest.raises(BundleWrong, match=f"(?m)^EXTRA_FILE {re.escape(name)}$"):
        compare_installed(bundle, release)


def test_a_link_in_place_of_a_file_is_named(bundle: Path, release: Path, tmp_path: Path) -> None:
    other = tmp_path / "the-same"
    other.write_bytes(CODE["manage.py"])
    (release / "appliance/pages.py").unlink()
    (release / "appliance/pages.py").symlink_to(other)
    with pytest.raises(BundleWrong, match=r"(?m)^INVALID_HASH appliance/pages[.]py$"):
        compare_installed(bundle, release)


def test_a_folder_that_is_no_release_is_refused(bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleWrong, match="is no version of Plumbline"):
        compare_installed(bundle, tmp_path)
