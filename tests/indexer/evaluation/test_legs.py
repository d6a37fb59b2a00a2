"""The same questions with each retriever left out: what each of them brings."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from indexer.evaluation.legs import measured_by_leg
from indexer.evaluation.sets import question_of
from indexer.models import GoldenEntry, Source
from indexer.retrieval.variant import LEGS
from indexer.scope import Scope


def test_each_retriever_is_left_out_in_turn(
    asked: list[GoldenEntry], shop: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Words alone find what is asked here, when nothing else is looked at.
    for leg in ("vector", "path", "history", "symbol", "exact"):
        name = {"vector": "_by_meaning"}.get(leg, f"{leg}_candidates")
        monkeypatch.setattr(f"indexer.retrieval.gathering.{name}", lambda *a, **k: [])
    questions = [question_of(one) for one in asked]
    table = dict(measured_by_leg(questions, scope=Scope(frozenset({shop.pk}))))
    assert [*table] == [
        "all retrievers",
        *(f"without {leg}" for leg in LEGS),
        "all, fixed weights",
        "words alone",
    ]
    assert table["all retrievers"].acc_1 == table["words alone"].acc_1 == 1
    assert table["without lexical"].acc_1 == 0
    assert table["without vector"].acc_1 == 1
    assert all(row.queries == len(asked) for row in table.values())


def test_the_command_prints_the_table(shop: Source, tmp_path: Path) -> None:
    file = tmp_path / "asked.jsonl"
    file.write_text('{"id": "1", "query": "billing", "source": "shop", "gold": ["src/billing.py"]}')
    out = StringIO()
    call_command("evaluate", str(file), "--legs", "--json", stdout=out)
    *rows, told = out.getvalue().splitlines()
    assert len(rows) == len(LEGS) + 3
    assert rows[1].startswith("without lexical ")
    assert json.loads(told)["words alone"]["Acc@1"] == 1
