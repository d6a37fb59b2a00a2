"""Learning from history: what is learned from, that it wins where it should, and the gate."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from indexer.models import Commit, Ranking, Source
from indexer.ranking import learning
from indexer.ranking.choice import choose_origin, trees_in_use
from indexer.ranking.examples import Example, Observed, Past, examples_of, observe
from indexer.ranking.features import NAMES
from indexer.ranking.learning import fit, judge, learn, learn_if_new, reciprocal_rank
from indexer.ranking.trees import Trees
from indexer.retrieval.search import search
from indexer.scope import Scope
from indexer.tasks import learn_ranking
from tests.indexer.ranking.conftest import COMMITS, TOPICS


def scope_of(source: Source) -> Scope:
    return Scope(frozenset({source.pk}))


def paths(query: str, source: Source) -> list[str]:
    return [hit.path for hit in search(query, scope=scope_of(source)).hits]


def found_first(source: Source) -> int:
    """Return how many topics find their file at the first place."""
    asked = [paths(f"Handle the {topic} case with care", source) for topic in TOPICS]
    return sum(found[:1] == [f"src/module_{n}.py"] for n, found in enumerate(asked))


def test_examples_are_usable_commits_oldest_first(telling: Source) -> None:
    found = examples_of(telling, newest=1000)
    assert len(found) == COMMITS  # the first commit touches too many files to be an answer
    moments = [example.committed_at for example in found]
    assert moments == sorted(moments)
    newest = Commit.objects.order_by("-committed_at").first()
    assert newest is not None
    assert (found[-1].gold, found[-1].committed_at) == (
        frozenset(newest.paths),
        newest.committed_at,
    )
    newest_ten = examples_of(telling, newest=10)
    assert [one.gold for one in newest_ten] == [one.gold for one in found[-10:]]


@pytest.mark.parametrize(
    "changed",
    [
        {"message": "Merge branch 'side'"},
        {"author": "dependabot[bot]"},
        {"paths": []},
        {"paths": ["gone.py"]},
    ],
    ids=["trivial", "bot", "mass", "gone"],
)
def test_what_teaches_nothing_is_left_out(telling: Source, changed: dict[str, object]) -> None:
    Commit.objects.filter(source=telling).update(**changed)
    assert examples_of(telling, newest=1000) == []


def test_an_example_is_asked_as_of_its_own_time(telling: Source) -> None:
    """Neither the commit itself nor a later one may vote, nor count as activity."""
    example = examples_of(telling, newest=1000)[60]
    past = Past([telling.pk])
    known = Commit.objects.filter(committed_at__lt=example.committed_at)
    observed = observe(example, scope_of(telling), past)[0]
    gold_row = observed.rows[observed.labels > 0][0]
    (path,) = example.gold
    touched = known.filter(paths__contains=[path])
    most = max(known.filter(paths__contains=[f"src/module_{n}.py"]).count() for n in range(8))
    expected = np.log1p(touched.count()) / np.log1p(most)
    assert gold_row[NAMES.index("touches")] == pytest.approx(expected, rel=1e-5)
    first = examples_of(telling, newest=1000)[0]
    for row in (one.rows for one in observe(first, scope_of(telling), past)):
        assert row[:, NAMES.index("history_best")].max() == 0


def test_each_example_is_also_observed_without_vectors(telling: Source) -> None:
    example = examples_of(telling, newest=1)[0]
    both, words = observe(example, scope_of(telling), Past([telling.pk]))
    place = NAMES.index("meaning_rank")
    assert both.rows[:, place].max() == 1
    assert words.rows[:, place].max() == 0


def test_what_history_says_is_learned_and_used(telling: Source) -> None:
    choose_origin(Ranking.Origin.PLAIN)
    before = found_first(telling)
    assert before < len(TOPICS) / 2
    Ranking.objects.all().delete()
    ranking = learn(scope_of(telling))
    assert ranking is not None
    assert ranking.chosen_at is not None
    figures = ranking.figures
    assert figures["mrr_learned"] > figures["mrr_fixed_weights"] + 0.2
    assert sum(figures["gains"].values()) == pytest.approx(1, abs=0.01)
    assert found_first(telling) >= len(TOPICS) - 1
    scores = [hit.score for hit in search("billing case", scope=scope_of(telling)).hits]
    assert all(0 <= score <= 1 for score in scores)


def test_it_is_held_out_by_time(telling: Source) -> None:
    train, held_out = learning._split(scope_of(telling), 1000)
    assert len(held_out) == round(COMMITS * learning.HELD_OUT)
    assert max(one.committed_at for one in train) < min(one.committed_at for one in held_out)


def test_too_little_history_teaches_nothing(telling: Source) -> None:
    assert learn(scope_of(telling), per_source=20) is None
    assert not Ranking.objects.exists()


def test_the_nightly_job_learns_once_from_the_same_history(telling: Source) -> None:
    learn_ranking()
    assert Ranking.objects.count() == 1
    assert learn_if_new(scope_of(telling)) is None
    assert Ranking.objects.count() == 1


def test_what_a_person_chose_stays(telling: Source) -> None:
    choose_origin(Ranking.Origin.PLAIN)
    learn_ranking()
    learned = Ranking.objects.get(origin=Ranking.Origin.LEARNED)
    assert learned.figures["won"]
    assert learned.chosen_at is None
    assert trees_in_use() is None


def test_losers_are_forgotten(telling: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learning, "KEPT", 2)
    for _ in range(4):
        Ranking.objects.create(origin=Ranking.Origin.LEARNED)
    kept = Ranking.objects.create(origin=Ranking.Origin.PLAIN, chosen_at="2020-01-01T00:00Z")
    learning._forget_old()
    assert Ranking.objects.filter(chosen_at__isnull=True).count() == 2
    assert Ranking.objects.filter(pk=kept.pk).exists()


def observed(rows: list[float], labels: list[int], fused: list[float]) -> Observed:
    matrix = np.zeros((len(rows), len(NAMES)), np.float32)
    matrix[:, NAMES.index("words")] = rows
    example = Example("", 1, datetime.fromtimestamp(0, tz=UTC), frozenset())
    return Observed(example, matrix, np.array(labels, np.float32), np.array(fused, np.float32))


def test_a_ranking_that_is_worse_does_not_win() -> None:
    dice = np.random.default_rng(3)
    good = []
    for _ in range(60):
        rows = dice.random(8)
        labels = (rows == rows.max()).astype(int)
        good.append(observed(list(rows), list(labels), list(rows)))
    wrong = [
        observed([*(-one.rows[:, NAMES.index("words")])], [*one.labels], [*one.fused])
        for one in good
    ]
    right_trees, wrong_trees = fit([[one] for one in good]), fit([[one] for one in wrong])
    assert judge(good, None, right_trees).fixed == 1
    assert not judge(good, right_trees, wrong_trees).has_won
    assert judge(good, wrong_trees, right_trees).has_won
    again = judge(good, right_trees, right_trees)
    assert (again.gain.low, again.gain.high, again.has_won) == (0, 0, False)


@pytest.mark.parametrize(
    ("scores", "labels", "expected"),
    [([3, 2, 1], [1, 0, 0], 1.0), ([3, 2, 1], [0, 0, 1], 1 / 3), ([1, 1, 1], [0, 1, 0], 1 / 3)],
    ids=["first", "last", "ties-count-against"],
)
def test_reciprocal_rank(scores: list[int], labels: list[int], expected: float) -> None:
    found = reciprocal_rank(np.array(scores, np.float32), np.array(labels, np.float32))
    assert found == pytest.approx(expected)


def test_what_speaks_for_a_document_cannot_turn_against_it() -> None:
    """The more words match, the better, whatever the examples say."""
    dice = np.random.default_rng(5)
    rows = dice.random((400, len(NAMES)), np.float32)
    labels = (rows[:, NAMES.index("words")] < 0.1).astype(np.float32)  # the contrary
    trees = Trees.fit(rows, labels, [20] * 20)
    more = rows.copy()
    more[:, NAMES.index("words")] += 0.5
    assert (trees.scores(more) >= trees.scores(rows) - 1e-6).all()


def test_where_examples_say_nothing_the_fixed_weights_stand() -> None:
    rows = np.zeros((40, len(NAMES)), np.float32)
    rows[:, NAMES.index("words")] = np.tile([0, 1], 20)
    trees = Trees.fit(rows, np.tile([0, 1], 20).astype(np.float32), [10] * 4)
    asked = np.zeros((3, len(NAMES)), np.float32)
    asked[:, NAMES.index("fused")] = [0.2, 0.9, 0.5]
    assert list(np.argsort(-trees.scores(asked))) == [1, 2, 0]
