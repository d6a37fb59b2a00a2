"""A bundle is used only when it is exactly what the owner of the key signed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.local.bundle import verify
from appliance.local.bundle.signing import public_pem, sign

FILES = {
    "VERSION": b"0.1.0+abc\n",
    "wheels/product/one-1.0-py3-none-any.whl": b"wheel" * 400,
    "debian/two_1.0_amd64.deb": b"\x00\xff" * 500,
    "name with blanks and \u00fc.txt": b"x",
}


@pytest.fixture(scope="module")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def public(key: Ed25519PrivateKey, tmp_path: Path) -> Path:
    path = tmp_path / "maker.pub"
    path.write_bytes(public_pem(key))
    return path


@pytest.fixture
def bundle(key: Ed25519PrivateKey, tmp_path: Path) -> Path:
    folder = tmp_path / "bundle"
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    sign(folder, key)
    return folder


def run_verify(bundle: Path, public: Path) -> subprocess.CompletedProcess[str]:
    """Run it as on the other side: by itself, with nothing but Python's own library."""
    script = bundle.parent / "verify-bundle"
    script.write_bytes(Path(verify.__file__).read_bytes())
    return subprocess.run(
        [sys.executable, "-I", "-S", script, bundle, "--key", public],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_whole_bundle_is_whole(bundle: Path, public: Path) -> None:
    done = run_verify(bundle, public)
    assert done.returncode == 0, done.stderr
    assert f"{len(FILES) + 1} files" in done.stdout  # the public key lies in it, too


def test_sha256sum_reads_the_list(bundle: Path) -> None:
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", verify.SUMS], cwd=bundle, check=False
    )
    assert done.returncode == 0


def flip(folder: Path) -> None:
    path = folder / "debian/two_1.0_amd64.deb"
    content = bytearray(path.read_bytes())
    content[500] ^= 1
    path.write_bytes(content)


def link(folder: Path) -> None:
    path = folder / "VERSION"
    content = path.read_bytes()
    path.unlink()
    (folder.parent / "elsewhere").write_bytes(content)
    path.symlink_to(folder.parent / "elsewhere")


def link_folder(folder: Path) -> None:
    (folder / "wheels/more").symlink_to("/etc")


def lengthen_sums(folder: Path) -> None:
    with (folder / verify.SUMS).open("a") as stream:
        stream.write("\n")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped": (flip, "debian/two_1.0_amd64.deb was changed"),
    "missing": (lambda folder: (folder / "VERSION").unlink(), "VERSION is missing"),
    "extra": (
        lambda folder: (folder / "wheels/evil.whl").touch(),
        "wheels/evil.whl is not of this",
    ),
    "a link": (link, "VERSION is not a plain file"),
    "a linked folder": (link_folder, "wheels/more is not of this bundle"),
    "no sums": (lambda folder: (folder / verify.SUMS).unlink(), "SHA256SUMS is missing"),
    "other sums": (lengthen_sums, "was not made with the key"),
    "no signature": (
        lambda folder: (folder / verify.SIGNATURE).write_bytes(b""),
        "was not made with the key",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_bundle_is_refused(bundle: Path, public: Path, name: str) -> None:
    damage, said = DAMAGES[name]
    damage(bundle)
    done = run_verify(bundle, public)
    assert done.returncode == 1
    assert said in done.stderr
    assert "The bundle is not used." in done.stderr


def test_everything_that_is_wrong_is_named(bundle: Path, public: Path) -> None:
    flip(bundle)
    (bundle / "VERSION").unlink()
    (bundle / "extra").touch()
    said = run_verify(bundle, public).stderr
    assert "VERSION is missing" in said
    assert "extra is not of this bundle" in said
    assert "debian/two_1.0_amd64.deb was changed" in said


def test_a_bundle_signed_by_somebody_else_is_refused(bundle: Path, public: Path) -> None:
    """Its sums and its own public key fit together; the maker's key does not."""
    sign(bundle, Ed25519PrivateKey.generate())
    done = run_verify(bundle, public)
    assert done.returncode == 1
    assert "was not made with the key" in done.stderr


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b"])
def test_a_signed_list_may_not_point_out_of_the_bundle(
    bundle: Path, public: Path, key: Ed25519PrivateKey, name: str
) -> None:
    sums = bundle / verify.SUMS
    sums.write_text(f"{'0' * 64}  {name}\n")
    (bundle / verify.SIGNATURE).write_bytes(key.sign(sums.read_bytes()))
    done = run_verify(bundle, public)
    assert done.returncode == 1
    assert "no name in a bundle" in done.stderr
