"""Small real git repositories for tests, made in a moment and the same every time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

FIRST_COMMIT_AT = 1_750_000_000
ENVIRONMENT = {
    "GIT_AUTHOR_NAME": "Ada Example",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada Example",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
}


@dataclass(slots=True)
class Repository:
    """A repository on disk with the few commands that tests need."""

    path: Path
    commits: list[str] = field(default_factory=list)

    def git(self, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
        return self.git_bytes(*arguments, stdin=stdin, **environment).decode().strip()

    def git_bytes(self, *arguments: str, stdin: bytes = b"", **environment: str) -> bytes:
        moment = f"{FIRST_COMMIT_AT + 60 * len(self.commits)} +0000"
        times = {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        path = os.environ.get("PATH", os.defpath)
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            env={"PATH": path, **ENVIRONMENT, **times, **environment},
            input=stdin,
            capture_output=True,
        )
        if done.returncode:
            raise AssertionError(f"git {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def commit(self, files: Mapping[str, str | bytes | None], message: str = "Change files") -> str:
        """Write these files (None deletes one), commit, and return the commit's hash."""
        for name, content in files.items():
            target = self.path / name
            if content is None:
                target.unlink()
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "--all", "--force")
        return self.commit_index(message)

    def commit_index(self, message: str = "Change files") -> str:
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        self.commits.append(self.git("rev-parse", "HEAD"))
        return self.commits[-1]

    def store(self, content: bytes, kind: str = "blob") -> str:
        """Write any object, well formed or not, and return its id."""
        return self.git("hash-object", "-w", "--literally", "-t", kind, "--stdin", stdin=content)

    def commit_entries(self, entries: Mapping[bytes, tuple[str, str]], message: str = "Odd") -> str:
        """Commit a tree of (mode, object id) by raw name, as no work tree could hold it."""
        records = b"".join(
            mode.encode() + b" " + name + b"\0" + bytes.fromhex(object_id)
            for name, (mode, object_id) in entries.items()
        )
        commit = self.git("commit-tree", "-m", message, self.store(records, "tree"))
        self.git("update-ref", "HEAD", commit)
        self.commits.append(commit)
        return commit

    def bundle(self, target: Path, *refs: str) -> Path:
        self.git("bundle", "create", "--quiet", str(target), *(refs or ("--all", "HEAD")))
        return target

    def bare(self, target: Path) -> Path:
        """Copy into a bare repository that git http-backend may serve."""
        self.git("clone", "--quiet", "--bare", "--no-local", "--", str(self.path), str(target))
        return target

    def push(self, target: Path) -> None:
        """Make a bare copy equal to this repository, rewritten and deleted branches included."""
        self.git("push", "--quiet", "--mirror", "--", str(target))


def make_repository(
    folder: Path,
    files: Mapping[str, str | bytes | None] | None = None,
    *,
    messages: tuple[str, ...] = ("Begin",),
    branch: str = "main",
    object_format: str = "sha1",
) -> Repository:
    """Make a repository with one commit per message; the first one brings the files."""
    folder.mkdir(parents=True, exist_ok=True)
    repository = Repository(folder)
    repository.git(
        "init", "--quiet", f"--initial-branch={branch}", f"--object-format={object_format}"
    )
    for number, message in enumerate(messages):
        first = files if files is not None else {"README.md": "# A small repository\n"}
        repository.commit(first if number == 0 else {}, message)
    return repository
