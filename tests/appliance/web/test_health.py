"""Each check tells a thing that works from one that does not, and says what to do."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from appliance.web import health, model_checks
from appliance.web.egress.checks import check_egress
from appliance.web.models import ASK, SYNC, Heartbeat, record_heartbeat
from appliance.web.tasks import beat
from indexer.models import Job, Source
from inference import static
from inference.egress.targets import PROXY_VARIABLES
from inference.packages import MINILM, get_model, model_folder
from inference.sandbox import problem as sandbox_problem
from tests.services import valkey_url

pytestmark = [pytest.mark.services, pytest.mark.django_db]


def test_the_database_tells_its_versions() -> None:
    check = health.check_database()
    assert check.state == "ok"
    assert "pgvector 0." in check.detail


def test_a_database_without_pgvector_is_wrong() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP EXTENSION vector CASCADE")
    check = health.check_database()
    assert (check.state, "without pgvector" in check.detail) == ("failed", True)


def test_all_migrations_are_applied_here() -> None:
    assert health.check_migrations().state == "ok"


def test_a_missing_migration_is_wrong_and_names_the_command() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'web'")
    check = health.check_migrations()
    assert (check.state, check.next_step) == ("failed", "Run: manage.py migrate")


def test_debug_pages_are_worth_a_look(settings: Settings) -> None:
    assert health.check_settings().state == "ok"
    settings.DEBUG = True
    assert health.check_settings().state == "warning"


def test_a_queue_that_answers_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", valkey_url())
    assert health.check_queue().state == "ok"


def test_a_queue_that_does_not_answer_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(current_app.conf, "broker_url", f"redis+socket://{tmp_path}/none")
    check = health.check_queue()
    assert check.state == "failed"
    assert "Valkey" in check.next_step


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (50, "ok"), (70, "failed"), (7000, "failed")]
)
def test_a_silent_worker_is_wrong(seconds: int, state: str) -> None:
    Heartbeat.objects.create(name=ASK, at=timezone.now() - timedelta(seconds=seconds))
    assert health.check_answer_worker().state == state


def test_before_the_first_beat_one_waits() -> None:
    assert health.check_sync_worker().state == "warning"


def test_the_task_is_the_sign_of_life_of_its_queue() -> None:
    beat(SYNC)
    beat(SYNC)
    assert health.check_sync_worker().state == "ok"
    assert health.check_answer_worker().state == "warning"


@pytest.mark.parametrize(("lease_s", "state"), [(60, "ok"), (-1, "failed")])
def test_a_long_sync_keeps_its_worker_alive_as_long_as_its_lease(lease_s: int, state: str) -> None:
    Heartbeat.objects.create(name=SYNC, at=timezone.now() - timedelta(hours=1))
    source = Source.objects.create(name="tide", kind=Source.Kind.PATH, location="/srv/tide")
    lease = timezone.now() + timedelta(seconds=lease_s)
    Job.objects.create(source=source, state=Job.State.RUNNING, lease_until=lease)
    assert health.check_sync_worker().state == state


def test_the_static_model_needs_nothing_but_its_own_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EMBEDDING = "static"
    settings.PLUMBLINE_CACHE = tmp_path
    assert model_checks.check_embedding_model().state == "ok"
    monkeypatch.setattr(static, "WEIGHTS", tmp_path)
    assert model_checks.check_embedding_model().state == "failed"


def test_missing_embedding_files_are_wrong(settings: Settings, tmp_path: Path) -> None:
    settings.EMBEDDING = "minilm"
    settings.PLUMBLINE_CACHE = tmp_path
    check = model_checks.check_embedding_model()
    assert (check.state, "by words only" in check.detail) == ("failed", True)


def test_present_embedding_files_are_fine(settings: Settings, tmp_path: Path) -> None:
    settings.EMBEDDING = "minilm"
    settings.PLUMBLINE_CACHE = tmp_path
    model = get_model(MINILM)
    folder = model_folder(tmp_path, model.name)
    folder.mkdir(parents=True)
    for file in model.files:
        with (folder / file.name).open("wb") as sparse:
            sparse.truncate(file.size_bytes)
    assert model_checks.check_embedding_model().state == "ok"


def test_an_embedding_server_that_is_not_there_is_wrong(settings: Settings) -> None:
    settings.EMBEDDING, settings.EMBEDDING_URL = "server", "http://127.0.0.1:9"
    assert model_checks.check_embedding_model().state == "failed"


def test_no_chat_model_is_no_fault(settings: Settings) -> None:
    settings.CHAT_URL = "none"
    assert model_checks.check_chat_model().state == "off"


@pytest.mark.usefixtures("models")
def test_a_served_chat_model_is_named() -> None:
    check = model_checks.check_chat_model()
    assert check.state == "ok"
    assert "window of" in check.detail


@pytest.mark.usefixtures("models")
def test_a_model_of_another_name_is_wrong(settings: Settings) -> None:
    settings.CHAT_MODEL = "another"
    check = model_checks.check_chat_model()
    assert (check.state, "PLUMBLINE_CHAT_MODEL" in check.next_step) == ("failed", True)


@pytest.mark.parametrize(
    ("written", "state"),
    [
        ({"step": "Model load", "problem": ""}, "warning"),
        ({"step": "vLLM's packages", "problem": "no network"}, "failed"),
        (["not", "an", "object"], "failed"),
        (None, "failed"),
    ],
)
def test_a_model_on_its_way_is_told_from_one_that_is_not_there(
    settings: Settings, tmp_path: Path, written: object, state: str
) -> None:
    settings.PLUMBLINE_HOME, settings.CHAT_URL = tmp_path, "http://127.0.0.1:9"
    if written:
        (tmp_path / "model.json").write_text(json.dumps(written))
    assert model_checks.check_chat_model().state == state


def test_an_unusable_address_is_a_finding_and_no_crash(settings: Settings) -> None:
    settings.CHAT_URL = "gpu:8000"
    assert model_checks.check_chat_model().state == "failed"


def test_mirrors_need_a_folder_that_can_be_written(settings: Settings, tmp_path: Path) -> None:
    settings.MIRRORS_DIR = tmp_path / "mirrors"
    assert health.check_mirrors().state == "ok"
    settings.MIRRORS_DIR = Path("/proc/mirrors")
    assert health.check_mirrors().state == "failed"


@pytest.mark.parametrize(
    ("free", "state"), [(50 * 10**9, "ok"), (3 * 10**9, "warning"), (10**8, "failed")]
)
def test_disk_space_has_two_limits(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    settings.PLUMBLINE_HOME = tmp_path
    # The disk of the machine that runs this test cannot be filled for it.
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(free))
    assert health.check_disk().state == state


class Usage:
    def __init__(self, free: int) -> None:
        self.free = free


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_proxy_is_a_way_out(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for variable in PROXY_VARIABLES:
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    assert check_egress().state == "ok"
    monkeypatch.setenv(name, "http://proxy:3128")
    assert check_egress().state == "warning"


def test_every_check_that_is_not_well_says_what_to_do(settings: Settings, tmp_path: Path) -> None:
    settings.PLUMBLINE_CACHE, settings.CHAT_URL = tmp_path, "http://127.0.0.1:9"
    settings.DEBUG = True
    checks = health.check_all()
    assert len({check.name for check in checks}) == len(health.CHECKS)
    assert [check for check in checks if check.state != "ok" and not check.next_step] == []


def test_a_beat_is_written_once_a_name() -> None:
    record_heartbeat(ASK)
    record_heartbeat(ASK)
    assert Heartbeat.objects.filter(name=ASK).count() == 1


@pytest.mark.parametrize(
    ("version", "state"), [((2, 47, 1), "ok"), ((2, 39, 3), "warning"), ((), "failed")]
)
def test_the_installed_git_is_judged_by_its_fixes(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...], state: str
) -> None:
    # One machine has one git: the other two cannot be installed for this test.
    monkeypatch.setattr(health, "git_version", lambda: version)
    assert health.check_git().state == state


def test_a_sandbox_that_is_off_is_no_fault(settings: Settings) -> None:
    assert health.check_sandbox().state == "off"


def test_a_sandbox_that_cannot_be_used_is_wrong(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SANDBOX = "bubblewrap"
    monkeypatch.setenv("PATH", "/nonexistent")
    check = health.check_sandbox()
    assert (check.state, "not installed" in check.detail) == ("failed", True)


@pytest.mark.skipif(bool(sandbox_problem()), reason=f"no sandbox here: {sandbox_problem()}")
def test_a_sandbox_names_the_sources_that_it_runs(settings: Settings) -> None:
    settings.SANDBOX = "bubblewrap"
    assert health.check_sandbox().state == "warning"
    settings.SANDBOX_COMMANDS = {"shop": "true"}
    check = health.check_sandbox()
    assert (check.state, "shop" in check.detail) == ("ok", True)
