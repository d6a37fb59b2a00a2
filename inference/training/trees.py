"""The files of a bare repository's newest commit, and which of them are worth learning from."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MAX_BYTES = 200_000
CODE = frozenset(
    [
        ".py",
        ".pyi",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".cxx",
        ".hpp",
        ".hh",
        ".java",
        ".kt",
        ".scala",
        ".js",
        ".jsx",
        ".mjs",
        ".cjs",
        ".ts",
        ".tsx",
        ".rb",
        ".php",
        ".cs",
        ".swift",
        ".sh",
        ".lua",
    ]
)
PROSE = frozenset([".md", ".markdown", ".rst", ".adoc", ".mdx"])
# Copies of other people's projects, among them some that the model is measured on.
FOREIGN = re.compile(
    r"(?:^|/)(?:vendor|vendored|_vendor|third[_-]?party|3rdparty|deps|node_modules|dist|generated"
    r"|external|site-packages|fixtures?|testdata|\.yarn|snapshots?|__snapshots__|locales?"
    r"|translations)/",
    re.IGNORECASE,
)
TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|specs?|__tests__|e2e)/|(?:^|/)test_|[_.-](?:test|spec)s?\.", re.I
)
UNWRITTEN = re.compile(
    r"\.min\.|\.pb\.go$|_pb2|\.d\.ts$|zz_generated|change(?:log|s)|history\.|news\.", re.I
)


def is_learned_from(path: str) -> bool:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in CODE and suffix not in PROSE:
        return False
    return not FOREIGN.search(path) and not UNWRITTEN.search(path)


def is_test(path: str) -> bool:
    return TEST.search(path) is not None


def is_prose(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in PROSE


def head_of(repository: Path) -> str:
    return _git(repository, "rev-parse", "HEAD").decode("ascii").strip()


def text_at_head(repository: Path, path: str) -> str:
    return _git(repository, "show", f"HEAD:{path}").decode("utf-8", "replace")


def names_at_head(repository: Path) -> list[str]:
    """Return the names of the files in the root folder."""
    return _git(repository, "ls-tree", "--name-only", "HEAD").decode("utf-8", "replace").split("\n")


def files_at_head(repository: Path) -> Iterator[tuple[str, str]]:
    """Yield path and text of the files that are worth learning from, in the order of the tree."""
    listing = _git(repository, "ls-tree", "-r", "-l", "-z", "HEAD").decode("utf-8", "replace")
    chosen: list[tuple[str, str]] = []
    for entry in listing.split("\0"):
        about, _, path = entry.partition("\t")
        fields = about.split()
        if len(fields) != 4 or fields[1] != "blob" or not fields[3].isdecimal():
            continue
        if int(fields[3]) <= MAX_BYTES and is_learned_from(path):
            chosen.append((fields[2], path))
    yield from _contents(repository, chosen)


def _contents(repository: Path, chosen: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    with subprocess.Popen(
        ["git", f"--git-dir={repository}", "cat-file", "--batch"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as cat:
        assert cat.stdin is not None  # noqa: S101 - both were asked for
        assert cat.stdout is not None  # noqa: S101
        for oid, path in chosen:
            cat.stdin.write(f"{oid}\n".encode("ascii"))
            cat.stdin.flush()
            header = cat.stdout.readline().split()
            if len(header) != 3:
                continue
            content = cat.stdout.read(int(header[2]) + 1)[:-1]
            if b"\0" not in content:
                yield path, content.decode("utf-8", "replace").replace("\r\n", "\n")
        cat.stdin.close()


def _git(repository: Path, *arguments: str) -> bytes:
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *arguments], capture_output=True, check=True
    )
    return done.stdout
