"""The command line that scripts rely on: exact keys, one sentence for what is wrong."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from appliance.accounts.models import User
from appliance.sources.models import Grant
from indexer.models import Job, Source
from tests.conftest import RepositoryFactory, SourceFactory
from tests.gitrepos import Repository
from tests.processes import MANAGE

FILES: dict[str, str | bytes | None] = {
    "src/cart.py": "def total(items):\n    return sum(item.price for item in items)\n",
    "docs/guide.md": "# Guide\n\nThe total price of a cart.\n",
    "empty.py": "",
}
HIT_KEYS = ["source", "path", "commit", "start_line", "end_line", "symbol", "score", "legs"]
TOKEN = "a-token-nobody-else-sees"


@pytest.fixture
def repository(repository_factory: RepositoryFactory) -> Repository:
    return repository_factory(FILES)


@pytest.fixture
def source(source_factory: SourceFactory, repository: Repository) -> Source:
    return source_factory("shop", repository=repository)


def output_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command and return what it wrote to standard output."""
    capsys.readouterr()
    call_command(*arguments)
    return capsys.readouterr().out


def json_of(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(output_of(capsys, *arguments))
    return found


class TestConnect:
    @pytest.fixture(autouse=True)
    def _corpus(self, source: Source) -> None:
        """A folder for mirrors and a model server, from the source that is there already."""

    def test_waits_until_the_source_is_searchable(
        self, capsys: pytest.CaptureFixture[str], repository: Repository
    ) -> None:
        place = str(repository.path)
        said = output_of(capsys, "connect", place, "--name", "again", "--wait")
        assert said.startswith(f"Connected again at {repository.commits[-1][:12]}: 2 files, ")
        assert "by meaning after" in said
        assert Source.objects.get(name="again").refs.get().name == "main"

    def test_takes_a_bundle_and_several_refs(
        self, capsys: pytest.CaptureFixture[str], repository: Repository, tmp_path: Path
    ) -> None:
        repository.git("tag", "v1")
        bundle = str(repository.bundle(tmp_path / "shop.bundle"))
        output_of(
            capsys, "connect", bundle, "--name", "b", "--ref", "main", "--ref", "v1", "--wait"
        )
        refs = Source.objects.get(name="b").refs.order_by("name")
        assert [(ref.name, ref.is_default) for ref in refs] == [("main", True), ("v1", False)]

    def test_counts_a_path_from_where_it_was_typed(
        self,
        capsys: pytest.CaptureFixture[str],
        repository: Repository,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.chdir(repository.path.parent)
        output_of(capsys, "connect", repository.path.name, "--name", "again", "--wait")
        assert Source.objects.get(name="again").location == str(repository.path)

    def test_without_waiting_leaves_the_sync_to_a_worker(
        self, capsys: pytest.CaptureFixture[str], repository: Repository
    ) -> None:
        said = output_of(capsys, "connect", str(repository.path), "--name", "again")
        assert said == "Connected again; a worker is syncing it.\n"
        assert Source.objects.get(name="again").jobs.get().state == Job.State.QUEUED

    @pytest.mark.parametrize(
        ("location", "name"),
        [
            ("ext::sh -c id", "x"),
            ("file:///etc", "x"),
            ("/nonexistent", "x"),
            ("https://u:hush@git.example.com/x", "x"),
            ("https://git.example.com/x", "shop"),
            ("https://git.example.com/x", "a/b"),
        ],
    )
    def test_refuses_in_one_sentence(self, location: str, name: str) -> None:
        with pytest.raises(CommandError) as caught:
            call_command("connect", location, "--name", name)
        assert "\n" not in str(caught.value)
        assert "hush" not in str(caught.value)
        assert Source.objects.count() == 1

    @pytest.mark.parametrize("content", [None, b"\xff\xfe\0", b"two\nlines\n"])
    def test_refuses_a_secret_file_that_holds_none(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "token"
        if content:
            file.write_bytes(content)
        with pytest.raises(CommandError):
            call_command(
                "connect", "https://git.example.com/x", "--name", "x", "--secret-file", str(file)
            )
        assert Source.objects.count() == 1

    def test_never_shows_the_secret(
        self, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        (tmp_path / "token").write_text(TOKEN)
        address = "https://127.0.0.1/x.git"
        arguments = ["--name", "x", "--secret-file", str(tmp_path / "token"), "--wait"]
        with pytest.raises(CommandError) as caught:
            call_command("connect", address, *arguments)
        said = capsys.readouterr()
        assert TOKEN not in said.out + said.err + str(caught.value)


class TestSync:
    def test_prints_the_keys_that_scripts_rely_on(
        self, capsys: pytest.CaptureFixture[str], source: Source, repository: Repository
    ) -> None:
        report = json_of(capsys, "sync", "shop", "--json")
        assert list(report) == [
            "commit",
            "files",
            "files_changed",
            "chunks",
            "chunks_embedded",
            "seconds_lexical",
            "seconds_vector",
            "skipped",
        ]
        assert report["commit"] == repository.commits[-1]
        assert (report["files"], report["files_changed"], report["chunks_embedded"]) == (2, 0, 0)
        assert report["skipped"] == {"empty": 1}

    def test_tells_people_what_changed(
        self, capsys: pytest.CaptureFixture[str], source: Source, repository: Repository
    ) -> None:
        repository.commit({"new.py": "new = 1\n"})
        said = output_of(capsys, "sync", "shop")
        assert "3 files (1 changed), 3 chunks (1 embedded)" in said
        assert "skipped      1  empty" in said

    def test_knows_no_other_source(self, source: Source) -> None:
        with pytest.raises(CommandError, match=r"no source called 'other' \(shop\)"):
            call_command("sync", "other")

    def test_says_why_a_source_cannot_be_fetched(
        self, source: Source, repository: Repository
    ) -> None:
        repository.path.rename(repository.path.with_name("moved"))
        with pytest.raises(CommandError) as caught:
            call_command("sync", "shop")
        assert "\n" not in str(caught.value)


class TestGrant:
    def test_opens_a_source_for_a_group(
        self, capsys: pytest.CaptureFixture[str], source: Source
    ) -> None:
        said = output_of(capsys, "grant", "writers", "shop")
        assert said.startswith("writers may read shop:*. ")
        assert Grant.objects.filter(group__name="writers", allow=True, path_pattern="").exists()

    def test_denies_paths(self, capsys: pytest.CaptureFixture[str], source: Source) -> None:
        said = output_of(capsys, "grant", "readers", "shop", "--path", "docs/", "--deny")
        assert said.startswith("readers may not read shop:docs/. ")
        assert Grant.objects.filter(allow=False, path_pattern="docs/").exists()

    def test_takes_a_rule_away(self, capsys: pytest.CaptureFixture[str], source: Source) -> None:
        said = output_of(capsys, "grant", "readers", "shop", "--revoke")
        assert said == "Revoked: readers may read shop:*.\n"
        assert not Grant.objects.exists()

    @pytest.mark.parametrize(
        "arguments",
        [
            ["readers", "other"],
            ["readers", "shop", "--path", "docs", "--revoke"],
            ["nobody", "shop", "--revoke"],
            ["", "shop"],
            ["g" * 151, "shop"],
            ["readers", "shop", "--path", "p" * 501],
        ],
    )
    def test_refuses_in_one_sentence(self, source: Source, arguments: list[str]) -> None:
        with pytest.raises(CommandError) as caught:
            call_command("grant", *arguments)
        assert "\n" not in str(caught.value)
        assert Grant.objects.count() == 1


class TestSearch:
    def test_prints_the_keys_that_scripts_rely_on(
        self, capsys: pytest.CaptureFixture[str], source: Source, repository: Repository
    ) -> None:
        found = json_of(capsys, "search", "total price", "--json")
        assert list(found) == ["hits"]
        hits = found["hits"]
        assert isinstance(hits, list)
        assert [list(hit) for hit in hits] == [HIT_KEYS] * 2
        assert hits[0]["path"] == "src/cart.py"
        assert hits[0]["commit"] == repository.commits[-1]

    def test_acts_as_a_person(
        self, capsys: pytest.CaptureFixture[str], source: Source, reader: User, outsider: User
    ) -> None:
        call_command("grant", "readers", "shop", "--path", "docs", "--deny")
        seen = json_of(capsys, "search", "total price", "--json", "--user", "reader")
        assert [hit["path"] for hit in seen["hits"]] == ["src/cart.py"]  # type: ignore[attr-defined]
        nothing = json_of(capsys, "search", "total price", "--json", "--user", "outsider")
        assert nothing == {"hits": []}

    def test_is_limited(self, capsys: pytest.CaptureFixture[str], source: Source) -> None:
        found = json_of(capsys, "search", "total price", "--json", "--limit", "1")
        assert len(found["hits"]) == 1  # type: ignore[arg-type]

    def test_is_narrowed_to_sources_and_refs(
        self, capsys: pytest.CaptureFixture[str], source: Source
    ) -> None:
        narrowed = ["search", "total price", "--json", "--source", "shop", "--ref"]
        assert len(json_of(capsys, *narrowed, "main")["hits"]) == 2  # type: ignore[arg-type]
        with pytest.raises(CommandError, match="no branch or tag dev in shop"):
            call_command(*narrowed, "dev")

    def test_shows_people_where_it_stands(
        self, capsys: pytest.CaptureFixture[str], source: Source, repository: Repository
    ) -> None:
        said = output_of(capsys, "search", "total price")
        assert f"shop@{repository.commits[-1][:12]}:src/cart.py#L1-L2" in said
        assert output_of(capsys, "search", " ") == "Nothing found.\n"

    def test_knows_no_other_person_or_source(self, source: Source) -> None:
        with pytest.raises(CommandError, match="nobody called 'ghost'"):
            call_command("search", "x", "--user", "ghost")
        with pytest.raises(CommandError, match="no source called 'other'"):
            call_command("search", "x", "--source", "other")

    def test_tells_an_outsider_nothing_of_a_source_that_exists(
        self, source: Source, outsider: User
    ) -> None:
        said = []
        for name in ("shop", "none"):
            with pytest.raises(CommandError) as caught:
                call_command("search", "x", "--user", "outsider", "--source", name)
            said.append(str(caught.value).replace(name, "NAME"))
        assert said[0] == said[1]


class TestEvaluate:
    @pytest.fixture
    def golden(self, tmp_path: Path) -> Path:
        path = tmp_path / "golden.jsonl"
        path.write_text(
            '{"id": "1", "query": "total items", "gold": ["src/cart.py"]}\n'
            '{"id": "2", "query": "guide", "gold": [{"path": "docs/guide.md", "start": 1,'
            ' "end": 3}]}\n'
        )
        return path

    def test_writes_one_line_a_question_and_prints_the_measures(
        self, capsys: pytest.CaptureFixture[str], source: Source, golden: Path, tmp_path: Path
    ) -> None:
        out = tmp_path / "results.jsonl"
        said = output_of(capsys, "evaluate", str(golden), "--out", str(out), "--json")
        results = [json.loads(line) for line in out.read_text().splitlines()]
        assert [list(result) for result in results] == [["id", "hits"]] * 2
        assert [list(hit) for hit in results[0]["hits"]] == [HIT_KEYS] * 2
        assert json.loads(said.splitlines()[-1]) == {
            "golden.jsonl": {
                "queries": 2,
                "Acc@1": 1.0,
                "Recall@5": 1.0,
                "Recall@10": 1.0,
                "MRR@20": 1.0,
                "SpanRecall@5": 1.0,
                "SpanRecall@10": 1.0,
            }
        }

    def test_keeps_files_of_one_name_apart(
        self, capsys: pytest.CaptureFixture[str], source: Source, golden: Path, tmp_path: Path
    ) -> None:
        other = tmp_path / "other" / golden.name
        other.parent.mkdir()
        other.write_text('{"id": "3", "query": "total", "gold": ["none.py"]}\n')
        said = output_of(capsys, "evaluate", str(golden), str(other), "--json")
        table = json.loads(said.splitlines()[-1])
        assert {name: values["queries"] for name, values in table.items()} == {
            str(golden): 2,
            str(other): 1,
            "all": 3,
        }

    @pytest.mark.parametrize("line", ["{", '{"id": 1}'])
    def test_names_the_line_that_is_wrong(self, source: Source, golden: Path, line: str) -> None:
        golden.write_text(golden.read_text() + line)
        with pytest.raises(CommandError, match="line 3"):
            call_command("evaluate", str(golden))

    def test_says_so_when_the_results_cannot_be_written(self, source: Source, golden: Path) -> None:
        with pytest.raises(CommandError, match="No such file"):
            call_command("evaluate", str(golden), "--out", "/nonexistent/results.jsonl")

    def test_knows_no_other_source(self, source: Source, golden: Path) -> None:
        with pytest.raises(CommandError, match="no source called 'other'"):
            call_command("evaluate", str(golden), "--source", "other")


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "text"],
        ["sync", "shop"],
        ["grant", "readers", "shop"],
        ["evaluate", "golden.jsonl"],
        ["connect", "https://git.example.com/x.git", "--name", "x"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_a_database_every_command_says_what_to_do(
    arguments: list[str], tmp_path: Path
) -> None:
    done = subprocess.run(
        [*MANAGE, *arguments],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "appliance.config.settings",
            "PLUMBLINE_DATABASE_URL": "postgresql://me:hush@127.0.0.1:1/plumbline",
            "PLUMBLINE_HOME": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    sentence = done.stderr.strip().splitlines()[-1]
    assert "The database does not answer. Start the appliance with 'make up'" in sentence
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stdout + done.stderr
