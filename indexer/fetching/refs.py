"""What a repository offers, and what the asked names and patterns stand for in it.

Which ref search uses when none is asked for: the first in the list where that is a name; else the
repository's default branch if the list stands for it; else the first name in the list; else the
newest ref that the patterns stand for.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from git import Git

from indexer.errors import FetchError, FetchRefused, LocationRefused
from indexer.fetching.commands import output_of
from indexer.fetching.location import check_ref, is_commit_hash
from indexer.fetching.patterns import (
    BRANCHES,
    TAGS,
    is_pattern,
    matching,
    names_of,
    short_name,
)
from indexer.fetching.values import ResolvedRef

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


@dataclass(frozen=True, slots=True)
class Resolution:
    """The refs to follow, by name, and what there is to say about the patterns."""

    refs: Mapping[str, ResolvedRef]
    notes: tuple[str, ...] = ()


def resolve_refs(
    mirror: Git,
    listing: RefListing,
    mirrored: Mapping[str, str],
    asked: Sequence[str],
    most: int = 50,
) -> Resolution:
    """Return what the names and patterns stand for now, the default ref first.

    A name that stands for nothing is refused; a pattern only where nothing else is left. Of what
    patterns stand for the newest commits are followed, up to `most` refs in all.
    """
    default = default_ref(listing, mirrored)
    if not asked:
        only = _resolve(mirror, _short(default), default)
        return Resolution({only.name: only})
    named = {
        name: default if name == "HEAD" else find_ref(name, mirrored)
        for name in asked
        if not is_pattern(name)
    }
    patterns = [name for name in asked if is_pattern(name)]
    dates = _commit_dates(mirror) if patterns else {}
    found, notes = _found_by(patterns, dates)
    found = [full for full in found if full not in named.values()]
    if default in found:  # never beyond the limit
        found.insert(0, found.pop(found.index(default)))
    room = max(0, most - len(named))
    if len(found) > room:
        notes.append(
            f"{len(found) - room} branches and tags that the patterns stand for are not followed: "
            f"{most} refs of one source are the limit, the newest commits come first."
        )
    names = names_of(mirrored)
    followed = [*named.items(), *((names[full], full) for full in found[:room])]
    if is_pattern(asked[0]):
        followed.sort(key=lambda pair: pair[1] != default)
    resolved = {
        name: _resolve(mirror, name, full)
        for name, full in followed
        if name in named or commit_of(mirror, full)  # a tag may be one of no commit
    }
    if not resolved:
        raise _nothing_matches(patterns, mirrored)
    return Resolution(resolved, tuple(notes))


def _found_by(patterns: Sequence[str], dates: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Return the full names that any pattern stands for, newest first, and notes."""
    found: set[str] = set()
    notes: list[str] = []
    refused = 0
    for pattern in patterns:
        full_names = matching(pattern, dates)
        usable = [full for full in full_names if _is_usable(full)]
        refused += len(full_names) - len(usable)
        found.update(usable)
        if not usable:
            notes.append(f"No branch or tag matches {pattern}.")
    if refused:
        notes.append(f"{refused} refs have names that cannot be followed.")
    return sorted(found, key=lambda full: (-dates[full], full)), notes


def _is_usable(full: str) -> bool:
    try:
        return check_ref(full) == full and bool(check_ref(short_name(full)))
    except LocationRefused:
        return False


def _commit_dates(mirror: Git) -> dict[str, int]:
    """Return when each branch's and tag's commit was made, 0 where git does not say.

    Refs of something else are left out, as far as that shows: a tag of a tag may be one of those.
    """
    kind, made = "objecttype", "committerdate:unix"
    form = f"--format=%(refname)%09%({kind})%09%(*{kind})%09%({made})%09%(*{made})"
    dates: dict[str, int] = {}
    for line in output_of(mirror, ["for-each-ref", form, BRANCHES, TAGS]):
        full, own, peeled, own_made, peeled_made = line.split("\t")
        if (peeled or own) in {"commit", "tag"}:
            made_at = peeled_made or own_made
            dates[full] = int(made_at) if made_at.isdecimal() else 0
    return dates


def _nothing_matches(patterns: Sequence[str], mirrored: Collection[str]) -> FetchRefused:
    some = ", ".join(sorted(_short(full) for full in mirrored if full != HEAD_REF)[:3])
    return FetchRefused(
        "no_such_ref",
        f"No branch or tag of the repository matches {', '.join(patterns)}. It has {some}.",
    )


def find_ref(name: str, mirrored: Mapping[str, str]) -> str:
    """Return the full name of a branch, else of a tag, else the commit hash."""
    for full in (f"{BRANCHES}{name}", f"{TAGS}{name}", f"refs/{name}", name):
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
    return "HEAD" if full == HEAD_REF else short_name(full)


def _usual_first(full: str) -> tuple[int, str]:
    name = _short(full)
    return (USUAL_DEFAULTS.index(name) if name in USUAL_DEFAULTS else len(USUAL_DEFAULTS), name)
