"""Find the repository or bundle at a path without running git in it, inside the allowed folders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from indexer.errors import LocationRefused

BUNDLE_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
ARCHIVE_ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
LONGEST_POINTER = 4096  # bytes of a .git file, of commondir, of objects/info/alternates
DEEPEST_ALTERNATES = 5


@dataclass(frozen=True, slots=True)
class FoundRepository:
    path: Path  # as shown to people: the folder or the file, symbolic links resolved
    kind: Literal["path", "bundle", "folder", "archive"]
    git_dir: Path | None = None  # what git reads of a repository


def find_repository(path: Path, roots: Sequence[Path]) -> FoundRepository:
    """Return what lies at this path, or raise LocationRefused."""
    try:
        # Before anything else: outside the folders the answer does not tell what exists.
        _check_inside(path.resolve(), roots)
        found = path.resolve(strict=True)
        return _identify(found, roots)
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of symbolic links
        raise LocationRefused(
            "path_not_found", f"{path} does not exist or cannot be read on this machine."
        ) from error


def _identify(found: Path, roots: Sequence[Path]) -> FoundRepository:
    if found.is_file():
        return FoundRepository(found, _kind_of_file(found))
    if not found.is_dir():
        raise _not_a_repository(found)
    git_dir = _git_dir_of(found)
    if git_dir == found and not (found / "HEAD").exists() and not (found / ".git").exists():
        return FoundRepository(found, "folder")
    _check_inside(git_dir, roots)
    common = _common_dir_of(git_dir)
    for needed in (git_dir / "HEAD", common / "objects", common / "refs"):
        if not needed.exists():
            raise _not_a_repository(found)
        _check_inside(needed.resolve(strict=True), roots)
    _check_objects(common / "objects", roots, DEEPEST_ALTERNATES)
    return FoundRepository(found, "path", git_dir)


def _kind_of_file(file: Path) -> Literal["bundle", "archive"]:
    with file.open("rb") as stream:
        if stream.read(len(BUNDLE_SIGNATURES[0])) in BUNDLE_SIGNATURES:
            return "bundle"
    if file.name.lower().endswith(ARCHIVE_ENDINGS):
        return "archive"
    raise _not_a_repository(file)


def _git_dir_of(folder: Path) -> Path:
    dot_git = folder / ".git"
    if dot_git.is_dir():
        return dot_git.resolve(strict=True)
    if dot_git.is_file():  # a linked worktree or a submodule: the file names the place
        pointer = _read_pointer(dot_git)
        if pointer.startswith("gitdir:"):
            return (folder / pointer.removeprefix("gitdir:").strip()).resolve(strict=True)
    return folder


def _common_dir_of(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.is_file():
        return git_dir
    return (git_dir / _read_pointer(pointer).strip()).resolve(strict=True)


def _check_objects(objects: Path, roots: Sequence[Path], depth: int) -> None:
    """Refuse objects borrowed from outside the roots: the repository next door stays closed."""
    _check_inside(objects.resolve(strict=True), roots)
    for below in objects.iterdir():
        if below.is_symlink():
            _check_inside(below.resolve(strict=True), roots)
    alternates = objects / "info" / "alternates"
    if not alternates.exists():
        return
    if depth == 0:
        raise _not_a_repository(objects)
    for line in _read_pointer(alternates).splitlines():
        if line and not line.startswith("#"):
            _check_objects((objects / line).resolve(strict=True), roots, depth - 1)


def _read_pointer(path: Path) -> str:
    with path.open("rb") as stream:
        content = stream.read(LONGEST_POINTER + 1)
    if len(content) > LONGEST_POINTER or b"\0" in content:
        raise _not_a_repository(path)
    return content.decode("utf-8", "surrogateescape")


def _check_inside(path: Path, roots: Sequence[Path]) -> None:
    resolved = [root.resolve() for root in roots]
    if not any(path.is_relative_to(root) for root in resolved):
        raise LocationRefused(
            "path_not_allowed",
            f"{path} is not inside a folder that the operator has opened for repositories.",
        )


def _not_a_repository(path: Path) -> LocationRefused:
    return LocationRefused(
        "not_a_repository",
        f"{path} is neither a git repository, a bundle nor an archive. Name the folder that holds "
        ".git, a bare repository, a file made by git bundle create, or a .zip or .tar file.",
    )
