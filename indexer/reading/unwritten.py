"""Files that nobody wrote and nobody reads: lock files, pointers, generated and minified ones.

In doubt a file is indexed: a missing answer costs more than a few chunks too many.
"""

from __future__ import annotations

import re

LFS_HEAD = b"version https://git-lfs.github.com/spec/v1\n"
LFS_MAX_BYTES = 1024  # the specification's own limit

LOCK_FILES = frozenset(
    {
        ".terraform.lock.hcl",
        "bun.lock",
        "bun.lockb",
        "cabal.project.freeze",
        "cargo.lock",
        "cartfile.resolved",
        "composer.lock",
        "conan.lock",
        "deno.lock",
        "flake.lock",
        "gemfile.lock",
        "go.sum",
        "go.work.sum",
        "gradle.lockfile",
        "mix.lock",
        "module.bazel.lock",
        "npm-shrinkwrap.json",
        "package-lock.json",
        "package.resolved",
        "packages.lock.json",
        "paket.lock",
        "pdm.lock",
        "pipfile.lock",
        "pixi.lock",
        "pnpm-lock.yaml",
        "podfile.lock",
        "poetry.lock",
        "pubspec.lock",
        "pylock.toml",
        "stack.yaml.lock",
        "uv.lock",
        "yarn.lock",
    }
)

HEAD_LINES = 20
HEAD_LINE_LENGTH = 300
COMMENT = re.compile(r"\s*(?://|#|/?\*|--|;|<!--|%|\"\"\"|'''|\.\.|@?rem\b|dnl\b)", re.IGNORECASE)
GENERATED = re.compile(
    r"@generated\b"
    r"|\bgenerated\b.{0,160}\bdo not (?:edit|modify|change)\b"
    r"|\bdo not (?:edit|modify|change)\b.{0,160}\bgenerated\b",
    re.IGNORECASE,
)

# Prose keeps a paragraph on a line and a notebook an image, so they are judged more mildly.
LONG_LINE_LANGUAGES = {
    "markdown": 4000,
    "restructuredtext": 4000,
    "text": 4000,
    "notebook": 100_000,
}
LONG_LINE = 500  # mean length, in characters; hand-written code stays below 60
SHORT_FILE = 4096


def is_lfs_pointer(content: bytes) -> bool:
    return len(content) <= LFS_MAX_BYTES and content.startswith(LFS_HEAD)


def is_lock_file(path: str) -> bool:
    return path.rpartition("/")[2].lower() in LOCK_FILES


def is_generated(text: str) -> bool:
    """Say whether a comment in the first lines declares the file to be a program's output."""
    head = text[: HEAD_LINES * HEAD_LINE_LENGTH].split("\n", HEAD_LINES)[:HEAD_LINES]
    comments = (line[:HEAD_LINE_LENGTH] for line in head if COMMENT.match(line))
    return GENERATED.search(" ".join(comments)) is not None


def is_minified(text: str, language: str) -> bool:
    """Say whether the lines are too long to be cited: packed scripts, one-line JSON."""
    if len(text) < SHORT_FILE:
        return False
    lines = [len(line) for line in text.split("\n") if line]
    limit = LONG_LINE_LANGUAGES.get(language, LONG_LINE)
    if sum(lines) > limit * len(lines):
        return True
    # A licence of many short lines in front of one packed line hides in the mean.
    return sum(length for length in lines if length > 10 * limit) * 2 > len(text)
