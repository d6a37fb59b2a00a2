"""The pages of search quality: runs, sets, proposals, and who may see what of them."""

from __future__ import annotations

import csv
import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from appliance.accounts.models import User
from appliance.sources.granting import set_grant
from appliance.sources.plots import plot_of
from indexer.evaluation import runs
from indexer.models import EvaluationRun, GoldenEntry, GoldenSet, Promotion, Source
from tests.conftest import SourceFactory

FILES = {
    "src/tax.py": "def rounded():\n    return 2\n",
    "secret/key.py": "def hidden():\n    pass\n",
}
SECRET_QUERY = "where is the hidden key"


@pytest.fixture
def source(source_factory: SourceFactory) -> Source:
    return source_factory("shop", FILES)


@pytest.fixture
def staff_client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def entry(source: Source) -> GoldenEntry:
    return _entry(source, "1", "how is it rounded", "src/other.py")


def _entry(source: Source, key: str, query: str, path: str) -> GoldenEntry:
    golden_set, _ = GoldenSet.objects.get_or_create(name="asked", kind=GoldenSet.Kind.IMPORTED)
    return golden_set.entries.create(key=key, query=query, source=source, gold=[{"path": path}])


def run_now() -> EvaluationRun:
    run = runs.start("asked")
    assert run is not None
    claimed = runs.claim(run.pk)
    assert claimed is not None
    assert runs.work(claimed)
    claimed.refresh_from_db()
    return claimed


def test_before_the_first_run_the_page_says_what_to_do(staff_client: Client) -> None:
    page = staff_client.get("/evaluation/").content.decode()
    assert "Nothing was measured yet" in page
    assert "Import a set" in page


@pytest.mark.parametrize(
    "path",
    ["/evaluation/", "/evaluation/runs/1/", "/evaluation/runs.csv"],
)
def test_nobody_but_admins_sees_the_figures(client: Client, reader: User, path: str) -> None:
    client.force_login(reader)
    assert client.get(path).status_code in {302, 403, 404}
    assert client.post("/evaluation/start/").status_code in {302, 403, 404}
    assert not EvaluationRun.objects.exists()


def test_a_run_is_shown_with_its_figures_and_its_misses(
    staff_client: Client, staff: User, source: Source, entry: GoldenEntry
) -> None:
    staff.groups.create(name="admins")
    set_grant("admins", source)
    run = run_now()
    page = staff_client.get("/evaluation/").content.decode()
    assert f"Run {run.pk}" in page
    assert "<polyline" in page
    of_run = staff_client.get(f"/evaluation/runs/{run.pk}/").content.decode()
    assert "how is it rounded" in of_run
    assert "src/other.py" in of_run
    assert "not found" in of_run


def test_an_admin_sees_questions_of_granted_places_alone(
    staff_client: Client, staff: User, source: Source
) -> None:
    _entry(source, "2", SECRET_QUERY, "secret/other.py")
    run = run_now()
    path = f"/evaluation/runs/{run.pk}/"
    assert SECRET_QUERY not in staff_client.get(path).content.decode()
    staff.groups.create(name="admins")
    set_grant("admins", source)
    assert SECRET_QUERY in staff_client.get(path).content.decode()
    set_grant("admins", source, "secret/", allow=False)
    assert SECRET_QUERY not in staff_client.get(path).content.decode()


def test_a_run_is_started_once(staff_client: Client, entry: GoldenEntry) -> None:
    for _ in range(2):
        assert staff_client.post("/evaluation/start/").status_code == 302
    run = EvaluationRun.objects.get()
    page = staff_client.get("/evaluation/").content.decode()
    assert f"Run {run.pk}: 0 of 1 questions" in page
    assert "Measure now" not in page


def test_a_start_without_questions_says_so(staff_client: Client) -> None:
    page = staff_client.post("/evaluation/start/", follow=True).content.decode()
    assert "There is nothing to ask yet" in page


def test_a_drop_stands_on_the_page_until_an_admin_accepts_it(
    staff_client: Client, entry: GoldenEntry
) -> None:
    run = run_now()
    alarm = {"over": "history", "measure": "MRR@20", "a": 0.8, "b": 0.5}
    EvaluationRun.objects.filter(pk=run.pk).update(alarms=[alarm])
    page = staff_client.get("/evaluation/").content.decode()
    assert "0.800 → 0.500" in page
    assert "Dropped" in page
    staff_client.post(f"/evaluation/runs/{run.pk}/accept/")
    page = staff_client.get("/evaluation/").content.decode()
    assert "0.800 → 0.500" not in page
    assert "Drop accepted" in page


