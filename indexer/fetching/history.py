"""What a mirror knows about one path: in which commits it is, which one changed it last, and who
wrote its lines.

For people who ask why a file is not found: every answer may be missing (no mirror on this machine,
a history too long to walk in time), none is needed by the index.
"""

from __future__ import annotations

import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from indexer.fetching.environment import git_environment
from indexer.fetching.location import OBJECT_ID
from indexer.fetching.patterns import BRANCHES, TAGS
from indexer.spans import Span

TIME_LIMIT_S = 5.0
MOST_REFS = 500  # looked at, newest first
LONGEST_NAME = 100  # letters of an author's name


@dataclass(frozen=True, slots=True)
class PathChange:
    """The last commit that touched a path."""

    commit: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class LineAuthor:
    """Somebody who wrote lines of a file, with how many of them are theirs and the newest."""

    name: str
    lines: int
    wrote_at: datetime


def kind_at(mirror: Path, commit: str, path: str) -> str:
    """Return what a commit has at a path: blob, tree or (a submodule's) commit; empty: nothing."""
    arguments = ["ls-tree", "-z", "--full-tree", "--format=%(objecttype)", _checked(commit)]
    return _output(mirror, [*arguments, "--", path.rstrip("/")]).decode("ascii").strip("\0")


def last_change(mirror: Path, commits: Sequence[str], path: str) -> PathChange | None:
    """Return the newest commit that changed the path, as far as these commits reach back."""
    if not commits:
        return None
    arguments = ["log", "-1", "--format=%H %ct", *map(_checked, commits), "--", path]
    return _change(_output(mirror, arguments).decode("ascii", "replace"))


def last_changes(
    mirror: Path, commits: Sequence[str], paths: Collection[str]
) -> dict[str, PathChange]:
    """Return the newest commit that changed each path, in one walk; merges are not looked into."""
    if not commits or not paths:
        return {}
    arguments = ["log", "-z", "--name-only", "--format=%x01%H %ct", *map(_checked, commits), "--"]
    changes: dict[str, PathChange] = {}
    change: PathChange | None = None
    for word in _output(mirror, [*arguments, *paths]).decode("utf-8", "replace").split("\0"):
        word = word.lstrip("\n")
        if word.startswith("\x01"):
            change = _change(word[1:])
        elif word and change:
            changes.setdefault(word, change)
    return changes


def _change(line: str) -> PathChange | None:
    """Read an object id and seconds since 1970."""
    commit, _, seconds = line.partition(" ")
    if not OBJECT_ID.fullmatch(commit) or not seconds.strip().isdecimal():
        return None
    return PathChange(commit, _moment(int(seconds)))


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(min(seconds, 4_102_444_800), tz=UTC)  # until 2100


def line_authors(mirror: Path, commit: str, path: str, span: Span) -> list[LineAuthor]:
    """Return who wrote these lines as a commit has them, most lines first; nobody when git cannot
    say in time. Names are what authors called themselves: cut, and nothing that is to be trusted.
    """
    lines = f"-L{span.start_line},{span.end_line}"
    arguments = ["blame", "--line-porcelain", lines, _checked(commit), "--", path]
    by_name: dict[str, list[int]] = {}
    name = ""
    for line in _output(mirror, arguments).decode("utf-8", "replace").split("\n"):
        word, _, rest = line.partition(" ")
        if word == "author":
            name = rest.strip()[:LONGEST_NAME]
        elif word == "author-time" and name and rest.isascii() and rest.isdigit():
            by_name.setdefault(name, []).append(int(rest))
    authors = [LineAuthor(name, len(times), _moment(max(times))) for name, times in by_name.items()]
    return sorted(authors, key=lambda one: (-one.lines, one.name))


def mirrored_refs(mirror: Path) -> list[str]:
    """Return the full names of the mirrored branches and tags, newest first."""
    arguments = ["for-each-ref", "--sort=-creatordate", "--format=%(refname)", BRANCHES, TAGS]
    return _output(mirror, arguments).decode("utf-8", "replace").splitlines()


def refs_with(mirror: Path, path: str) -> list[str]:
    """Return the full names of the mirrored branches and tags whose commit has the path."""
    names = mirrored_refs(mirror)[:MOST_REFS]
    if "\n" in path:
        return []  # git takes a line for each question
    questions = "".join(f"{name}:{path}\n" for name in names)
    answers = _output(mirror, ["cat-file", "--batch-check=%(objecttype)"], questions).splitlines()
    return [
        name
        for name, answer in zip(names, answers, strict=False)
        if answer in {b"blob", b"tree", b"commit"}
    ]


def _checked(commit: str) -> str:
    if not OBJECT_ID.fullmatch(commit):
        raise ValueError(f"not an object id: {commit[:80]!r}")
    return commit


def _output(mirror: Path, arguments: Sequence[str], questions: str = "") -> bytes:
    """Return what git says, nothing when it fails or takes too long."""
    if not mirror.is_dir():
        return b""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, checked object ids, a literal path
            ["git", "--literal-pathspecs", f"--git-dir={mirror}", *arguments],  # noqa: S607
            input=questions.encode("utf-8", "surrogatepass"),
            capture_output=True,
            env=git_environment(),
            cwd="/",
            timeout=TIME_LIMIT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return b""
    return done.stdout
