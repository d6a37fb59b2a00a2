"""/metrics: who may read it, what it tells, and that dashboards and alerts name only what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from appliance.accounts.models import User
from appliance.common import metrics
from appliance.conversations.measuring import count_answer
from appliance.conversations.models import Message
from appliance.web.models import BackupRun, EgressRun, Heartbeat
from indexer.models import Job, Source
from inference.engine import NAMES
from inference.fake_server import FakeServer
from tests.appliance.conversations.waiting.people import ask, people
from tests.certificates import certificate_until
from tests.processes import product_environment

pytestmark = [pytest.mark.services, pytest.mark.django_db]

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "docs" / "monitoring"
RECORDED = ROOT / "tests" / "inference" / "recorded" / "vllm-0.32.0-metrics.txt"
NAME = re.compile(r"\b(?:plumbline_\w+|vllm:\w+)")
TOKEN = "m" * 40

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(client: Client, **headers: str) -> Samples:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return samples_in(response.content.decode())


def samples_in(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float:
    return found.get((name, tuple(sorted(labels.items()))), 0.0)


def test_without_a_token_only_this_machine_may_read(client: Client) -> None:
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="10.0.0.7").status_code == 404


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_a_proxy_passes_on_is_not_from_this_machine(client: Client, name: str) -> None:
    assert client.get("/metrics", headers={name: "127.0.0.1"}).status_code == 404


def test_behind_a_tls_proxy_there_is_only_the_token(client: Client, settings: Settings) -> None:
    settings.SECURE_TLS = True
    assert client.get("/metrics").status_code == 404


def test_with_a_token_only_the_token_opens(client: Client, settings: Settings, staff: User) -> None:
    settings.METRICS_TOKEN = TOKEN
    client.force_login(staff)
    for given in ("", "Bearer ", f"Bearer {TOKEN}x", TOKEN, f"Basic {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": given}).status_code == 404
    right = {"Authorization": f"Bearer {TOKEN}"}
    assert client.get("/metrics", headers=right, REMOTE_ADDR="10.0.0.7").status_code == 200


def test_requests_are_counted_by_route_and_never_by_path(client: Client, reader: User) -> None:
    before = read(client)
    client.force_login(reader)
    client.get("/status/")
    client.get("/threads/secret-name-of-a-thing/")
    after = read(client)
    labels = {"route": "status", "method": "GET", "status": "200"}
    name = "plumbline_http_requests_total"
    assert value(after, name, **labels) == value(before, name, **labels) + 1
    assert value(after, "plumbline_http_request_seconds_count", route="status") >= 1
    assert "secret-name" not in str(after)


def test_the_line_the_jobs_and_the_workers_are_told(client: Client, settings: Settings) -> None:
    settings.ANSWERS_AT_ONCE = 1
    [ana, ben] = people(2)
    ask(ana, 1, state="writing", begun_at=timezone.now())
    ask(ana, 1, state="done", seconds=8.0, begun_at=timezone.now())
    ask(ben, 3)
    hour = timezone.now() - timedelta(hours=1)
    shop = Source.objects.create(name="shop", kind="path", location="/srv/a", pushed_at=hour)
    Source.objects.create(name="old", kind="path", location="/srv/b", is_paused=True)
    Job.objects.create(source=shop, created_at=hour)
    running = {"state": "running", "progress_total": 90, "progress_done": 20}
    Job.objects.create(source=shop, kind="embed", **running)
    Heartbeat.objects.create(name="ask", at=hour)
    found = read(client)
    assert value(found, "plumbline_answers_open", state="queued") == 3
    assert value(found, "plumbline_answers_open", state="writing") == 1
    assert value(found, "plumbline_answers_expected_wait_seconds") == 4 * 8
    assert value(found, "plumbline_jobs", kind="sync", state="queued") == 1
    assert 3590 < value(found, "plumbline_jobs_oldest_waiting_seconds", kind="sync") < 3700
    assert value(found, "plumbline_embedding_backlog_texts") == 70
    assert value(found, "plumbline_sources", state="all") == 2
    assert value(found, "plumbline_sources", state="late") == 1
    assert value(found, "plumbline_sources", state="paused") == 1
    assert value(found, "plumbline_sources_lag_seconds") > 3590
    assert value(found, "plumbline_heartbeat_age_seconds", queue="ask") > 3590
    assert value(found, "plumbline_collector_failed", part="conversations") == 0


def test_answers_are_counted_by_how_they_ended(client: Client) -> None:
    def count(outcome: str) -> float:
        name = "plumbline_answers_total"
        return value(read(client), name, mode="answer", outcome=outcome)

    before = {name: count(name) for name in ("done", "broken_off", "not_found", "failed")}
    asked = timezone.now() - timedelta(seconds=3)
    for fields in (
        {"state": "done"}, {"state": "done", "error": "broke"}, {"state": "done", "not_found": True},
        {"state": "failed"},
    ):  # fmt: skip
        usage = {"first_words_s": 0.3}
        count_answer(Message(seconds=2.0, usage=usage, begun_at=asked, created_at=asked, **fields))
    assert {name: count(name) for name in before} == {name: n + 1 for name, n in before.items()}
    assert value(read(client), "plumbline_answer_first_words_seconds_count") >= 4


def test_the_chat_servers_are_told(client: Client, models: FakeServer) -> None:
    found = read(client)
    assert value(found, "plumbline_model_node_up", node=models.url) == 1


def test_nobody_is_named(client: Client, reader: User) -> None:
    Source.objects.create(name="secret-source", kind="path", location="/srv/secret-place")
    client.force_login(reader)
    client.get("/")
    text = client.get("/metrics").content.decode()
    assert "reader" not in text
    assert "secret-" not in text


def test_a_scrape_asks_the_database_little(client: Client) -> None:
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get("/metrics")
    assert len(asked) <= 9


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> Path:
    settings.METRICS_DIR = tmp_path / "home" / "metrics"
    return Path(settings.METRICS_DIR)


COUNTING = """
import django
django.setup()
from appliance.conversations.measuring import ANSWERS, OPEN_STREAMS
ANSWERS.labels("answer", "done").inc(3)
OPEN_STREAMS.inc()
"""


def test_what_other_processes_count_is_added_up_and_outlives_them(
    client: Client, folder: Path
) -> None:
    for _ in range(2):
        environment = product_environment(folder.parent)
        subprocess.run([sys.executable, "-c", COUNTING], env=environment, check=True, cwd=ROOT)
    assert len(list(folder.glob("counter_*.db"))) == 2
    for _ in range(2):  # once they are folded, and again
        found = read(client)
        outcome = {"mode": "answer", "outcome": "done"}
        assert value(found, "plumbline_answers_total", **outcome) == 6
        assert value(found, "plumbline_open_streams") == 0  # they follow nothing any more
    assert {file.name for file in folder.glob("*.db")} == {"counter_ended.db", "histogram_ended.db"}


def test_a_part_that_cannot_be_read_is_told_and_the_others_stay(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> list[Metric]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")
        return []

    monkeypatch.setitem(metrics._collectors, "zz-broken", broken)
    found = read(client)
    assert value(found, "plumbline_collector_failed", part="zz-broken") == 1
    assert value(found, "plumbline_collector_failed", part="web") == 0


def test_dashboards_and_alerts_name_only_what_is_told(
    client: Client, models: FakeServer, settings: Settings, tmp_path: Path
) -> None:
    ask(people(1)[0], 1)
    Heartbeat.objects.create(name="ask", at=timezone.now())
    BackupRun.objects.create(is_done=True, size_bytes=1)
    EgressRun.objects.create(service="web", host="a", verdict="sealed", seconds=1.0)
    count_answer(
        Message(state="done", seconds=1.0, usage={"first_words_s": 1}, begun_at=timezone.now())
    )
    client.get("/status/")
    settings.CERTIFICATE_FILES = [str(certificate_until(tmp_path, timedelta(days=3)))]
    told = {name for name, _ in read(client)} | {
        name for name, _ in samples_in(RECORDED.read_text())
    }
    used = set(NAMES)
    for file in MONITORING.glob("*.json"):
        board = json.loads(file.read_text())
        for panel in board["panels"]:
            for target in panel["targets"]:
                used |= set(NAME.findall(target["expr"]))
    alerts = yaml.safe_load((MONITORING / "plumbline-alerts.yml").read_text())
    rules = [rule for group in alerts["groups"] for rule in group["rules"]]
    assert all(rule["annotations"]["action"] for rule in rules)
    for rule in rules:
        used |= set(NAME.findall(rule["expr"]))
    assert len(used) > 30
    assert used - told == set()


def test_the_page_on_monitoring_lists_every_metric(client: Client) -> None:
    ask(people(1)[0], 1)
    page = (ROOT / "docs" / "monitoring.md").read_text()
    families = re.findall(r"^# TYPE (plumbline_\w+)", client.get("/metrics").content.decode(), re.M)
    assert [name for name in families if name.removesuffix("_total") not in page] == []


def test_a_scrape_does_not_read_through_what_has_ended(client: Client) -> None:
    shop = Source.objects.create(name="shop", kind="path", location="/srv/a")
    Job.objects.bulk_create(
        (Job(source=shop, state="done", ended_at=timezone.now()) for _ in range(20_000)), 2000
    )
    ask(people(1)[0], 5_000, state="done", seconds=2.0, begun_at=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE indexer_job, conversations_message")
    with CaptureQueriesContext(connection) as asked:
        client.get("/metrics")
    statements = [
        one["sql"] for one in asked if "indexer_job" in one["sql"] or "message" in one["sql"]
    ]
    assert len(statements) >= 3
    for statement in statements:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "Seq Scan" not in plan, plan
