"""Two embedding models side by side: the new one takes over when it is complete and not worse."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from indexer import clients, succession
from indexer.embedding.embedder import Embedder
from indexer.embedding.recipe import Recipe
from indexer.evaluation import takeover
from indexer.evaluation.sides import read_side
from indexer.evaluation.takeover import lacking_sources, take_over
from indexer.ingestion import jobs
from indexer.ingestion.embed import embed
from indexer.ingestion.pruning import prune_vectors
from indexer.models import Embedding, EmbeddingModel, GoldenEntry, Job, Promotion, Ranking, Source
from indexer.ranking.choice import choose_origin
from indexer.retrieval.search import search
from indexer.retrieval.variant import Variant
from indexer.scope import Scope
from indexer.succession import coming_recipe, recipe_in_use, settle
from inference.errors import ModelUnavailable
from inference.fake_server import FakeServer
from tests.indexer.retrieval.conftest import CorpusFactory

OLD, NEW = "fake-embedder", "plumbline-static-1"


@pytest.fixture
def scope(shop: Source) -> Scope:
    return Scope(frozenset({shop.pk}))


@pytest.fixture
def renamed(shop: Source, settings: Settings) -> None:
    """The settings name another model than the one that made the shop's vectors."""
    settings.EMBEDDING = "static"


def embed_all() -> int:
    return sum(embed(jobs.claim(job.pk)) for job in Job.objects.filter(state="queued"))


def states() -> dict[str, str]:
    return dict(EmbeddingModel.objects.values_list("name", "state"))


def listed(*words: str) -> str:
    out = StringIO()
    call_command("embedding", *words, stdout=out)
    return out.getvalue()


def test_the_first_model_is_in_use_at_once(shop: Source) -> None:
    assert states() == {OLD: "in_use"}
    assert (recipe_in_use().name, coming_recipe()) == (OLD, None)
    assert take_over(Scope(frozenset({shop.pk}))) is None


@pytest.mark.usefixtures("renamed")
def test_search_stays_with_the_old_vectors_until_the_new_ones_are_complete(
    scope: Scope, shop: Source
) -> None:
    assert take_over(scope) is None  # only asks for the vectors
    assert states() == {OLD: "in_use", NEW: "coming"}
    assert clients.embedder().model == OLD
    assert "vector" in search("billing", scope=scope).legs
    assert lacking_sources(NEW) == [shop.pk]
    assert lacking_sources(OLD) == []

    assert embed_all() == 8
    assert recipe_in_use().name == OLD
    decided = take_over(scope)
    assert decided is not None
    assert (decided.before, decided.after, decided.verdict) == (OLD, NEW, "passed")
    assert states() == {OLD: "retired", NEW: "in_use"}
    assert clients.embedder().model == NEW
    assert "vector" in search("billing", scope=scope).legs
    assert take_over(scope) is None


@pytest.mark.usefixtures("renamed")
def test_new_texts_get_a_vector_of_both_models_meanwhile(corpus_factory: CorpusFactory) -> None:
    corpus_factory("later", {"later.py": "def later():\n    return 'later'\n"})
    assert Embedding.objects.filter(model=OLD).count() == 9
    assert Embedding.objects.filter(model=NEW).count() == 1


