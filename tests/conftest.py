"""Fixtures of every suite: people, sources made of real repositories, and the fake models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import hypothesis
import pytest
from django.contrib.auth.models import Group
from django.db.backends.postgresql.operations import DatabaseOperations
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from appliance.sources.managing import connect
from indexer import clients
from indexer.ingestion.inline import sync_now
from indexer.models import Source
from inference.fake_server import FakeServer, serving
from inference.testing import Script
from tests.gitrepos import Repository, make_repository
from tests.modelserver import running_small_model

# How fast a machine is says nothing of what is tested.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")

UserFactory = Callable[..., User]
RepositoryFactory = Callable[..., Repository]
SourceFactory = Callable[..., Source]


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_triggers() -> Iterator[None]:
    """Let Django empty the audit's tables between tests, which their triggers refuse everybody."""
    flush = DatabaseOperations.sql_flush

    def past(*args: Any, **kwargs: Any) -> list[str]:
        off, on = "SET session_replication_role = replica", "RESET session_replication_role"
        statements = flush(*args, **kwargs)
        return [off, *statements, on] if statements else []

    # Patched, because nothing of the product empties a table so.
    with mock.patch.object(DatabaseOperations, "sql_flush", past):
        yield


@pytest.fixture
def user_factory(db: None) -> UserFactory:
    """Make a person: `user_factory("ana", groups=["readers"], is_staff=True)`."""

    def make(username: str, *, groups: tuple[str, ...] = (), **fields: Any) -> User:
        user = User.objects.create_user(username, password="correct horse battery", **fields)
        user.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
        return user

    return make


@pytest.fixture
def reader(user_factory: UserFactory) -> User:
    """May read what is granted to the group `readers`."""
    return user_factory("reader", groups=("readers",))


@pytest.fixture
def owner(user_factory: UserFactory) -> User:
    """A reader who owns the threads of a test."""
    return user_factory("owner", groups=("readers",))


@pytest.fixture
def outsider(user_factory: UserFactory) -> User:
    """Signed in, member of no group."""
    return user_factory("outsider")


@pytest.fixture
def staff(user_factory: UserFactory) -> User:
    """An admin without any grant."""
    return user_factory("staff", is_staff=True)


@pytest.fixture
def repository_factory(tmp_path: Path) -> RepositoryFactory:
    """Make a real repository below the folder from which sources may be connected."""

    def make(
        files: Mapping[str, str | bytes | None] | None = None, name: str = "work"
    ) -> Repository:
        return make_repository(tmp_path / "repositories" / name, files)

    return make


@pytest.fixture
def models(settings: Settings) -> Iterator[FakeServer]:
    """Serve the fake chat and embedding models over HTTP for one test."""
    with serving() as server:
        use_models(settings, server)
        yield server
    clients.close()


@pytest.fixture
def models_factory(settings: Settings) -> Iterator[Callable[[Script], FakeServer]]:
    """As `models`, with a script for the chat model."""
    opened: list[Any] = []

    def make(script: Script) -> FakeServer:
        context = serving(script)
        opened.append(context)
        server = context.__enter__()
        use_models(settings, server)
        return server

    yield make
    for context in opened:
        context.__exit__(None, None, None)
    clients.close()


@pytest.fixture(scope="session")
def small_model_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the small model with a real vLLM, once for all tests marked `model`.

    PLUMBLINE_TEST_MODEL_URL names one that is served already.
    """
    if url := os.environ.get("PLUMBLINE_TEST_MODEL_URL"):
        yield url
        return
    with running_small_model(tmp_path_factory.mktemp("vllm") / "log") as url:
        yield url


def use_models(settings: Settings, server: FakeServer) -> None:
    settings.CHAT_URL = server.url
    settings.EMBEDDING = "server"
    settings.EMBEDDING_URL = server.url
    settings.EMBEDDING_MODEL = "fake-embedder"
    clients.close()


@pytest.fixture
def source_factory(
    db: None,
    settings: Settings,
    tmp_path: Path,
    models: FakeServer,
    repository_factory: RepositoryFactory,
) -> SourceFactory:
    """Connect and sync a source; grants go to the group `readers` unless told otherwise.

    `source_factory("shop", {"cart.py": "..."})`, or with `repository=` an existing one.
    """
    settings.MIRRORS_DIR = tmp_path / "mirrors"

    def make(
        name: str,
        files: Mapping[str, str | bytes | None] | None = None,
        *,
        repository: Repository | None = None,
        grant: str | None = "readers",
        refs: tuple[str, ...] = (),
    ) -> Source:
        repository = repository or repository_factory(files, name)
        source = connect(str(repository.path), name=name, ref_names=refs, from_command_line=True)
        sync_now(source)
        if grant:
            set_grant(grant, source)
        return source

    return make
