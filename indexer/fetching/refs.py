"""What a repository offers, and what the asked names stand for in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from git import Git

from indexer.errors import FetchError, FetchRefused
from indexer.fetching.commands import output_of
from indexer.fetching.location import is_commit_hash
from indexer.fetching.values import ResolvedRef

BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
HEAD_REF = "refs/plumbline/head"  # where the mirror keeps the remote's HEAD
USUAL_DEFAULTS = ("main", "master", "trunk", "develop")


@dataclass(slots=True)
class RefListing:
    """The remote's refs, collected line by line, under the names that they get in the mirror."""

    most_refs: int
    objects: dict[str, str] = field(default_factory=dict)
    head_branch: str | None = None  # what the remote's HEAD points to

    def add(self, line: str) -> None:
        """Take one line of `git ls-remote --symref`."""
        left, _, name = line.partition("\t")
        if left.startswith("ref: "):
            if name == "HEAD" and left.startswith(f"ref: {BRANCHES}"):
                self.head_branch = left.removeprefix(f"ref: {BRANCHES}")
            return
        if name == "HEAD":
            self.objects[HEAD_REF] = left
        elif name.startswith((BRANCHES, TAGS)) and not name.endswith("^{}"):
            self.objects[name] = left
        if len(self.objects) > self.most_refs:
            raise FetchRefused(
                "too_many_refs",
                f"The repository has more than {self.most_refs} branches and tags, the limit for "
                "one source.",
            )

    @property
    def object_format(self) -> str:
        return "sha256" if any(len(found) == 64 for found in self.objects.values()) else "sha1"


def default_ref(listing: RefListing, mirrored: Mapping[str, str]) -> str:
    """Return the mirror's ref for what the repository shows first."""
    if (pointed := f"{BRANCHES}{listing.head_branch}") in mirrored:
        return pointed
    head = mirrored.get(HEAD_REF)  # a bundle says which commit HEAD is, not which branch
    branches = [name for name in mirrored if name.startswith(BRANCHES)]
    branches.sort(key=_usual_first)
    candidates = [name for name in branches if head in (None, mirrored[name])]
    if candidates:
        return candidates[0]
    return HEAD_REF if head else next(iter(mirrored))


def resolve_refs(
    mirror: Git, listing: RefListing, mirrored: Mapping[str, str], asked: Sequence[str]
) -> dict[str, ResolvedRef]:
    default = default_ref(listing, mirrored)
    if not asked:
        resolved = _resolve(mirror, _short(default), default)
        return {resolved.name: resolved}
    return {
        name: _resolve(mirror, name, default if name == "HEAD" else find_ref(name, mirrored))
        for name in asked
    }


def find_ref(name: str, mirrored: Mapping[str, str]) -> str:
    """Return the full name of a branch, else of a tag, else the commit hash."""
    for full in (f"{BRANCHES}{name}", f"{TAGS}{name}", name):
        if full in mirrored:
            return full
    if is_commit_hash(name.lower()):
        return name.lower()
    raise no_such_ref(name, mirrored)


def no_such_ref(name: str, mirrored: Mapping[str, str]) -> FetchRefused:
    close = difflib.get_close_matches(name, [_short(full) for full in mirrored], n=3)
    advice = f" Did you mean {', '.join(close)}?" if close else ""
    return FetchRefused(
        "no_such_ref", f"The repository has no branch, tag or commit {name}.{advice}"
    )


def commit_of(mirror: Git, full: str) -> str | None:
    """Return the commit behind a full ref name or a commit hash, None when there is none."""
    arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{full}^{{commit}}"]
    try:
        return output_of(mirror, arguments)[0]
    except (FetchError, IndexError):
        return None


def _resolve(mirror: Git, name: str, full: str) -> ResolvedRef:
    commit = commit_of(mirror, full)
    if commit is None:
        raise FetchRefused(
            "no_such_ref", f"{name} is not, or not unambiguously, a commit of this repository."
        )
    if full.startswith(BRANCHES):
        return ResolvedRef(name, commit, "branch")
    return ResolvedRef(name, commit, "tag" if full.startswith(TAGS) else "commit")


def _short(full: str) -> str:
    return "HEAD" if full == HEAD_REF else full.removeprefix(BRANCHES).removeprefix(TAGS)


def _usual_first(full: str) -> tuple[int, str]:
    name = _short(full)
    return (USUAL_DEFAULTS.index(name) if name in USUAL_DEFAULTS else len(USUAL_DEFAULTS), name)
