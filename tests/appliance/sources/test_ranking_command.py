"""The command that shows, learns, chooses and writes rankings."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from indexer.models import Ranking, Source
from indexer.ranking.choice import chosen, trees_in_use
from indexer.ranking.trees import Trees
from tests.indexer.ranking.conftest import telling

__all__ = ["telling"]
pytestmark = pytest.mark.django_db


def ranking(*words: str) -> str:
    out = io.StringIO()
    call_command("ranking", *words, stdout=out)
    return out.getvalue()


def test_at_first_the_shipped_one_is_shown() -> None:
    assert ranking() == ranking("list") == "in use: shipped\n"


def test_learning_says_how_it_compared(telling: Source, tmp_path: Path) -> None:
    told = json.loads(ranking("learn", "--source", "telling", "--json").splitlines()[-1])
    assert told["in_use"]
    assert told["mrr_learned"] > told["mrr_fixed_weights"]
    assert f"in use {told['number']} learned" in ranking("list")
    file = tmp_path / "ranking.json"
    ranking("export", str(told["number"]), str(file))
    assert Trees.from_json(file.read_text()).gains()
    with pytest.raises(CommandError, match="No such file"):
        ranking("export", str(told["number"]), str(tmp_path / "no" / "folder"))


def test_choosing_and_rolling_back() -> None:
    ranking("use", "plain")
    assert trees_in_use() is None
    ranking("use", "shipped")
    last = chosen()
    assert last is not None
    assert (last.origin, last.by_hand) == ("shipped", True)
    first = Ranking.objects.filter(origin="plain").get()
    ranking("use", str(first.pk))
    assert chosen() == first
    ranking("use", "auto")
    last = chosen()
    assert last is not None
    assert not last.by_hand


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("use", "999"), "There is no ranking 999"),
        (("use", "best"), "There is no ranking best"),
        (("export", "999", "file"), "There is no learned ranking 999"),
        (("learn",), "Too little history"),
        (("learn", "--source", "nowhere"), "nowhere"),
    ],
    ids=["number", "word", "export", "history", "source"],
)
def test_mistakes_are_explained(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        ranking(*words)
