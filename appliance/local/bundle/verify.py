#!/usr/bin/env python3
"""Check a bundle before anything of it is used: verify-bundle [FOLDER] --key PUBLIC_KEY [--installed RELEASE].

It stands alone (Python's standard library and openssl), lies in every bundle as `verify-bundle`, and
names each file that is missing, changed, or too many. The key must come another way than the bundle:
a bundle that somebody else made is signed, too, by their key. By hand the same is

    openssl pkeyutl -verify -pubin -inkey KEY -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
    sha256sum --check --strict --quiet SHA256SUMS

With --installed it compares, after that, what a host runs (/opt/plumbline/current) with the bundle it came from.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

SUMS, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.sig", "signing-key.pub"
BLOCK_BYTES = 1024 * 1024
# Notes of the installer beside each package; programs, which name the folder they are in, are made on the host too.
MADE_THERE = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json", "uv_cache.json")
ENVIRONMENT = ".venv"
PIP = re.compile(r"pip(-[\d.]+\.dist-info)?$")  # Debian's own, which an environment begins with
PREFIX_CHARACTERS = 66  # a hash in hex and two blanks


class BundleWrong(Exception):
    """The bundle is not as it was made; one sentence for each thing that is wrong."""

    def __init__(self, *sentences: str) -> None:
        super().__init__("\n".join(sentences))


def verify(bundle: Path, key: Path) -> int:
    """Return how many files were checked. Raises BundleWrong, before a file is read if it can."""
    check_signature(bundle, key)
    listed = read_sums(bundle / SUMS)
    there = files_below(bundle) - {SUMS, SIGNATURE}
    wrong = [f"{name} is missing" for name in sorted(listed.keys() - there)]
    wrong += [f"{name} is not of this bundle" for name in sorted(there - listed.keys())]
    for name in sorted(listed.keys() & there):
        path = bundle / name
        if path.is_symlink() or not path.is_file():
            wrong.append(f"{name} is not a plain file")
        elif sha256_of(path) != listed[name]:
            wrong.append(f"{name} was changed")
    if wrong:
        raise BundleWrong(*wrong)
    return len(listed)


def check_signature(bundle: Path, key: Path) -> None:
    """Raise BundleWrong unless the owner of the key signed the checksums."""
    for path in (key, bundle / SUMS, bundle / SIGNATURE):
        if not path.is_file():
            raise BundleWrong(f"{path} is missing")
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(key), "-rawin"]
    files = ["-in", str(bundle / SUMS), "-sigfile", str(bundle / SIGNATURE)]
    done = subprocess.run([*command, *files], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BundleWrong(
            f"{SIGNATURE} was not made with the key of {key}: do not use this bundle. Either it is "
            "another's, or it was changed, or this is not the key that its maker told you."
        )


def read_sums(path: Path) -> dict[str, str]:
    """Return the hash of each listed file."""
    listed = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name = line[PREFIX_CHARACTERS:]
        if not name or ".." in Path(name).parts or Path(name).is_absolute():
            raise BundleWrong(f"{path.name} lists {name!r}, which is no name in a bundle")
        listed[name] = line[:64]
    return listed


def files_below(folder: Path) -> set[str]:
    """Return the names of all files and links, without following links to folders."""
    names = set()
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if Path(parent, name).is_symlink()]
        names |= {Path(parent, name).relative_to(folder).as_posix() for name in (*files, *links)}
    return names


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def compare_installed(bundle: Path, release: Path) -> int:
    """Return how many files of a release are as in the bundle. Raises BundleWrong, naming each that is not."""
    version = (bundle / "VERSION").read_text(encoding="utf-8").strip()
    if not (release / "manage.py").is_file():
        raise BundleWrong(f"{release} is no version of Plumbline")
    expected = dict(_of_product(bundle / "product" / f"plumbline-{version}.tar.gz"))
    packages = next((release / ENVIRONMENT / "lib").glob("python3.*/site-packages"))
    base = packages.relative_to(release)
    for wheel in sorted((bundle / "wheels" / "product").glob("*.whl")):
        expected.update(_of_wheel(wheel, base))
    there = {name for name in files_below(release) if not _is_made_there(name)}
    wrong = [f"MISSING_FILE {name}" for name in sorted(expected.keys() - there)]
    wrong += [f"EXTRA_FILE {name}" for name in sorted(there - expected.keys())]
    wrong += [
        f"INVALID_HASH {name}"
        for name in sorted(expected.keys() & there)
        if (release / name).is_symlink() or sha256_of(release / name) != expected[name]
    ]
    if wrong:
        raise BundleWrong(*wrong, f"{release} is not what the bundle of version {version} holds.")
    return len(expected)


def _of_product(archive: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content:
                name = PurePosixPath(member.name)
                yield (
                    str(name.relative_to(name.parts[0])),
                    hashlib.sha256(content.read()).hexdigest(),
                )


def _of_wheel(wheel: Path, base: Path) -> Iterator[tuple[str, str]]:
    """Yield where the installer puts each file; programs, which it writes anew, are left out."""
    with zipfile.ZipFile(wheel) as packed:
        for entry in packed.infolist():
            name = PurePosixPath(entry.filename)
            if name.parts[0].endswith(".data"):
                if name.parts[1] not in {"purelib", "platlib"}:
                    continue
                name = PurePosixPath(*name.parts[2:])
            placed = str(base / name)
            if not entry.is_dir() and not _is_made_there(placed):
                yield placed, hashlib.sha256(packed.read(entry)).hexdigest()


def _is_made_there(name: str) -> bool:
    parts = PurePosixPath(name).parts
    if "__pycache__" in parts:
        return True
    in_environment = parts[0] == ENVIRONMENT
    if not in_environment or "site-packages" not in parts:
        return in_environment
    inside = parts[parts.index("site-packages") + 1 :]
    is_note = inside[0].endswith(".dist-info") and inside[-1] in MADE_THERE
    return is_note or PIP.match(inside[0]) is not None


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="verify-bundle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).resolve().parent)
    parser.add_argument("--key", type=Path, required=True, help="the maker's public key, in PEM")
    parser.add_argument("--installed", type=Path, help="a version on this host, to be compared")
    options = parser.parse_args(arguments)
    try:
        checked = verify(options.folder, options.key)
        if options.installed:
            alike = compare_installed(options.folder, options.installed.resolve())
            sys.stdout.write(f"{options.installed} is as in the bundle: {alike} files\n")
    except BundleWrong as exc:
        sys.stderr.write(f"{exc}\n" + ("" if options.installed else "The bundle is not used.\n"))
        return 1
    sys.stdout.write(f"The bundle is whole: {checked} files, signed with {options.key}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
