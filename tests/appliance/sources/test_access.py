"""Who may read what: owner, reader, outsider, admin; whole sources, paths and old commits."""

from __future__ import annotations

import pytest
from django.http import Http404

from appliance.accounts.models import User
from appliance.conversations.models import Evidence
from appliance.sources.access import (
    get_document_for_user,
    get_source_for_user,
    operator_scope,
    readable_sources,
    scope_of,
)
from appliance.sources.granting import set_grant
from indexer.ingestion.inline import sync_now
from indexer.models import Blob, Source
from indexer.scope import Scope
from tests.conftest import RepositoryFactory, SourceFactory, UserFactory
from tests.gitrepos import Repository

FILES: dict[str, str | bytes | None] = {
    "src/cart.py": "def total():\n    return 1\n",
    "secret/key.md": "# The key\n",
    "logo.png": b"\x89PNG\0\0",
}


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    """A source that the group `readers` may read."""
    return source_factory("shop", repository=repository)


def live_commit(source: Source) -> str:
    return source.refs.get(is_default=True).commit


def test_a_reader_may_read_what_the_group_is_granted(source: Source, reader: User) -> None:
    assert scope_of(reader) == Scope(frozenset({source.pk}))
    assert get_source_for_user(reader, "shop") == source
    assert list(readable_sources(reader)) == [source]


def test_an_outsider_reads_nothing(source: Source, outsider: User) -> None:
    assert scope_of(outsider) == Scope()
    assert not readable_sources(outsider).exists()
    with pytest.raises(Http404):
        get_source_for_user(outsider, "shop")
    with pytest.raises(Http404):
        get_document_for_user(outsider, "shop", live_commit(source), "src/cart.py")


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_staff": True, "is_superuser": True}])
def test_an_admin_reads_only_what_is_granted(
    source: Source, user_factory: UserFactory, fields: dict[str, bool]
) -> None:
    admin = user_factory("admin", **fields)
    assert scope_of(admin) == Scope()
    assert not readable_sources(admin).exists()


def test_who_is_not_active_reads_nothing(source: Source, reader: User) -> None:
    reader.is_active = False
    assert scope_of(reader) == Scope()


def test_the_rules_of_all_groups_count_together(source: Source, user_factory: UserFactory) -> None:
    set_grant("readers", source, "secret", allow=False)
    set_grant("keepers", source, "secret/key.md")
    scope = scope_of(user_factory("ana", groups=("readers", "keepers")))
    assert scope.allows(source.pk, "src/cart.py")
    assert scope.allows(source.pk, "secret/key.md")
    assert not scope.allows(source.pk, "secret/other.md")


def test_a_revoked_group_reads_nothing_more(source: Source, reader: User) -> None:
    reader.groups.clear()
    assert scope_of(reader) == Scope()


def test_a_source_of_which_all_is_denied_is_not_readable(source: Source, reader: User) -> None:
    set_grant("readers", source, "", allow=False)
    with pytest.raises(Http404):
        get_source_for_user(reader, "shop")


def test_the_operator_reads_everything(source: Source) -> None:
    assert operator_scope() == Scope(frozenset({source.pk}))


def test_a_document_opens_at_the_live_commit(source: Source, reader: User) -> None:
    commit = live_commit(source)
    opened = get_document_for_user(reader, "shop", commit, "src/cart.py")
    assert opened.text == "def total():\n    return 1\n"
    assert (opened.commit, opened.live_commit, opened.is_live) == (commit, commit, True)
    assert (opened.path, opened.language, opened.line_count) == ("src/cart.py", "python", 2)


def test_a_document_opens_under_the_name_of_a_ref(source: Source, reader: User) -> None:
    opened = get_document_for_user(reader, "shop", "main", "src/cart.py")
    assert (opened.commit, opened.is_live) == (live_commit(source), True)


def test_a_denied_path_is_as_unknown_as_one_that_does_not_exist(
    source: Source, reader: User
) -> None:
    set_grant("readers", source, "secret", allow=False)
    answers = []
    for path in ("secret/key.md", "secret/no-such-file.md"):
        with pytest.raises(Http404) as caught:
            get_document_for_user(reader, "shop", live_commit(source), path)
        answers.append(str(caught.value))
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("source_name", "commit", "path"),
    [
        ("other", "main", "src/cart.py"),
        ("shop", "main", "src/none.py"),
        ("shop", "main", "logo.png"),
        ("shop", "main", "src"),
        ("shop", "main", ""),
        ("shop", "main", "../src/cart.py"),
        ("shop", "dev", "src/cart.py"),
        ("shop", "0" * 40, "src/cart.py"),
        ("shop", "", "src/cart.py"),
        ("shop\0", "main", "src/cart.py"),
        ("shop", "main\0", "src/cart.py"),
        ("shop", "main", "src/cart.py\0"),
        ("shop", "main", "x" * 100_000),
    ],
)
def test_what_is_not_there_is_not_found(
    source: Source, reader: User, source_name: str, commit: str, path: str
) -> None:
    with pytest.raises(Http404):
        get_document_for_user(reader, source_name, commit, path)


class TestAnOldCommit:
    """A commit that is not live any more opens as long as evidence of it is kept."""

    @pytest.fixture
    def old_commit(self, source: Source, repository: Repository) -> str:
        old = live_commit(source)
        Evidence.objects.create(
            source=source,
            commit=old,
            path="src/cart.py",
            blob=Blob.objects.get(documents__path="src/cart.py"),
            start_line=1,
            end_line=2,
            line_hash="0" * 64,
        )
        repository.commit({"src/cart.py": "def total():\n    return 2\n"})
        sync_now(source)
        return old

    def test_opens_with_its_old_lines(self, source: Source, reader: User, old_commit: str) -> None:
        opened = get_document_for_user(reader, "shop", old_commit, "src/cart.py")
        assert "return 1" in opened.text
        assert (opened.commit, opened.is_live) == (old_commit, False)
        assert opened.live_commit == live_commit(source) != old_commit

    def test_is_not_found_for_a_file_without_evidence(self, reader: User, old_commit: str) -> None:
        with pytest.raises(Http404):
            get_document_for_user(reader, "shop", old_commit, "secret/key.md")

    def test_is_not_found_when_the_evidence_is_gone(self, reader: User, old_commit: str) -> None:
        Evidence.objects.all().delete()
        with pytest.raises(Http404):
            get_document_for_user(reader, "shop", old_commit, "src/cart.py")

    def test_is_not_found_by_who_may_not_read_the_path_now(
        self, source: Source, reader: User, old_commit: str
    ) -> None:
        set_grant("readers", source, "src", allow=False)
        with pytest.raises(Http404):
            get_document_for_user(reader, "shop", old_commit, "src/cart.py")

    def test_is_not_found_by_an_outsider(self, outsider: User, old_commit: str) -> None:
        with pytest.raises(Http404):
            get_document_for_user(outsider, "shop", old_commit, "src/cart.py")
