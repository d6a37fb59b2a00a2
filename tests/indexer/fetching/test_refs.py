"""Patterns of refs in real repositories: what is followed, what is the default, what is said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from indexer.errors import FetchRefused
from indexer.fetching.location import Location
from indexer.fetching.mirror import FetchedRefs, FetchLimits, fetch
from indexer.fetching.patterns import matches, names_of
from indexer.fetching.policy import LocationPolicy
from tests.gitrepos import FIRST_COMMIT_AT, Repository


@pytest.fixture
def repository(repository: Repository) -> Repository:
    """Hold main, release/1 and release/2, and the tags v1.0, v1.1 and v2.0, oldest first."""
    for name in ("1", "2"):
        repository.commit({"VERSION": name})
        repository.git("branch", f"release/{name}")
        repository.git("tag", f"v{name}.0")
    repository.git("tag", "-a", "v1.1", "-m", "late", "release/1")
    repository.commit({"VERSION": "3"})
    return repository


@pytest.fixture
def location(repository: Repository) -> Location:
    return Location("path", str(repository.path))


class Fetch:
    """Fetch these refs of the test's repository."""

    def __init__(self, location: Location, mirror: Path, policy: LocationPolicy) -> None:
        self.location, self.mirror, self.policy = location, mirror, policy

    def __call__(self, *refs: str, most: int = 50) -> FetchedRefs:
        limits = FetchLimits(followed_count=most)
        return fetch(self.location, self.mirror, refs=refs, policy=self.policy, limits=limits)


@pytest.fixture
def fetched(location: Location, mirror: Path, policy: LocationPolicy) -> Fetch:
    return Fetch(location, mirror, policy)


@pytest.mark.parametrize(
    ("pattern", "full", "expected"),
    [
        ("*", "refs/heads/main", True),
        ("*", "refs/tags/v1", True),
        ("*", "refs/heads/release/1", False),
        ("*", "refs/plumbline/head", False),
        ("**", "refs/heads/release/a/b", True),
        ("release/*", "refs/heads/release/1", True),
        ("release/*", "refs/heads/release/1/2", False),
        ("release/**", "refs/heads/release/1/2", True),
        ("**/fix", "refs/heads/fix", True),
        ("**/fix", "refs/heads/a/b/fix", True),
        ("a/**/z", "refs/heads/a/z", True),
        ("a/**/z", "refs/heads/a/b/c/z", True),
        ("a/**/z", "refs/heads/a/b/c", False),
        ("v*.0", "refs/tags/v1.0", True),
        ("v*.0", "refs/tags/v1.00", False),
        ("V*", "refs/tags/v1", False),
        ("tags/v*", "refs/heads/v1", False),
        ("tags/v*", "refs/tags/v1", True),
        ("heads/*", "refs/heads/main", True),
        ("heads/*", "refs/tags/v1", False),
        ("refs/tags/*", "refs/tags/v1", True),
        ("refs/tags/*", "refs/heads/v1", False),
    ],
)
def test_a_star_stays_within_a_part_and_two_stars_do_not(
    pattern: str, full: str, *, expected: bool
) -> None:
    assert matches(pattern, full) is expected


def test_hostile_names_are_matched_in_no_time() -> None:
    started = time.thread_time()
    assert not matches("*a" * 100 + "b", "refs/heads/" + "a" * 4000)
    assert not matches("**/a/" * 49 + "b", "refs/heads/" + "a/" * 1000 + "a")
    assert time.thread_time() - started < 2


def test_a_tag_called_like_a_branch_has_a_name_of_its_own() -> None:
    names = names_of(["refs/tags/v1", "refs/heads/v1", "refs/tags/v2", "refs/heads/HEAD"])
    assert names == {
        "refs/heads/HEAD": "heads/HEAD",
        "refs/heads/v1": "v1",
        "refs/tags/v1": "tags/v1",
        "refs/tags/v2": "v2",
    }


@pytest.mark.parametrize(
    ("asked", "followed"),
    [
        (["*"], ["main", "v2.0", "v1.0", "v1.1"]),
        (["release/*"], ["release/2", "release/1"]),
        (["tags/*"], ["v2.0", "v1.0", "v1.1"]),
        (["v*", "main"], ["main", "v2.0", "v1.0", "v1.1"]),
        (["release/1", "release/*"], ["release/1", "release/2"]),
        (["v1.0", "v*", "main"], ["v1.0", "main", "v2.0", "v1.1"]),
        (["release/*", "v1.*"], ["release/2", "release/1", "v1.0", "v1.1"]),
        (["tags/v1.0", "tags/v1.*"], ["tags/v1.0", "v1.1"]),
        (["HEAD", "*.0"], ["HEAD", "v2.0", "v1.0"]),
    ],
)
def test_the_default_comes_first_then_names_then_the_newest(
    fetched: Fetch, asked: list[str], followed: list[str]
) -> None:
    assert list(fetched(*asked).refs) == followed


