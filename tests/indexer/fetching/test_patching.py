"""What git makes of a patch: tried beside the mirror, which stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.fetching.patching import LARGEST_PATCH, Applied, apply_patch, originals_at
from tests.gitrepos import Repository, make_repository

TEXT = "one\ntwo\nthree\n"
PATCH = b"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return make_repository(tmp_path / "work", {"a.txt": TEXT, "folder/b.txt": "b\n"})


def git_dir(repository: Repository) -> Path:
    return repository.path / ".git"


def tried(repository: Repository, patch: bytes, *paths: str) -> Applied:
    commit = repository.commits[-1]
    originals = originals_at(git_dir(repository), commit, paths or ("a.txt",))
    return apply_patch(git_dir(repository), commit, patch, originals)


def everything_in(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*")}


def test_a_patch_that_fits_gives_the_file_after_it(repository: Repository) -> None:
    before = everything_in(git_dir(repository))
    assert tried(repository, PATCH) == Applied({"a.txt": b"one\n2\nthree\n"})
    assert everything_in(git_dir(repository)) == before
    assert (repository.path / "a.txt").read_text() == TEXT


def test_a_patch_that_does_not_fit_says_where(repository: Repository) -> None:
    result = tried(repository, PATCH.replace(b"-two", b"-zwei"))
    assert (result.contents, result.error) == ({}, "patch failed: a.txt:1")


@pytest.mark.parametrize(
    "patch",
    [
        b"",
        b"nothing of a patch",
        b"--- a/../../x\n+++ b/../../x\n@@ -0,0 +1 @@\n+x\n",
        b"--- a/folder/b.txt\n+++ b/folder/b.txt\n@@ -1 +1 @@\n-b\n+c\n",  # not among the originals
        b"diff --git a/.git/config b/.git/config\nnew file mode 100644\n--- /dev/null\n"
        b"+++ b/.git/config\n@@ -0,0 +1 @@\n+x\n",
        b"x" * (LARGEST_PATCH + 1),
        b"diff --git a/a.txt b/a.txt\nGIT binary patch\nliteral 1000000000\nzcmZ\n",
    ],
)
def test_hostile_patches_are_refused(repository: Repository, patch: bytes) -> None:
    result = tried(repository, patch)
    assert result.contents == {}
    assert result.error


def test_no_filter_or_hook_of_the_repository_is_run(repository: Repository, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    repository.git("config", "filter.evil.clean", f"touch {trace}; cat")
    repository.git("config", "filter.evil.smudge", f"touch {trace}; cat")
    repository.commit({".gitattributes": "*.txt filter=evil\n"})
    trace.unlink(missing_ok=True)
    hook = git_dir(repository) / "hooks" / "post-index-change"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {trace}\n")
    hook.chmod(0o755)
    assert tried(repository, PATCH).contents
    assert not trace.exists()


def test_what_stands_at_a_path_is_told_with_its_kind(repository: Repository) -> None:
    (repository.path / "link").symlink_to("a.txt")
    repository.commit({})
    paths = ("a.txt", "folder", "folder/new.txt", "link", "none")
    originals = originals_at(git_dir(repository), repository.commits[-1], paths)
    assert set(originals) == {"a.txt", "folder", "link"}
    assert originals["a.txt"].content == TEXT.encode()
    assert (originals["folder"].entry.is_file, originals["link"].entry.is_symlink) == (False, True)


def test_without_a_mirror_there_is_nothing(tmp_path: Path) -> None:
    assert originals_at(tmp_path / "none", "a" * 40, ["a.txt"]) == {}


def test_only_object_ids_are_commits(repository: Repository) -> None:
    with pytest.raises(ValueError, match="object id"):
        apply_patch(git_dir(repository), "--output=x", PATCH, {})
