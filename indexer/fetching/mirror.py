"""Fetch a repository into its bare mirror, and read the mirror: what the rest of indexing uses.

A mirror belongs to one source and to this module. It keeps every commit that it ever held, so
that what was cited can still be shown after a branch was rewritten.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import FetchFailed, FetchRefused, LocationRefused
from indexer.fetching.credentials import write_key
from indexer.fetching.hosts import Resolver, pin_address, resolve_host
from indexer.fetching.location import Location, check_ref
from indexer.fetching.objects import (
    CommitFacts,
    commit_facts,
    has_commit,
    iter_changes,
    iter_tree,
    read_blobs,
    read_path,
)
from indexer.fetching.paths import find_repository
from indexer.fetching.policy import LocationPolicy
from indexer.fetching.protocol import FetchRequest
from indexer.fetching.supervision import supervise
from indexer.fetching.tree import TreeEntry
from indexer.fetching.values import (
    Credential,
    FetchedRefs,
    FetchLimits,
    FetchProgress,
    ResolvedRef,
    SshKey,
)

__all__ = [
    "CommitFacts",
    "Credential",
    "FetchLimits",
    "FetchProgress",
    "FetchedRefs",
    "ResolvedRef",
    "SshKey",
    "TreeEntry",
    "commit_facts",
    "delete_mirror",
    "fetch",
    "has_commit",
    "held_for_writing",
    "iter_changes",
    "iter_tree",
    "read_blobs",
    "read_path",
]

MARKER = "plumbline-mirror"  # a folder without it is not ours, and never deleted


def fetch(
    location: Location,
    mirror: Path,
    *,
    refs: Sequence[str] = (),
    credential: Credential | SshKey | None = None,
    policy: LocationPolicy,
    limits: FetchLimits | None = None,
    on_progress: Callable[[FetchProgress], None] | None = None,
    resolver: Resolver = resolve_host,
) -> FetchedRefs:
    """Bring the mirror up to date and say which commits the asked refs are.

    Raises FetchRefused or FetchFailed. After damaged objects the mirror is gone: git does not
    quarantine what a fetch brings, so a second attempt could pass over them.
    """
    if shutil.which("git") is None:
        raise FetchFailed("git_missing", "git is not installed on this machine. Install it.")
    limits = limits or FetchLimits()
    asked = tuple(dict.fromkeys(check_ref(ref) for ref in refs))
    mirror = mirror.absolute()
    with _locked(mirror), _private_folder(mirror) as home:
        request = _request(location, mirror, home, asked, credential, policy, limits, resolver)
        _prepare(mirror)
        try:
            return supervise(request, on_progress)
        except FetchRefused as refusal:
            if refusal.code == "fsck_failed":
                shutil.rmtree(mirror)
            raise
        finally:
            _remove_leftovers(mirror)


@contextmanager
def held_for_writing(mirror: Path) -> Iterator[None]:
    """Hold a mirror, made when there is none, for whoever changes it in another way than `fetch`.

    Raises FetchFailed when somebody else holds it.
    """
    with _locked(mirror):
        _prepare(mirror)
        try:
            yield
        finally:
            _remove_leftovers(mirror)


def delete_mirror(mirror: Path) -> None:
    """Remove a mirror and what belongs to it; nothing happens when there is none."""
    mirror = mirror.absolute()
    with _locked(mirror):
        if mirror.exists():
            _check_ours(mirror)
            shutil.rmtree(mirror)
        shutil.rmtree(_beside(mirror, ".fetch"), ignore_errors=True)
        _beside(mirror, ".known_hosts").unlink(missing_ok=True)
    _beside(mirror, ".lock").unlink(missing_ok=True)


def _request(
    location: Location,
    mirror: Path,
    home: Path,
    refs: tuple[str, ...],
    credential: Credential | SshKey | None,
    policy: LocationPolicy,
    limits: FetchLimits,
    resolver: Resolver,
) -> FetchRequest:
    is_remote = location.kind == "remote"
    source = location.url_or_path if is_remote else _local_source(location, policy)
    https = credential if isinstance(credential, Credential) else None
    return FetchRequest(
        source=source,
        mirror=str(mirror),
        home=str(home),
        protocols=":".join(sorted(policy.schemes)) if is_remote else "file",
        limits=limits,
        refs=refs,
        kind=location.kind,
        is_local=location.kind == "path",
        host=location.host,
        port=location.port,
        pinned_address=(
            pin_address(location, policy, resolver, limits.connect_s) if is_remote else None
        ),
        username=https.username if https else None,
        secret=https.secret if https else None,
        key_file=write_key(home, credential.private_key)
        if isinstance(credential, SshKey)
        else None,
        known_hosts=str(_beside(mirror, ".known_hosts")),
        ca_file=str(policy.ca_file) if policy.ca_file else None,
    )


def _local_source(location: Location, policy: LocationPolicy) -> str:
    """Look again: since the path was connected it or the allowed folders may have changed."""
    if not policy.paths_allowed:
        raise LocationRefused("path_not_allowed", "Folders and bundles may not be connected.")
    path = Path(location.url_or_path)
    if location.kind == "archive" and not path.exists():
        return ""  # an upload is gone once it has become a commit
    found = find_repository(path, policy.path_roots)
    if found.kind != location.kind:
        raise LocationRefused(
            "not_a_repository", f"{found.path} is no longer what was connected. Connect it again."
        )
    return str(found.git_dir or found.path)


@contextmanager
def _locked(mirror: Path) -> Iterator[None]:
    """Hold the mirror against a second fetch, also one by another process."""
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with _beside(mirror, ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise FetchFailed(
                "mirror_busy", "Another job is fetching this repository. Try again later."
            ) from error
        yield


@contextmanager
def _private_folder(mirror: Path) -> Iterator[Path]:
    """Give one fetch a home of its own; what a killed worker left there is removed first."""
    home = _beside(mirror, ".fetch")
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _prepare(mirror: Path) -> None:
    if mirror.exists():
        _check_ours(mirror)
    mirror.mkdir(exist_ok=True)
    (mirror / MARKER).touch()
    _remove_leftovers(mirror)


def _check_ours(mirror: Path) -> None:
    if any(mirror.iterdir()) and not (mirror / MARKER).is_file():
        raise ValueError(f"{mirror} is not a mirror of this product")


def _remove_leftovers(mirror: Path) -> None:
    """Remove what a killed git leaves; nobody else works here, because we hold the lock."""
    for pattern in (
        "*.lock",
        "refs/**/*.lock",
        "objects/pack/tmp_*",
        "objects/??/tmp_*",
        "fast_import_crash_*",
    ):
        for path in mirror.glob(pattern):
            path.unlink(missing_ok=True)


def _beside(mirror: Path, suffix: str) -> Path:
    return mirror.with_name(mirror.name + suffix)
