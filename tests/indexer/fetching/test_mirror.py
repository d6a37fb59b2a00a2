"""Fetching from remotes, folders and bundles, the first time and again."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import FetchFailed, FetchRefused, LocationRefused
from indexer.fetching.location import Location, parse_location
from indexer.fetching.mirror import (
    FetchedRefs,
    FetchProgress,
    ResolvedRef,
    delete_mirror,
    fetch,
    iter_tree,
    read_blobs,
)
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import Repository, make_repository
from tests.gitserver import GitServer


def contents(mirror: Path, commit: str) -> dict[str, bytes]:
    entries = list(iter_tree(mirror, commit))
    blobs = dict(read_blobs(mirror, [entry.object_id for entry in entries]))
    return {entry.path: blobs[entry.object_id] for entry in entries}


def only(fetched: FetchedRefs) -> ResolvedRef:
    (ref,) = fetched.refs.values()
    return ref


@pytest.fixture(params=["remote", "path", "bare", "bundle"])
def location(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    repository: Repository,
    policy: LocationPolicy,
) -> Location:
    """The same repository in every form that can be connected."""
    repository.git("branch", "feature/x")
    repository.git("tag", "-a", "v1", "-m", "First")
    repository.commit({"README.md": "# Two\n"})
    if request.param == "remote":
        server: GitServer = request.getfixturevalue("server")
        return parse_location(server.url("one.git"), policy)
    if request.param == "bare":
        return parse_location(str(repository.bare(tmp_path / "bare.git")), policy)
    if request.param == "bundle":
        return parse_location(str(repository.bundle(tmp_path / "one.bundle")), policy)
    return parse_location(str(repository.path), policy)


def test_the_default_branch_is_fetched_when_no_ref_is_asked(
    location: Location, mirror: Path, policy: LocationPolicy, repository: Repository
) -> None:
    fetched = fetch(location, mirror, policy=policy)
    assert fetched.refs == {"main": ResolvedRef("main", repository.commits[1], "branch")}
    assert contents(mirror, only(fetched).commit) == {
        "README.md": b"# Two\n",
        "src/app.py": b"def run() -> None: ...\n",
    }


def test_branches_tags_and_commits_are_resolved_in_every_form(
    location: Location, mirror: Path, policy: LocationPolicy, repository: Repository
) -> None:
    first, second = repository.commits
    asked = ["main", "feature/x", "v1", first, first[:10], "HEAD", "refs/tags/v1"]
    fetched = fetch(location, mirror, refs=asked, policy=policy)
    found = [(fetched.refs[name].commit, fetched.refs[name].kind) for name in asked]
    assert found == [
        (second, "branch"),
        (first, "branch"),
        (first, "tag"),
        (first, "commit"),
        (first, "commit"),
        (second, "branch"),
        (first, "tag"),
    ]


def test_a_second_fetch_without_changes_brings_nothing(
    location: Location, mirror: Path, policy: LocationPolicy
) -> None:
    first = fetch(location, mirror, policy=policy)
    packs = sorted(mirror.glob("objects/pack/*"))
    second = fetch(location, mirror, policy=policy)
    assert first.changed
    assert not second.changed
    assert second.refs == first.refs
    assert sorted(mirror.glob("objects/pack/*")) == packs


def test_an_unknown_ref_is_refused_with_a_suggestion(
    location: Location, mirror: Path, policy: LocationPolicy
) -> None:
    with pytest.raises(FetchRefused, match="Did you mean feature/x") as caught:
        fetch(location, mirror, refs=["feature/y"], policy=policy)
    assert caught.value.code == "no_such_ref"
    with pytest.raises(FetchRefused) as caught:
        fetch(location, mirror, refs=["e" * 40], policy=policy)
    assert caught.value.code == "no_such_ref"


def test_a_new_commit_arrives_with_the_next_fetch(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git"), policy)
    fetch(location, mirror, policy=policy)
    newest = repository.commit({"new.txt": "new\n"})
    repository.push(server.root / "one.git")
    fetched = fetch(location, mirror, policy=policy)
    assert fetched.changed
    assert only(fetched).commit == newest
    assert contents(mirror, newest)["new.txt"] == b"new\n"


def test_a18_a_rewritten_branch_gives_exactly_the_new_content(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git"), policy)
    fetch(location, mirror, policy=policy)
    old = repository.commits[0]
    repository.git("checkout", "--quiet", "--orphan", "fresh")
    repository.git("rm", "-r", "--quiet", "--force", ".")
    new = repository.commit({"only.txt": "only\n"})
    repository.git("branch", "--force", "main", "fresh")
    repository.git("checkout", "--quiet", "main")
    repository.push(server.root / "one.git")
    fetched = fetch(location, mirror, refs=["main"], policy=policy)
    assert fetched.refs["main"].commit == new
    assert contents(mirror, new) == {"only.txt": b"only\n"}
    assert "README.md" in contents(mirror, old)  # what was cited can still be shown


def test_a18_a_deleted_branch_is_gone_and_a_folder_may_take_its_name(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git"), policy)
    repository.git("branch", "topic")
    repository.push(server.root / "one.git")
    assert fetch(location, mirror, refs=["topic"], policy=policy).refs
    repository.git("branch", "-D", "topic")
    repository.git("branch", "topic/part")
    repository.push(server.root / "one.git")
    with pytest.raises(FetchRefused) as caught:
        fetch(location, mirror, refs=["topic"], policy=policy)
    assert caught.value.code == "no_such_ref"
    assert fetch(location, mirror, refs=["topic/part"], policy=policy).refs


def test_a18_a_renamed_default_branch_is_followed(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(server.url("one.git"), policy)
    fetch(location, mirror, policy=policy)
    bare = Repository(server.root / "one.git")
    bare.git("branch", "-m", "main", "trunk")
    assert only(fetch(location, mirror, policy=policy)).name == "trunk"


def test_a18_a_removed_or_emptied_repository_is_told_apart(
    server: GitServer, mirror: Path, policy: LocationPolicy
) -> None:
    Repository(server.root / "one.git").git("update-ref", "-d", "refs/heads/main")
    with pytest.raises(FetchRefused) as caught:
        fetch(parse_location(server.url("one.git"), policy), mirror, policy=policy)
    assert caught.value.code == "empty_repository"
    with pytest.raises(FetchRefused) as caught:
        fetch(parse_location(server.url("two.git"), policy), mirror, policy=policy)
    assert caught.value.code == "repository_not_found"


def test_a_commit_that_no_branch_reaches_is_fetched_from_the_server(
    server: GitServer, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    hidden = repository.commit({"hidden.txt": "hidden\n"})
    bare = Repository(server.root / "one.git")
    repository.git("push", "--quiet", str(bare.path), f"{hidden}:refs/pull/1/head")
    location = parse_location(server.url("one.git"), policy)
    fetched = fetch(location, mirror, refs=[hidden], policy=policy)
    assert fetched.refs[hidden].commit == hidden
    assert "hidden.txt" in contents(mirror, hidden)


def test_a_detached_head_is_the_default(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    repository.git("checkout", "--quiet", "--detach")
    detached = repository.commit({"detached.txt": "x\n"})
    fetched = fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert fetched.refs == {"HEAD": ResolvedRef("HEAD", detached, "commit")}
    assert not fetch(parse_location(str(repository.path), policy), mirror, policy=policy).changed
    repository.git("checkout", "--quiet", "main")
    again = fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert only(again).name == "main"


def test_a_bundle_without_head_has_its_usual_branch_as_default(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    repository.git("branch", "aardvark")
    bundle = repository.bundle(tmp_path / "b.bundle", "aardvark", "main")
    assert only(fetch(parse_location(str(bundle), policy), mirror, policy=policy)).name == "main"


def test_a_linked_worktree_and_a_shallow_copy_can_be_fetched(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    newest = repository.commit({"b.txt": "b\n"})
    worktree = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "linked", str(worktree))
    fetched = fetch(parse_location(str(worktree), policy), mirror, policy=policy)
    assert only(fetched) == ResolvedRef("linked", newest, "branch")

    shallow = tmp_path / "shallow"
    address = f"file://{repository.path}"
    repository.git("clone", "--quiet", "--depth=1", "--branch=main", address, str(shallow))
    second = mirror.with_name("2.git")
    assert only(fetch(parse_location(str(shallow), policy), second, policy=policy)).commit == newest
    assert contents(second, newest)["b.txt"] == b"b\n"


def test_repositories_with_long_object_ids_can_be_fetched(
    tmp_path: Path, mirror: Path, policy: LocationPolicy
) -> None:
    repository = make_repository(tmp_path / "long", object_format="sha256")
    fetched = fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    assert len(only(fetched).commit) == 64
    assert "README.md" in contents(mirror, only(fetched).commit)


def test_progress_is_reported_from_connecting_to_checking(
    location: Location, mirror: Path, policy: LocationPolicy
) -> None:
    seen: list[FetchProgress] = []
    fetch(location, mirror, policy=policy, on_progress=seen.append)
    phases = [progress.phase for progress in seen]
    assert phases[0] == "connecting"
    assert phases[-1] == "checking"
    counted = [progress for progress in seen if progress.phase in {"receiving", "resolving"}]
    assert all(0 <= progress.done <= (progress.total or 0) for progress in counted)
    assert counted or location.kind == "bundle"


def test_two_fetches_into_one_mirror_do_not_meet(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(str(repository.path), policy)

    def fetch_again(progress: FetchProgress) -> None:
        with pytest.raises(FetchFailed) as caught:
            fetch(location, mirror, policy=policy)
        assert caught.value.code == "mirror_busy"

    fetch(location, mirror, policy=policy, on_progress=fetch_again)


def test_what_a_killed_git_left_behind_does_not_stop_the_next_fetch(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(str(repository.path), policy)
    fetch(location, mirror, policy=policy)
    newest = repository.commit({"b.txt": "b\n"})
    leftovers = ["HEAD.lock", "packed-refs.lock", "refs/heads/main.lock", "objects/pack/tmp_pack_x"]
    for name in leftovers:
        (mirror / name).touch()
    assert only(fetch(location, mirror, policy=policy)).commit == newest
    assert not any((mirror / name).exists() for name in leftovers)


def test_many_small_fetches_do_not_pile_up_packs(
    repository: Repository,
    mirror: Path,
    policy: LocationPolicy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    location = parse_location(str(repository.path), policy)
    first = only(fetch(location, mirror, policy=policy)).commit
    pack = next(mirror.glob("objects/pack/*.pack"))
    for number in range(50):
        (pack.parent / f"pack-{number:040x}.pack").write_bytes(pack.read_bytes())
        index = pack.with_suffix(".idx").read_bytes()
        (pack.parent / f"pack-{number:040x}.idx").write_bytes(index)
    newest = repository.commit({"b.txt": "b\n"})
    fetch(location, mirror, policy=policy)
    assert len(list(mirror.glob("objects/pack/*.pack"))) == 1
    assert contents(mirror, newest)
    assert contents(mirror, first)


def test_a_deleted_mirror_leaves_nothing(
    repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    fetch(parse_location(str(repository.path), policy), mirror, policy=policy)
    delete_mirror(mirror)
    assert list(mirror.parent.iterdir()) == []
    delete_mirror(mirror)


def test_a_folder_that_is_no_mirror_is_neither_used_nor_deleted(
    tmp_path: Path, repository: Repository, policy: LocationPolicy
) -> None:
    with pytest.raises(ValueError, match="not a mirror"):
        fetch(parse_location(str(repository.path), policy), repository.path, policy=policy)
    with pytest.raises(ValueError, match="not a mirror"):
        delete_mirror(repository.path)
    assert (repository.path / "README.md").exists()


def test_a_path_is_looked_at_again_when_it_is_fetched(
    tmp_path: Path, repository: Repository, mirror: Path, policy: LocationPolicy
) -> None:
    location = parse_location(str(repository.path), policy)
    for closed in (
        LocationPolicy(paths_allowed=True, path_roots=(tmp_path / "other",)),
        LocationPolicy(path_roots=(tmp_path,)),
    ):
        with pytest.raises(LocationRefused) as caught:
            fetch(location, mirror, policy=closed)
        assert caught.value.code == "path_not_allowed"
    with pytest.raises(LocationRefused) as caught:
        fetch(Location("bundle", str(repository.path)), mirror, policy=policy)
    assert caught.value.code == "not_a_repository"
