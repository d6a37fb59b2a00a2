"""The static model goes on learning: from what, when, and how what it learned comes into use."""

from __future__ import annotations

import json
import random
import shutil
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from indexer import clients, continuing, succession
from indexer.continuing import forget_unused, in_order, learn, learn_if_due, pairs_of
from indexer.embedding.recipe import Recipe
from indexer.evaluation.takeover import take_over
from indexer.ingestion import jobs
from indexer.ingestion.embed import embed
from indexer.models import EmbeddingModel, Job, LearnedWeights, Source
from indexer.retrieval.search import search
from indexer.scope import Scope
from indexer.succession import coming_recipe, recipe_in_use
from indexer.weights import static_weights
from inference.errors import ModelFilesInvalid
from inference.training import continuing as training
from inference.training.pairs import Pair
from tests.conftest import SourceFactory
from tests.gitrepos import Repository, make_repository

SHIPPED = "plumbline-static-1"
# What a company calls its things, and what its code calls them: nobody else pairs these words.
NAMES = {"harbour": "quayqueue", "lantern": "glowctl", "meadow": "fieldbus", "anvil": "forgecore"}
COMMITS = 100
SECRET = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"

pytestmark = [pytest.mark.services, pytest.mark.django_db]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    files = {f"src/{code}.py": f"def run_{code}():\n    return 0\n" for code in NAMES.values()}
    repository = make_repository(tmp_path_factory.mktemp("company") / "work", files)
    dice = random.Random(3)  # noqa: S311  made-up history, no secret
    for number in range(COMMITS):
        name = dice.choice(list(NAMES))
        code = NAMES[name]
        text = f"def run_{code}():\n    {code}(token={SECRET!r})\n    return {number + 1000}\n"
        repository.commit({f"src/{code}.py": text}, f"Handle the {name} case with care")
    return repository


@pytest.fixture
def company(
    source_factory: SourceFactory,
    repository: Repository,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Source:
    settings.EMBEDDING = "static"
    monkeypatch.setattr(training, "FEWEST_PAIRS", COMMITS // 2)  # a limit, not behaviour
    monkeypatch.setattr(continuing, "REST", timedelta(0))
    source = source_factory("company", repository=repository)
    source.refresh_from_db()
    return source


def scope_of(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


def embed_all() -> None:
    for job in Job.objects.filter(state="queued"):
        embed(jobs.claim(job.pk))


def test_commits_of_indexed_files_are_pairs_oldest_first_without_secrets(company: Source) -> None:
    pairs = list(pairs_of(company, commits=1000))
    assert len(pairs) == COMMITS
    assert pairs[0].query.startswith("Handle the ")
    assert "return 0" in pairs[0].document  # the lines as they were before
    assert all(pair.document.split("\n")[0].startswith("src/") for pair in pairs)
    assert not any(SECRET in pair.document for pair in pairs)
    assert len(list(pairs_of(company, commits=10))) == 10


def test_what_is_not_indexed_or_not_here_teaches_nothing(company: Source) -> None:
    first = "src/quayqueue.py"
    company.documents.filter(path=first).delete()
    assert first not in {pair.document.split("\n")[0] for pair in pairs_of(company, commits=1000)}
    shutil.rmtree(clients.mirror_of(company))
    assert list(pairs_of(company, commits=1000)) == []
    assert learn(scope_of(company)) is None
    assert not LearnedWeights.objects.exists()


def test_the_newest_of_each_source_stand_at_the_end() -> None:
    large = [Pair("commit", f"large {n}", "") for n in range(4)]
    small = [Pair("commit", f"small {n}", "") for n in range(2)]
    told = [pair.query for pair in in_order([large, small, []])]
    assert told == ["large 0", "large 1", "small 0", "large 2", "large 3", "small 1"]


def test_what_wins_is_made_ready_and_takes_over(company: Source) -> None:
    assert recipe_in_use().name == SHIPPED
    learned = learn(scope_of(company))
    assert learned is not None
    figures = learned.figures
    assert (figures["sources"], figures["pairs"], figures["won"]) == (1, COMMITS, True)
    assert figures["mrr_after"] > figures["mrr_before"]
    assert coming_recipe() == Recipe("static", learned.name)
    succession.settle()  # the settings still name the product's model: no new wish
    assert coming_recipe() == Recipe("static", learned.name)
    assert take_over(scope_of(company)) is None  # its vectors are asked for first
    embed_all()
    assert take_over(scope_of(company)) is not None
    assert recipe_in_use() == Recipe("static", learned.name)
    succession.settle()
    assert recipe_in_use() == Recipe("static", learned.name)
    found = search("the meadow case", scope=scope_of(company))
    assert "vector" in found.legs
    words = static_weights(learned.name).words
    assert set(NAMES.values()) <= set(words)
    assert not any("a1b2c3" in word for word in words)


def test_what_loses_leaves_its_figures_alone(
    company: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.Continued, "wins", property(lambda self: False))
    learned = learn(scope_of(company))
    assert learned is not None
    assert (bytes(learned.content), learned.figures["won"]) == (b"", False)
    assert coming_recipe() is None
    with pytest.raises(ModelFilesInvalid):
        static_weights(learned.name)


def test_a_wish_of_the_settings_goes_first(company: Source, settings: Settings) -> None:
    settings.EMBEDDING = "server"
    settings.EMBEDDING_MODEL = "another"
    succession.settle()
    coming = coming_recipe()
    assert coming is not None
    learned = learn(scope_of(company))
    assert learned is not None
    assert coming_recipe() == coming


def test_it_learns_when_something_is_new_and_nobody_said_no(
    company: Source, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING_LEARNS = False
    assert learn_if_due(scope_of(company)) is None
    settings.EMBEDDING_LEARNS = True
    settings.EMBEDDING = "minilm"
    assert learn_if_due(scope_of(company)) is None
    settings.EMBEDDING = "static"
    first = learn_if_due(scope_of(company))
    assert first is not None
    assert learn_if_due(scope_of(company)) is None  # the same history
    Source.objects.filter(pk=company.pk).update(history_commit="")
    monkeypatch.setattr(continuing, "REST", timedelta(days=7))
    assert learn_if_due(scope_of(company)) is None  # so soon
    monkeypatch.setattr(continuing, "REST", timedelta(0))
    assert learn_if_due(scope_of(company)) is None  # too little history, and no harm
    assert list(LearnedWeights.objects.all()) == [first]


def test_weights_that_nobody_goes_back_to_are_forgotten(company: Source) -> None:
    learned = learn(scope_of(company))
    assert learned is not None
    assert forget_unused() == 0
    EmbeddingModel.objects.filter(name=learned.name).update(
        state="refused", since=timezone.now() - timedelta(days=15)
    )
    assert forget_unused() == 1
    assert not EmbeddingModel.objects.filter(name=learned.name).exists()
    for number in range(3):
        LearnedWeights.objects.create(name=f"lost-{number}", content=b"", near=0.3)
    assert forget_unused() == 2
    assert LearnedWeights.objects.get().name == "lost-2"


def test_the_command_learns_and_tells_the_figures(company: Source) -> None:
    out = StringIO()
    call_command("embedding", "learn", stdout=out)
    assert "100 changes of 1 sources" in out.getvalue()
    told = json.loads(out.getvalue().splitlines()[-1])
    assert told["won"]
    Source.objects.filter(pk=company.pk).update(history_commit="")
    with pytest.raises(CommandError, match="Too little history"):
        call_command("embedding", "learn", stdout=StringIO())
