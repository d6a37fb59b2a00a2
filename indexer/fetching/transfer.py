"""Bring one repository into its mirror: the steps that the child takes, each a git command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from git import Git

from indexer.errors import FetchError, FetchRefused
from indexer.fetching.commands import ProgressReporter, output_of, run_git
from indexer.fetching.credentials import helper_settings, open_credential, ssh_command
from indexer.fetching.environment import Setting, git_environment, write_global_config
from indexer.fetching.location import OBJECT_ID
from indexer.fetching.protocol import FetchRequest
from indexer.fetching.refs import HEAD_REF, RefListing, commit_of, resolve_refs
from indexer.fetching.values import FetchedRefs, FetchProgress

BRANCHES_AND_TAGS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
ASKED_REFS = "refs/plumbline/asked/"  # commits that no branch or tag reaches
MOST_PACKS = 40  # each fetch that brings something adds one


class Transfer:
    """One fetch from one repository."""

    def __init__(self, request: FetchRequest, report: Callable[[FetchProgress], None]) -> None:
        self.request = request
        self.report = report
        credential = request.credential
        self.descriptors = [open_credential(credential)] if credential else []
        self.git = Git(request.home)
        self.git.update_environment(**self._environment())

    def run(self) -> FetchedRefs:
        """Fetch all branches and tags and resolve the asked refs."""
        self.report(FetchProgress("connecting"))
        listing = self._list_refs()
        self._open_mirror(listing.object_format)
        changed = listing.objects != self._mirrored()
        if changed:
            self._fetch_all(listing)
            self._join_packs()
        self.report(FetchProgress("checking"))
        self._fetch_asked_commits()
        request = self.request
        found = resolve_refs(
            self.git, listing, self._mirrored(), request.refs, request.limits.followed_count
        )
        return FetchedRefs(found.refs, changed=changed, notes=found.notes)

    def _list_refs(self) -> RefListing:
        listing = RefListing(self.request.limits.ref_count)
        run_git(
            self.git,
            ["ls-remote", "--symref", "--quiet", *self._upload_pack(), "--", self.request.source],
            on_line=listing.add,
            pass_descriptors=self.descriptors,
        )
        if not listing.objects:
            raise FetchRefused(
                "empty_repository", "The repository has no commits yet. Push something, then sync."
            )
        return listing

    def _open_mirror(self, object_format: str) -> None:
        mirror = self.request.mirror
        if not (Path(mirror) / "HEAD").exists():
            words = ["init", "--bare", "--quiet", "--template=", f"--object-format={object_format}"]
            output_of(self.git, [*words, "--", mirror])
        self.git.update_environment(GIT_DIR=mirror)

    def _mirrored(self) -> dict[str, str]:
        form = "--format=%(objectname) %(refname)"
        lines = output_of(self.git, ["for-each-ref", form, "refs/heads", "refs/tags", HEAD_REF])
        pairs = (line.partition(" ") for line in lines)
        return {name: object_id for object_id, _, name in pairs}

    def _fetch_all(self, listing: RefListing) -> None:
        head = f"+HEAD:{HEAD_REF}"
        if HEAD_REF in listing.objects:
            self._fetch([*BRANCHES_AND_TAGS, head], "--prune")
        else:
            output_of(self.git, ["update-ref", "-d", HEAD_REF])
            self._fetch(BRANCHES_AND_TAGS, "--prune")

    def _fetch_asked_commits(self) -> None:
        """Ask for commits that no branch or tag reaches; servers may refuse to give them."""
        for name in self.request.refs:
            object_id = name.lower()
            if OBJECT_ID.fullmatch(object_id) and commit_of(self.git, object_id) is None:
                try:
                    self._fetch([f"+{object_id}:{ASKED_REFS}{object_id}"])
                except FetchRefused:
                    raise
                except FetchError as error:
                    raise FetchRefused(
                        "no_such_ref", f"The repository does not offer the commit {name}."
                    ) from error

    def _fetch(self, refspecs: Sequence[str], *options: str) -> None:
        words = ["fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--force"]
        words += ["--no-auto-maintenance", "--no-write-fetch-head", *options]
        if self.request.is_local:
            words.append("--update-shallow")  # a shallow checkout on disk may be connected too
        run_git(
            self.git,
            [*words, *self._upload_pack(), "--", self.request.source, *refspecs],
            progress=ProgressReporter(self.report),
            pass_descriptors=self.descriptors,
        )

    def _join_packs(self) -> None:
        """Make one pack of many, keeping what no ref reaches: citations still point there."""
        packs = Path(self.request.mirror, "objects", "pack").glob("*.pack")
        if sum(1 for _ in packs) > MOST_PACKS:
            output_of(self.git, ["repack", "-a", "-d", "--keep-unreachable", "--quiet"])

    def _upload_pack(self) -> list[str]:
        # Strict: exactly this directory, not another repository that lies inside it.
        return ["--upload-pack=git-upload-pack --strict"] if self.request.is_local else []

    def _environment(self) -> dict[str, str]:
        request = self.request
        environment = git_environment(
            home=request.home,
            protocols=request.protocols,
            settings=self._settings(),
            global_config=(
                write_global_config(Path(request.home), request.source)
                if request.is_local
                else "/dev/null"
            ),
        )
        environment["GIT_SSH_VARIANT"] = "ssh"
        environment["GIT_SSH_COMMAND"] = ssh_command(
            host=request.host or "unknown",
            address=request.pinned_address,
            known_hosts=request.known_hosts,
            key_file=request.key_file,
            connect_s=request.limits.connect_s,
        )
        return environment

    def _settings(self) -> list[Setting]:
        request = self.request
        settings = [("http.lowSpeedTime", str(request.limits.stall_s))]
        if request.ca_file:
            settings.append(("http.sslCAInfo", request.ca_file))
        is_named = request.pinned_address not in (None, request.host)
        if is_named and request.source.startswith(("https:", "http:")):
            pin = f"{request.host}:{request.port}:{request.pinned_address}"
            settings.append(("http.curloptResolve", pin))
        for descriptor in self.descriptors:
            settings += helper_settings(request.source, descriptor)
        return settings
