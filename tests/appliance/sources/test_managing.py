"""What an admin does with sources: connect, sync, remove, grant."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from pytest_django import Settings

from appliance.sources.granting import revoke_grant, set_grant
from appliance.sources.managing import (
    NameRefused,
    connect,
    remove,
    request_sync,
)
from appliance.sources.models import Grant
from indexer import clients, sealing
from indexer.errors import FetchRefused, LocationRefused
from indexer.fetching.values import Credential
from indexer.ingestion.pruning import prune_mirrors
from indexer.ingestion.sync import credential_of
from indexer.models import Document, Job, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.processes import MANAGE, product_environment

ADDRESS = "https://git.example.com/team/shop.git"
TOKEN = "a-token-nobody-else-sees"


@pytest.fixture
def source(db: None) -> Source:
    return connect(ADDRESS, name="shop", credential=Credential("git", TOKEN))


def test_connecting_stores_the_place_and_fetches_nothing(source: Source) -> None:
    assert (source.name, source.kind, source.location) == ("shop", Source.Kind.REMOTE, ADDRESS)
    assert not source.jobs.exists()
    assert not clients.mirror_of(source).exists()


def test_a_credential_is_stored_sealed(source: Source) -> None:
    source.refresh_from_db()
    assert source.credential is not None
    assert TOKEN.encode() not in bytes(source.credential)
    assert credential_of(source) == Credential("git", TOKEN)


def test_a_credential_needs_the_key_it_was_sealed_with(source: Source) -> None:
    with pytest.raises(FetchRefused, match="enter it again"):
        sealing.unseal(bytes(source.credential or b""), key="another key")


@pytest.mark.parametrize("name", ["", "-x", "../x", "a/b", "a b", "ü", "x" * 101, "a\n", "."])
def test_a_name_that_could_be_more_than_a_name_is_refused(db: None, name: str) -> None:
    with pytest.raises(NameRefused):
        connect(ADDRESS, name=name)
    assert not Source.objects.exists()


def test_a_name_is_given_once(source: Source) -> None:
    with pytest.raises(NameRefused, match="already a source called shop"):
        connect(ADDRESS, name="shop")


@pytest.mark.parametrize(
    "location",
    ["ext::sh -c id", "file:///etc", "--upload-pack=id", "https://u:p@git.example.com/x", "/etc"],
)
def test_a_place_that_may_not_be_connected_leaves_no_row(db: None, location: str) -> None:
    with pytest.raises(LocationRefused):
        connect(location, name="shop")
    assert not Source.objects.exists()


@pytest.mark.parametrize("ref", ["--exec=id", "a..b", "a b", ""])
def test_a_ref_that_is_none_leaves_no_row(db: None, ref: str) -> None:
    with pytest.raises(LocationRefused):
        connect(ADDRESS, name="shop", ref_names=[ref])
    assert not Source.objects.exists()


def test_a_folder_is_refused_to_pages_unless_the_operator_lists_it(
    db: None, settings: Settings, tmp_path: Path, repository_factory: RepositoryFactory
) -> None:
    place = str(repository_factory().path)
    with pytest.raises(LocationRefused):
        connect(place, name="shop")
    settings.GIT_ALLOWED_FOLDERS = [tmp_path]
    assert connect(place, name="shop").kind == Source.Kind.PATH


@pytest.mark.django_db(transaction=True)
def test_a_sync_can_be_asked_for_while_the_broker_is_away(
    tmp_path: Path, repository_factory: RepositoryFactory
) -> None:
    place = str(repository_factory().path)
    done = subprocess.run(
        [*MANAGE, "connect", place, "--name", "shop"],
        env=product_environment(tmp_path, PLUMBLINE_BROKER_URL="redis://127.0.0.1:1/0"),
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (0, "Connected shop; a worker is syncing it.\n")
    assert "Traceback" not in done.stderr
    assert Job.objects.get().state == Job.State.QUEUED


def test_asking_twice_makes_one_job(source: Source) -> None:
    assert request_sync(source) == request_sync(source)


def test_removing_takes_documents_grants_and_mirror_along(source_factory: SourceFactory) -> None:
    source = source_factory("shop", {"a.py": "a = 1\n"})
    mirror = clients.mirror_of(source)
    assert mirror.exists()
    remove(source)
    assert not mirror.exists()
    for model in (Source, Document, Grant, Job):
        assert not model.objects.exists()


def test_a_mirror_that_was_busy_when_its_source_went_goes_later(
    source_factory: SourceFactory,
) -> None:
    kept = source_factory("kept", {"a.py": "a = 1\n"})
    source = source_factory("shop", {"b.py": "b = 1\n"})
    mirror = clients.mirror_of(source)
    source.delete()
    assert prune_mirrors() == 1
    assert not mirror.exists()
    assert clients.mirror_of(kept).exists()


def test_a_grant_is_one_row_a_pattern_and_the_last_word_counts(source: Source) -> None:
    set_grant("readers", source, " docs/ ")
    grant = set_grant("readers", source, "docs/", allow=False)
    assert Grant.objects.get() == grant
    assert (grant.path_pattern, grant.allow) == ("docs/", False)
    assert Group.objects.get().name == "readers"


def test_a_revoked_grant_is_gone(source: Source) -> None:
    revoke_grant(set_grant("readers", source))
    assert not Grant.objects.exists()


def test_a_name_that_is_an_address_of_the_product_is_refused(db: None) -> None:
    with pytest.raises(NameRefused, match="address of the product"):
        connect(ADDRESS, name="Connect")