def test_each_ref_comes_with_its_kind_and_commit(fetched: Fetch, repository: Repository) -> None:
    refs = fetched("**").refs
    assert {name: ref.kind for name, ref in refs.items()} == {
        "main": "branch", "release/1": "branch", "release/2": "branch",
        "v1.0": "tag", "v1.1": "tag", "v2.0": "tag",
    }  # fmt: skip
    for name, ref in refs.items():
        assert ref.commit == repository.git("rev-parse", f"{name}^{{commit}}")


def test_a_branch_and_a_tag_of_one_name_are_both_followed(
    fetched: Fetch, repository: Repository
) -> None:
    repository.git("branch", "v1.0", "main")
    refs = fetched("v1*").refs
    assert refs["v1.0"].kind == "branch"
    assert refs["tags/v1.0"].kind == "tag"
    assert refs["v1.0"].commit != refs["tags/v1.0"].commit
    assert fetched("tags/v1.0").refs["tags/v1.0"].commit == refs["tags/v1.0"].commit
    assert fetched("heads/v1.0").refs["heads/v1.0"].commit == refs["v1.0"].commit


def test_a_pattern_without_a_match_is_noted_and_nothing_more(fetched: Fetch) -> None:
    found = fetched("main", "hotfix/*")
    assert list(found.refs) == ["main"]
    assert found.notes == ("No branch or tag matches hotfix/*.",)


def test_patterns_that_leave_nothing_are_refused(fetched: Fetch) -> None:
    with pytest.raises(FetchRefused, match=r"matches hotfix/\*\. It has main, ") as caught:
        fetched("hotfix/*")
    assert caught.value.code == "no_such_ref"


def test_a_name_without_a_match_is_refused_beside_a_pattern(fetched: Fetch) -> None:
    with pytest.raises(FetchRefused, match=r"Did you mean release/2"):
        fetched("*", "release/22")


def test_the_newest_are_followed_up_to_the_limit_and_names_always(fetched: Fetch) -> None:
    found = fetched("v1.0", "**", most=3)
    assert list(found.refs) == ["v1.0", "main", "release/2"]
    assert found.notes == (
        "3 branches and tags that the patterns stand for are not followed: 3 refs of one source "
        "are the limit, the newest commits come first.",
    )
    assert list(fetched("v1.0", "v1.1", "v2.0", "release/*", most=2).refs) == [
        "v1.0", "v1.1", "v2.0",
    ]  # fmt: skip


def test_the_default_branch_is_kept_however_old_it_is(
    fetched: Fetch, repository: Repository
) -> None:
    repository.git("checkout", "--quiet", "-b", "later")
    repository.commit({"VERSION": "4"})
    repository.git("checkout", "--quiet", "main")
    assert list(fetched("heads/*", most=1).refs) == ["main"]


def test_tags_of_no_commit_and_unusable_names_are_passed_over(
    fetched: Fetch, repository: Repository
) -> None:
    key = repository.store(b"a public key\n")
    repository.git("tag", "key", key)
    repository.git("tag", "-a", "signed-key", "-m", "of a blob", key)
    inner = repository.git("rev-parse", "refs/tags/signed-key")
    repository.git("tag", "-a", "key-again", "-m", "of a tag of a blob", inner)
    repository.git("update-ref", "refs/tags/-rf", "main")
    repository.git("tag", "\u202egnp", "main")
    found = fetched("tags/*")
    assert list(found.refs) == ["v2.0", "v1.0", "v1.1"]
    assert found.notes == ("2 refs have names that cannot be followed.",)


def test_a_tag_is_as_old_as_its_commit(fetched: Fetch, repository: Repository) -> None:
    late = f"{FIRST_COMMIT_AT + 10**8} +0000"
    repository.git("tag", "-a", "v0.9", "-m", "x", repository.commits[0], GIT_COMMITTER_DATE=late)
    assert list(fetched("tags/*").refs)[-1] == "v0.9"
