"""What is skipped before a byte of it is read."""

from __future__ import annotations

import os

import pytest

from indexer.reading.entries import skip_for_entry
from indexer.skips import SkipReason

FILE = 0o100644


@pytest.mark.parametrize(
    ("path", "mode", "size_bytes", "reason"),
    [
        ("a.py", FILE, 10, None),
        ("run", 0o100755, 10, None),
        ("a.py", FILE, None, None),
        ("link", 0o120000, 10, SkipReason.SYMLINK),
        ("vendor/lib", 0o160000, None, SkipReason.SUBMODULE),
        ("big.py", FILE, 1_048_577, SkipReason.TOO_LARGE),
        ("just.py", FILE, 1_048_576, None),
        ("empty.py", FILE, 0, SkipReason.EMPTY),
        ("Cargo.lock", FILE, 10, SkipReason.LOCK_FILE),
        (os.fsdecode(b"caf\xe9.py"), FILE, 10, SkipReason.PATH),
        ("größe.py", FILE, 10, None),
        ("d/" * 512 + "a", FILE, 10, SkipReason.PATH),
        ("a\nb.py", FILE, 10, SkipReason.PATH),
        ("a\x7fb.py", FILE, 10, SkipReason.PATH),
        ("", FILE, 10, SkipReason.PATH),
    ],
)
def test_the_tree_entry_alone_can_decide(
    path: str, mode: int, size_bytes: int | None, reason: SkipReason | None
) -> None:
    skip = skip_for_entry(path, mode, size_bytes)
    assert (skip.reason if skip else None) is reason
