"""`evaluate`, `golden` and `ranking use` at the command line: parts, comparisons, runs, the gate."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import xgboost
from django.core.management import CommandError, call_command

from indexer.models import Document, GoldenEntry, GoldenSet, Promotion, Ranking, Source
from indexer.ranking.features import NAMES
from indexer.ranking.ordering import PRIOR_WHEN_ASKED
from indexer.ranking.trees import FUSED, PARAMETERS
from tests.conftest import SourceFactory

TOPICS = ("billing", "shipping", "refunds", "coupons", "taxes", "stock", "mail", "audit")


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory(
        "shop",
        {
            f"src/{topic}.py": f"def run_{number}():\n    return '{topic}'\n"
            for number, topic in enumerate(TOPICS)
        },
    )


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    path = tmp_path / "golden.jsonl"
    lines = [
        {
            "id": topic,
            "query": f"where is {topic} done",
            "source": "shop",
            "gold": [{"path": f"src/{topic}.py", "start": 1, "end": 2}],
        }
        for topic in TOPICS
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    call_command(*arguments)
    return capsys.readouterr().out.splitlines()


def last_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = json.loads(said(capsys, *arguments, "--json")[-1])
    return table


def test_parts_are_told_when_asked_for(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    table = last_json(capsys, "evaluate", str(golden), "--strata")
    assert set(table) == {"golden.jsonl", "named", "source:shop"}
    assert table["named"]["Acc@1"] == 1


def test_without_what_finds_it_nothing_is_found(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    legs = [word for leg in ("lexical", "path", "vector") for word in ("--without", leg)]
    assert last_json(capsys, "evaluate", str(golden), *legs)["golden.jsonl"]["Recall@10"] == 0
    alone = last_json(capsys, "evaluate", str(golden), "--only", "lexical")
    assert alone["golden.jsonl"]["Acc@1"] == 1


def test_two_ways_to_search_are_compared(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    table = json.loads(
        said(
            capsys,
            "evaluate",
            str(golden),
            "--compare",
            "now",
            "plain+without:lexical,path,vector",
            "--json",
        )[-1]
    )
    whole = table["all"]["Recall@10"]
    assert (whole["questions"], whole["a"], whole["b"], whole["high"]) == (8, 1.0, 0.0, -1.0)


def test_runs_are_recorded_listed_and_compared(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    call_command("golden", "import", "ours", str(golden))
    first = last_json(capsys, "evaluate", "run")
    Document.objects.update(path="gone.py")
    second = last_json(capsys, "evaluate", "run")
    assert second["alarms"]
    assert "DROPPED" in "".join(said(capsys, "evaluate", "runs"))
    lines = said(capsys, "evaluate", "--compare", str(first["run"]), f"run:{second['run']}")
    assert any("WORSE" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Name a file of golden questions"),
        (("run",), "no golden questions yet"),
        (("--compare", "run:1", "plain"), "no finished run 1"),
        (("--compare", "now", "upside-down"), "'upside-down' cannot be compared"),
        (("--compare", "now", "without:luck"), "no retriever 'luck'"),
        (("--compare", "now", "only:luck"), "no retriever 'luck'"),
        (("--compare", "now", "ranking:77"), "no ranking 77"),
        (("--compare", "now", "plain"), "no question in common"),
    ],
)
def test_what_cannot_be_done_is_said(db: None, arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("evaluate", *arguments)


def test_a_run_is_not_compared_with_a_way_to_search(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    call_command("golden", "import", "ours", str(golden))
    run = last_json(capsys, "evaluate", "run")["run"]
    with pytest.raises(CommandError, match="Compare a run with a run"):
        call_command("evaluate", "--compare", str(run), "plain")


def test_a_worse_order_is_refused_unless_a_reason_is_given(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path
) -> None:
    """Judged over questions that the order in use answers and the other one cannot."""
    call_command("golden", "import", "ours", str(golden))
    turned = Ranking.objects.create(origin="learned", trees=upside_down(), figures={})
    with pytest.raises(CommandError, match=r"Ranking \d+ is worse than shipped: .*Acc@1") as caught:
        call_command("ranking", "use", str(turned.pk))
    assert "give the reason" in str(caught.value)
    assert Ranking.objects.get(pk=turned.pk).chosen_at is None
    lines = said(capsys, "ranking", "use", str(turned.pk), "--override", "to see it fail")
    assert "reason is recorded" in lines[-1]
    assert Ranking.objects.get(pk=turned.pk).by_hand
    call_command("ranking", "use", "shipped")
    verdicts = [one.verdict for one in Promotion.objects.order_by("pk")]
    assert verdicts == ["refused", "overridden", "passed"]
    capsys.readouterr()
    newest, before, *_ = said(capsys, "evaluate", "promotions")
    assert "shipped: passed over 8 questions" in newest
    assert "overridden over 8 questions, by command line: to see it fail" in before


def upside_down() -> str:
    """Return trees that put last what the fixed weights put first."""

    rows = np.random.default_rng(1).random((4000, len(NAMES)), np.float32)
    data = xgboost.DMatrix(
        rows,
        label=-3 * PRIOR_WHEN_ASKED * rows[:, FUSED],
        feature_names=list(NAMES),
        base_margin=0 * rows[:, 0],
    )
    free = PARAMETERS | {"objective": "reg:squarederror", "monotone_constraints": (), "eta": 0.3}
    for name in ("lambdarank_pair_method", "lambdarank_num_pair_per_sample", "ndcg_exp_gain"):
        free.pop(name)
    return xgboost.train(free, data, num_boost_round=60).save_raw("json").decode()


def test_sets_are_shown_exported_and_deleted(
    capsys: pytest.CaptureFixture[str], source: Source, golden: Path, tmp_path: Path
) -> None:
    call_command("golden", "import", "ours", str(golden))
    saved = GoldenSet.objects.create(name="Saved questions", kind="saved")
    proposed = saved.entries.create(
        key="k", query="who pays", source=source, gold=[{"path": "a.py"}], state="proposed"
    )
    assert f"proposed {proposed.pk} by : who pays -> a.py" in said(capsys, "golden", "list")
    call_command("golden", "accept", str(proposed.pk))
    assert GoldenEntry.objects.get(pk=proposed.pk).state == "accepted"
    written = tmp_path / "out.jsonl"
    call_command("golden", "export", "ours", str(written))
    assert [json.loads(line) for line in written.read_text().splitlines()] == [
        json.loads(line) for line in golden.read_text().splitlines()
    ]
    call_command("golden", "delete", str(proposed.pk))
    call_command("golden", "delete", "ours")
    assert not GoldenEntry.objects.exists()
    for arguments in (("accept", "1"), ("delete", "1"), ("delete", "x"), ("import", "x", "/no")):
        with pytest.raises(CommandError):
            call_command("golden", *arguments)
