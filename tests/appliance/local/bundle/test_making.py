"""A bundle of a tiny product: complete, the same each time, and never made from what is not committed."""

from __future__ import annotations

import base64
import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from appliance.local.bundle.making import Contents, make_bundle
from appliance.local.bundle.running import BundleFailed
from appliance.local.bundle.signing import read_or_make_key
from appliance.local.bundle.verify import SUMS, read_sums, verify
from inference.errors import ModelFilesInvalid
from tests.gitrepos import Repository, make_repository

WITHOUT_DEBIAN = Contents(debian=False, clients=False)


def make_wheel(folder: Path, name: str) -> str:
    """Write a wheel of one module and return its hash."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    about = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": b"",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    with zipfile.ZipFile(path, "w") as wheel:
        for member, content in files.items():
            wheel.writestr(member, content)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            record += f"{member},sha256={digest},{len(content)}\n"
        wheel.writestr(f"{about}/RECORD", f"{record}{about}/RECORD,,\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A product of one wheel, whose index is a folder."""
    digest = make_wheel(tmp_path / "index", "demo")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    locked = f"demo==1.0 \\\n    --hash=sha256:{digest}\n"
    repository = make_repository(tmp_path / "product")
    repository.commit(
        {
            "pyproject.toml": '[project]\nname = "plumbline"\nversion = "1.2.3"\n',
            "manage.py": "",
            "ansible/site.yml": "---\n",
            "ansible/install": "#!/bin/sh\n",
            "docs/install.md": "# Installing\n",
            "requirements/product.txt": locked,
            "requirements/uv.txt": "",
            "requirements/install.txt": locked,
        }
    )
    return repository


def make(product: Repository, folder: Path, contents: Contents = WITHOUT_DEBIAN) -> Path:
    make_bundle(folder, contents, folder.parent / "key.pem", print, product.path)
    return folder


def test_a_bundle_is_whole_and_says_what_is_in_it(product: Repository, tmp_path: Path) -> None:
    bundle = make(product, tmp_path / "bundle")
    assert verify(bundle, tmp_path / "key.pub") > 10
    version = (bundle / "VERSION").read_text().strip()
    assert version.startswith("1.2.3+")
    for name in ("install", "verify-bundle", "ansible/site.yml", "docs/install.md"):
        assert (bundle / name).is_file(), name
    assert (bundle / f"product/plumbline-{version}.tar.gz").is_file()
    assert "demo-1.0-py3-none-any.whl" in (bundle / "lists/wheels.txt").read_text()
    sbom = json.loads((bundle / "sbom/product.cdx.json").read_text())
    assert sbom["bomFormat"] == "CycloneDX"
    assert [one["name"] for one in sbom["components"]] == ["demo"]


def test_the_same_commit_gives_the_same_files(product: Repository, tmp_path: Path) -> None:
    first, second = make(product, tmp_path / "one"), make(product, tmp_path / "two")
    assert read_sums(first / SUMS) == read_sums(second / SUMS)


def test_what_is_not_committed_is_not_bundled(product: Repository, tmp_path: Path) -> None:
    (product.path / "manage.py").write_text("changed")
    with pytest.raises(BundleFailed, match="not committed"):
        make(product, tmp_path / "bundle")


def test_a_folder_that_is_there_is_left_alone(product: Repository, tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    with pytest.raises(BundleFailed, match="is there already"):
        make(product, tmp_path / "bundle")


def test_another_wheel_than_the_locked_one_ends_it(product: Repository, tmp_path: Path) -> None:
    wheel = tmp_path / "index" / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "a") as changed:
        changed.writestr("evil.py", "import os")
    with pytest.raises(BundleFailed, match="do not come"):
        make(product, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_model_without_a_manifest_ends_it(product: Repository, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(ModelFilesInvalid, match=r"has no plumbline-manifest\.json"):
        make(
            product,
            tmp_path / "bundle",
            Contents(debian=False, clients=False, models=(tmp_path / "model",)),
        )
    assert not (tmp_path / "bundle").exists()


def test_a_key_is_made_for_its_owner_alone_and_used_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "signing.pem"
    made = read_or_make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_key(path).private_bytes_raw() == made.private_bytes_raw()


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----\nAA\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.pem").write_bytes(content)
    with pytest.raises(BundleFailed, match="not a private key"):
        read_or_make_key(tmp_path / "key.pem")
