"""Calibration text from the corpus: live, masked, of the named sources, readable by its owner alone."""

from __future__ import annotations

import io
import json
import random
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from appliance.audit.models import Event
from indexer.models import Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.indexer.masking.keys import KINDS

GITLAB = KINDS["gitlab"](random.Random(7))  # noqa: S311
LONG = "".join(f"def function_{number}() -> int:\n    return {number}\n\n" for number in range(20))


@pytest.fixture
def shop(repository_factory: RepositoryFactory, source_factory: SourceFactory) -> Source:
    files: dict[str, str | bytes | None] = {
        "app/keys.py": f'TOKEN = "{GITLAB}"\n{LONG}',
        "app/copy.py": f'TOKEN = "{GITLAB}"\n{LONG}',
        "app/tiny.py": "x = 1\n",
        "docs/guide.md": "words\n" * 100,
        "vendor/theirs.py": f"# theirs\n{LONG}",
    }
    return source_factory("shop", repository=repository_factory(files, "shop"))


@pytest.fixture
def bank(repository_factory: RepositoryFactory, source_factory: SourceFactory) -> Source:
    repository = repository_factory({"money.py": f"# of the bank\n{LONG}"}, "bank")
    return source_factory("bank", repository=repository)


def export(out: Path, *more: str) -> list[str]:
    call_command("export_calibration", "--out", str(out), *more, stdout=io.StringIO())
    return [json.loads(line)["text"] for line in out.read_text().splitlines()]


@pytest.mark.services
def test_code_is_exported_once_and_masked(shop: Source, tmp_path: Path) -> None:
    (text,) = export(tmp_path / "own.jsonl")
    assert "def function_3" in text
    assert GITLAB not in text


@pytest.mark.services
def test_only_its_owner_can_read_the_file(shop: Source, tmp_path: Path) -> None:
    export(tmp_path / "own.jsonl")
    assert (tmp_path / "own.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.services
def test_only_the_named_sources_are_exported(shop: Source, bank: Source, tmp_path: Path) -> None:
    assert len(export(tmp_path / "all.jsonl")) == 2
    (text,) = export(tmp_path / "bank.jsonl", "--source", "bank")
    assert "of the bank" in text
    assert len(export(tmp_path / "one.jsonl", "--samples", "1")) == 1


@pytest.mark.services
def test_a_hidden_source_is_not_exported(shop: Source, bank: Source, tmp_path: Path) -> None:
    Source.objects.filter(pk=bank.pk).update(hidden_at=timezone.now())
    assert not any("of the bank" in text for text in export(tmp_path / "all.jsonl"))
    with pytest.raises(CommandError, match="no source called 'bank'"):
        export(tmp_path / "bank.jsonl", "--source", "bank")


@pytest.mark.services
def test_the_export_is_recorded_without_the_text(shop: Source, tmp_path: Path) -> None:
    export(tmp_path / "own.jsonl", "--source", "shop")
    event = Event.objects.get(action="source.exported")
    assert (event.actor, event.details["texts"]) == ("command line", 1)
    assert "function_3" not in json.dumps(event.details)


@pytest.mark.services
def test_a_file_that_exists_is_left_alone(shop: Source, tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text("older")
    with pytest.raises(CommandError, match="exists"):
        export(tmp_path / "own.jsonl")
    assert (tmp_path / "own.jsonl").read_text() == "older"
    assert not Event.objects.filter(action="source.exported").exists()


@pytest.mark.services
def test_without_code_it_says_so(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no code yet"):
        export(tmp_path / "own.jsonl")