def test_the_export_has_a_line_for_each_run_and_kind(
    staff_client: Client, entry: GoldenEntry
) -> None:
    run = run_now()
    response = staff_client.get("/evaluation/runs.csv")
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert {(row["run"], row["questions_of"]) for row in rows} >= {
        (str(run.pk), "all"),
        (str(run.pk), "asked"),
    }
    assert rows[0]["Acc@1"] == "0.0"


def test_a_set_is_imported_or_its_wrong_line_is_named(staff_client: Client, source: Source) -> None:
    good = {"id": "1", "query": "rounded", "source": "shop", "gold": ["src/tax.py"]}
    sent = SimpleUploadedFile("set.jsonl", json.dumps(good).encode())
    page = staff_client.post("/evaluation/sets/", {"name": "ours", "file": sent}, follow=True)
    assert "ours: 1 questions are asked." in page.content.decode()
    wrong = SimpleUploadedFile("set.jsonl", json.dumps(good).encode() + b"\n{}\n")
    page = staff_client.post("/evaluation/sets/", {"name": "ours", "file": wrong}, follow=True)
    assert "line 2" in page.content.decode()
    assert GoldenEntry.objects.count() == 1
    nameless = SimpleUploadedFile("set.jsonl", b"{}")
    staff_client.post("/evaluation/sets/", {"file": nameless})
    assert GoldenSet.objects.count() == 1
    staff_client.post(f"/evaluation/sets/{GoldenSet.objects.get().pk}/remove/")
    assert not GoldenSet.objects.exists()


def answer(path: str = "src/tax.py", **changes: object) -> dict[str, object]:
    return {"query": "tax", "source": "shop", "path": path, "start": 1, "end": 2} | changes


def test_a_reader_proposes_an_answer_and_an_admin_decides(
    client: Client, reader: User, staff_client: Client, staff: User, source: Source
) -> None:
    client.force_login(reader)
    assert "a curator decides" in client.post("/evaluation/answers/", answer()).content.decode()
    entry = GoldenEntry.objects.get()
    assert (entry.state, entry.proposed_by) == ("proposed", reader.get_username())
    # An admin who may not read the place does not see the proposal.
    decide = f"/evaluation/proposals/{entry.pk}/"
    assert staff_client.post(decide, {"decision": "accept"}).status_code == 404
    staff.groups.add(reader.groups.get())
    assert "Proposed by people" in staff_client.get("/evaluation/").content.decode()
    staff_client.post(decide, {"decision": "accept"})
    entry.refresh_from_db()
    assert entry.state == "accepted"
    client.post("/evaluation/answers/", answer(query="again"))
    other = GoldenEntry.objects.get(query="again")
    staff_client.post(f"/evaluation/proposals/{other.pk}/", {"decision": "delete"})
    assert GoldenEntry.objects.count() == 1


def test_an_answer_is_saved_of_readable_places_alone(
    client: Client, reader: User, outsider: User, source: Source
) -> None:
    set_grant("readers", source, "secret/", allow=False)
    client.force_login(reader)
    assert client.post("/evaluation/answers/", answer("secret/key.py")).status_code == 404
    assert client.post("/evaluation/answers/", answer(start=9, end=2)).status_code == 400
    assert client.post("/evaluation/answers/", answer(query="")).status_code == 400
    client.force_login(outsider)
    missing = client.post("/evaluation/answers/", answer(source="no-such-source"))
    hidden = client.post("/evaluation/answers/", answer())
    assert (missing.status_code, hidden.status_code) == (404, 404)
    assert missing.content == hidden.content
    assert not GoldenEntry.objects.exists()


def test_decisions_are_listed_with_their_reason(staff_client: Client) -> None:
    Promotion.objects.create(
        kind="ranking",
        before="shipped",
        after="plain",
        verdict=Promotion.Verdict.OVERRIDDEN,
        decided_by="ana",
        reason="the trees are slow",
        created_at=timezone.now(),
    )
    page = staff_client.get("/evaluation/").content.decode()
    assert "Ranking: shipped → plain" in page
    assert "the trees are slow" in page


def test_a_plot_leaves_gaps_and_shows_small_drops() -> None:
    plot = plot_of("T", ["a", "b", "c"], {"x": [0.9, None, 0.8], "y": [None, None, None]})
    assert plot is not None
    (line,) = plot.lines
    assert [dot.label for dot in line.dots] == ["x 0.900, a", "x 0.800, c"]
    assert (line.dots[0].x, line.dots[1].x) == (36.0, 628.0)
    assert line.dots[0].y < line.dots[1].y
    assert [rule.label for rule in plot.rules] == ["0.75", "1"]
    assert plot_of("T", [], {}) is None
