#!/usr/bin/env python3
"""Check a bundle before anything of it is used: verify-bundle [FOLDER] --key PUBLIC_KEY.

It stands alone (Python's standard library and openssl), lies in every bundle as `verify-bundle`, and
names each file that is missing, changed, or too many. The key must come another way than the bundle:
a bundle that somebody else made is signed, too, by their key. By hand the same is

    openssl pkeyutl -verify -pubin -inkey KEY -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig
    sha256sum --check --strict --quiet SHA256SUMS
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

SUMS, SIGNATURE, PUBLIC_KEY = "SHA256SUMS", "SHA256SUMS.sig", "signing-key.pub"
BLOCK_BYTES = 1024 * 1024
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


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="verify-bundle", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("folder", type=Path, nargs="?", default=Path(__file__).resolve().parent)
    parser.add_argument("--key", type=Path, required=True, help="the maker's public key, in PEM")
    options = parser.parse_args(arguments)
    try:
        checked = verify(options.folder, options.key)
    except BundleWrong as exc:
        sys.stderr.write(f"{exc}\nThe bundle is not used.\n")
        return 1
    sys.stdout.write(f"The bundle is whole: {checked} files, signed with {options.key}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