@pytest.mark.usefixtures("renamed")
def test_a_worse_model_is_refused_and_a_person_may_use_it_all_the_same(
    scope: Scope, asked: list[GoldenEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_origin(Ranking.Origin.PLAIN)
    take_over(scope)
    embed_all()
    monkeypatch.setattr("indexer.retrieval.gathering.lexical_candidates", lambda *a, **k: [])
    monkeypatch.setattr("indexer.retrieval.gathering.path_candidates", lambda *a, **k: [])
    Embedding.objects.filter(model=NEW).update(vector=[1.0] + [0.0] * 255)
    refused = take_over(scope)
    assert refused is not None
    assert (refused.verdict, refused.decided_by) == ("refused", takeover.SETTINGS)
    assert states() == {OLD: "in_use", NEW: "refused"}
    assert take_over(scope) is None  # and is not tried again
    assert Promotion.objects.count() == 1
    with pytest.raises(CommandError, match=f"{NEW} is worse than {OLD}"):
        listed("use", NEW)
    assert "the reason is recorded" in listed("use", NEW, "--override", "the old server goes")
    assert states() == {OLD: "retired", NEW: "in_use"}


@pytest.mark.usefixtures("renamed")
def test_going_back_has_what_is_new_embedded_first(
    scope: Scope, shop: Source, corpus_factory: CorpusFactory
) -> None:
    take_over(scope)
    embed_all()
    take_over(scope)
    other = corpus_factory("later", {"later.py": "def later():\n    return 'later'\n"})
    assert lacking_sources(OLD) == [other.pk]
    assert f"made beside those of {NEW}" in listed("use", OLD)
    assert states() == {OLD: "coming", NEW: "in_use"}
    both = Scope(frozenset({shop.pk, other.pk}))
    take_over(both)
    embed_all()
    assert take_over(both) is not None
    assert states() == {OLD: "in_use", NEW: "retired"}
    settle()  # the settings still name the other one, and have not begun to do so now
    assert states() == {OLD: "in_use", NEW: "retired"}


@pytest.mark.usefixtures("renamed")
def test_a_new_model_is_made_although_the_old_one_is_gone(
    scope: Scope, shop: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clients.embedder

    def gone(texts: list[str]) -> list[list[float]]:
        raise ModelUnavailable("nobody there")

    def embedder(recipe: Recipe | None = None) -> Embedder:
        if (recipe or recipe_in_use()).name == OLD:
            return Embedder(OLD, gone)
        return real(recipe)

    monkeypatch.setattr(clients, "embedder", embedder)
    Embedding.objects.filter(model=OLD).first().delete()  # type: ignore[union-attr]
    take_over(scope)
    with pytest.raises(ModelUnavailable):
        embed_all()
    assert lacking_sources(NEW) == []
    assert take_over(scope) is not None
    assert recipe_in_use().name == NEW


@pytest.mark.usefixtures("renamed")
def test_a_coming_model_that_is_away_holds_up_nothing(
    scope: Scope, shop: Source, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.EMBEDDING, settings.EMBEDDING_MODEL = "server", "elsewhere"
    settings.EMBEDDING_URL = "http://127.0.0.1:9"
    clients.close()
    Embedding.objects.filter(model=OLD).first().delete()  # type: ignore[union-attr]
    old = EmbeddingModel.objects.get(name=OLD)
    assert take_over(scope) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inference.connection.CONNECT_TIMEOUT_S", 0.2)
        assert embed_all() == 1
    assert states() == {OLD: "in_use", "elsewhere": "coming"}
    assert lacking_sources("elsewhere") == [shop.pk]
    assert old.recipe["url"]


def test_a_large_model_waits_for_its_index(scope: Scope, renamed: None, settings: Settings) -> None:
    settings.VECTOR_INDEX_FROM = 4
    take_over(scope)
    embed_all()
    assert take_over(scope) is None
    assert states()[NEW] == "coming"


def test_a_wish_that_is_taken_back_leaves_everything(
    scope: Scope, renamed: None, settings: Settings
) -> None:
    take_over(scope)
    settings.EMBEDDING = "server"
    settle()
    assert states() == {OLD: "in_use", NEW: "retired"}


def test_a_server_that_has_moved_is_the_same_model(
    shop: Source, settings: Settings, models: FakeServer
) -> None:
    settings.EMBEDDING_URL = "http://elsewhere.example.com"
    assert recipe_in_use().url == "http://elsewhere.example.com"
    settle()
    assert states() == {OLD: "in_use"}


@pytest.mark.usefixtures("renamed")
def test_vectors_of_a_retired_model_go_after_a_while(scope: Scope) -> None:
    take_over(scope)
    embed_all()
    take_over(scope)
    assert prune_vectors() == 0
    long_ago = timezone.now() - succession.KEPT - timedelta(minutes=1)
    EmbeddingModel.objects.update(since=long_ago)
    assert prune_vectors() == 8
    assert set(Embedding.objects.values_list("model", flat=True)) == {NEW}


@pytest.mark.usefixtures("renamed")
def test_what_is_there_is_listed_and_can_be_compared(scope: Scope) -> None:
    take_over(scope)
    said = listed().splitlines()
    assert said == [f"coming   {NEW}: 0 vectors, 1 sources lack some", f"in_use   {OLD}: 8 vectors"]
    assert read_side(f"embedding:{NEW}") == Variant(embedding=NEW)
    for words in (("use", "nothing"), ("use", "'; DROP TABLE x; --")):
        with pytest.raises(CommandError, match="There is no embedding model"):
            listed(*words)
